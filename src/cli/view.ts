/** `ewald view`: shows frames in a browser tab, where they are read and searched. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { type FlagValues, listenRows, type Parameters, viewRows } from '../entries/shell.node.js';
import { serveView } from '../entries/view.node.js';
import { bold, type CliDeps, dim, exitCode, note, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...viewRows,
  ...listenRows,
  open: {
    kind: 'boolean',
    sentence: 'starts a browser',
    off: 'print the address and do not start a browser',
    fallback: true,
  },
  json: jsonRow('one line {url} when it is ready; does not start a browser'),
} as const satisfies Parameters;

export function register(program: Command, { signal }: CliDeps): void {
  const command = program
    .command('view')
    .description('look at frames, peaks and crystals in your browser; serves them on this computer until Ctrl-C')
    .argument('[files...]', 'frames of any format; without any, drop files on the page')
    .action((files: string[], texts: FlagTexts) => run(files, flagValues(rows, texts), signal));
  withFlags(command, rows);
}

async function run(files: readonly string[], flags: FlagValues<typeof rows>, signal: AbortSignal): Promise<void> {
  const { json, open = true, ...serving } = flags;
  const { url, close } = await serveView(files, serving);
  try {
    if (json) printJson({ url });
    else {
      print(bold(url));
      print(dim('The page reads the frames itself; no other files are served. Press Ctrl-C to stop.'));
      if (open) openBrowser(url);
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    await close();
  }
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}

const starters: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Starts the browser; the address is printed in any case. */
function openBrowser(url: string): void {
  const [program = 'xdg-open', ...words] = starters[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true });
  child.on('error', () => note(dim('No browser could be started; open the address above.')));
  child.unref();
}
