/** `ewald view`: shows frames in a browser tab, where they are read and searched. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { serveView } from '../entries/view.node.js';
import { bold, type CliDeps, dim, exitCode, note, parseInteger, print, printJson } from './output.js';

interface ViewFlags {
  readonly geometry?: string;
  readonly cell?: string;
  readonly port: string;
  readonly host?: string;
  readonly open: boolean;
  readonly json?: boolean;
}

export function register(program: Command, { signal }: CliDeps): void {
  program
    .command('view')
    .description('look at frames, peaks and crystals in your browser; serves them on this computer until Ctrl-C')
    .argument('[files...]', 'frames of any format; without any, drop files on the page')
    .option('-g, --geometry <file>', 'CrystFEL .geom of the detector; default: described by the file')
    .option('-p, --cell <file>', 'known cell: a .cell or .pdb file')
    .option('--port <n>', 'port to listen on; 0: any free port', '0')
    .option('--host <address>', 'address to listen on, for a browser on another computer; default: 127.0.0.1')
    .option('--no-open', 'print the address and do not start a browser')
    .option('--json', 'one line {url} when it is ready; does not start a browser')
    .action((files: string[], flags: ViewFlags) => run(files, flags, signal));
}

async function run(files: readonly string[], flags: ViewFlags, signal: AbortSignal): Promise<void> {
  const { geometry, cell, host, json, open } = flags;
  const { url, close } = await serveView(files, {
    port: parseInteger(flags.port, '--port', 0, 65535),
    ...(geometry === undefined ? {} : { geometry }),
    ...(cell === undefined ? {} : { cell }),
    ...(host === undefined ? {} : { host }),
  });
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
