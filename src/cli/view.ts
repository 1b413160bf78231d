/** What `ewald view` runs: shows frames in a browser tab, where they are read and searched. */
import { spawn } from 'node:child_process';
import {
  type FlagValues,
  listenRows,
  type Parameters,
  receivedRows,
  savedViewRows,
  startRows,
  viewRows,
} from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import { type LiveInput, zmqSource } from '../entries/pipeline.node.js';
import { type SaveViewOptions, saveView, serveView } from '../entries/view.node.js';
import { commandLine } from './command-line.js';
import { bold, type CliDeps, dim, exitCode, note, print, printJson, warn } from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import { untilAborted } from './until-aborted.js';
import { command, type ViewFlags } from './view-rows.js';

/** Serves the page until Ctrl-C. */
export async function run(files: readonly string[], flags: ViewFlags, { signal }: CliDeps): Promise<void> {
  if (flags.save !== undefined) return save(files, flags.save, flags, signal);
  const { json, open = true, zmqInput, zmqSubscribe, zmqRequest, zmqPull, save: _, htmlMb: _mb, ...serving } = flags;
  const how = Object.entries({ zmqSubscribe, zmqRequest, zmqPull }).filter(([, value]) => value !== undefined);
  const source = receivedFrames(files, zmqInput, Object.fromEntries(how));
  const { url, done, close } = await serveView(source ? [source] : files, {
    ...serving,
    allowOutside: true,
    onWarning: warn,
  });
  try {
    if (json) printJson({ url });
    else {
      print(bold(url));
      print(dim('The page reads the frames itself; no other files are served. Press Ctrl-C to stop.'));
      if (flags.outputDir !== undefined) print(dim(`It may start runs, which write into ${flags.outputDir} alone.`));
      // Behind a proxy the browser is on another computer.
      if (open && flags.baseUrl === undefined) openBrowser(url);
    }
    const aborted = untilAborted(signal);
    // When no more frames arrive, the page goes on showing those that are there.
    await Promise.race([aborted, done.then(() => aborted)]);
  } finally {
    await close();
  }
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}

const { follow, grid, gridFile, compute, memory } = viewRows;
const { open: opens } = command.rows;
/** The flags of a page that is served, which a file is not. */
const { force: _, ...startsRows } = startRows;
const servedRows: Parameters = {
  ...listenRows,
  ...startsRows,
  ...receivedRows,
  follow,
  grid,
  gridFile,
  compute,
  memory,
  open: opens,
};

/** Writes what the page would show into a file. Throws `Argument` for what only a page that is served has. */
async function save(files: readonly string[], output: string, flags: ViewFlags, signal: AbortSignal): Promise<void> {
  const given: Readonly<Record<string, unknown>> = flags;
  const stray = Object.keys(servedRows).find((name) => given[name] !== undefined);
  if (stray !== undefined)
    throw new EwaldError(
      'Argument',
      `${nameAsFlags(servedRows)(stray)} is for a page that is served, and --save ${output} writes a file; give one of them`,
    );
  const { json, save: _, open: _open, ...others } = flags;
  const options = pickFlags({ ...viewRows, ...savedViewRows }, others);
  const lacks = await saveView(files, output, {
    ...(options as SaveViewOptions),
    ...{ force: flags.force, commandLine: commandLine(), signal, onWarning: warn },
  });
  for (const text of lacks) warn(text);
  if (json) printJson({ file: output, lacks });
  else print(output);
}

/** The frames that are received instead of being read from files. */
function receivedFrames(
  [file]: readonly string[],
  zmqInput: string | undefined,
  how: Omit<FlagValues<typeof receivedRows>, 'zmqInput'>,
): LiveInput | undefined {
  if (zmqInput === undefined) return undefined;
  if (file !== undefined)
    throw new EwaldError('Argument', `frames come from ${zmqInput}; ${file} is a file; give only one of them`);
  // A viewer waits for frames as long as it is open.
  return zmqSource({ zmqInput, ...how, noDataTimeout: 1e9 });
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
