/** `ewald view`: frames in a browser tab, read and searched there. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { PageServer } from '../pages/serving/server.js';
import { bold, type CliDeps, dim, exitCode, note, parseInteger, print, printJson } from './output.js';

interface ViewFlags {
  readonly geometry?: string;
  readonly cell?: string;
  readonly port: string;
  readonly host: string;
  readonly open: boolean;
  readonly json?: boolean;
}

export function register(program: Command, { signal }: CliDeps): void {
  program
    .command('view')
    .description('look at frames, peaks and crystals in your browser; serves them on this computer until Ctrl-C')
    .argument('[files...]', 'frames of any format; without any, the page takes what is dropped on it')
    .option('-g, --geometry <file>', 'CrystFEL .geom of the detector; default: what the file itself says')
    .option('-p, --cell <file>', 'known cell: a .cell or .pdb file')
    .option('--port <n>', 'port to listen on; 0 takes a free one', '0')
    .option('--host <address>', 'address to listen on, for a browser on another computer', '127.0.0.1')
    .option('--no-open', 'do not start a browser, print the address alone')
    .option('--json', 'one line {url} when it is ready; no browser is started')
    .action((files: string[], flags: ViewFlags) => run(files, flags, signal));
}

async function run(files: readonly string[], flags: ViewFlags, signal: AbortSignal): Promise<void> {
  const port = parseInteger(flags.port, '--port', 0, 65535);
  const named = [flags.geometry, flags.cell].filter((file) => file !== undefined);
  if (files.length === 0 && named.length > 0)
    throw new EwaldError('Argument', '--geometry and --cell belong to frames; name the frames, too');
  const all = [...files, ...named];
  for (const file of all) await checkFile(file);
  const server = await PageServer.listen({ page: 'view.html', files: all, port, host: flags.host });
  try {
    if (flags.json) printJson({ url: server.url });
    else {
      print(bold(server.url));
      print(dim('The page reads the frames by itself; nothing else on this computer is served. Ctrl-C ends.'));
      if (flags.open) openBrowser(server.url);
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    await server.close();
  }
  // Ctrl-C is how it is meant to end.
  process.exitCode = exitCode.ok;
}

async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new EwaldError('File', `${path}: ${why}`, { cause, detail: { path } });
  });
  if (!found.isFile())
    throw new EwaldError('File', `${path} is not a file; name the files of frames that are in it`, {
      detail: { path },
    });
}

const starters: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Starts the browser; the address is printed anyway, for where there is none. */
function openBrowser(url: string): void {
  const [program = 'xdg-open', ...words] = starters[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true });
  child.on('error', () => note(dim('No browser could be started here; open the address above in one.')));
  child.unref();
}
