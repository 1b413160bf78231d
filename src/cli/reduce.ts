/** `ewald reduce FILES… -o hits.cxi`: keeps the hits of a run, as they were recorded. */
import { stat } from 'node:fs/promises';
import { expand } from '../entries/command.node.js';
import type { FailedFrame, KeptHits, ReduceOptions } from '../entries/index.node.js';
import { EwaldError } from '../entries/index.node.js';
import { inputKind, progressText, type RunEvent } from '../entries/pipeline.node.js';
import { commandLine } from './command-line.js';
import { askedRun, flagsInUse } from './frame-flags.js';
import { failureLine, frameFailures, noteInterrupted } from './frame-lines.js';
import type { IndexFlags } from './frame-rows.js';
import { withExecutor } from './index-frames.js';
import { isListOfFiles } from './list-flags.js';
import {
  backendOption,
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  note,
  Progress,
  print,
  printJson,
  warn,
  yellow,
} from './output.js';
import type { ReduceFlags } from './reduce-rows.js';
import { eventText } from './run-events.js';

/** Why flags of indexing are refused. */
const peaksAlone =
  'hits are found by their peaks alone: crystals and their cell (-p) are of --keep spots and --proof N';

/** Reduces a run. */
export async function run(words: readonly string[], flags: ReduceFlags, deps: CliDeps): Promise<void> {
  const { output = '', ...others } = flags;
  const files = await expand(words, warn);
  const [head] = files;
  const isList = head !== undefined && files.length === 1 && flags.input === undefined && (await isListOfFiles(head));
  const given = isList ? { ...others, input: head } : others;
  const named = isList ? [] : files;
  const source = given.input ?? named[0];
  if (source === undefined && given.zmqInput === undefined)
    throw new EwaldError('Argument', 'nothing to reduce; expected files of frames, a list with -i, or --zmq-input');
  const kind = source === undefined ? undefined : await inputKind(source);
  if (kind === 'stream')
    throw new EwaldError('Argument', `${source} is a stream, which has no frames; expected the files of frames`);
  const mode = { from: given.zmqInput === undefined ? 'files' : 'live', fromList: given.input !== undefined } as const;
  const isIndexed = flags.keep === 'spots' || flags.proof !== undefined;
  const used = flagsInUse(given as IndexFlags, { ...mode, peaksAlone: isIndexed ? false : peaksAlone }, source ?? '');
  const { resume, ...asked } = used;
  const { executor, options } = askedRun(named, { ...asked, hits: output }, undefined);
  const { hits: _, ...run } = options;
  const reduction: ReduceOptions = { ...run, output, resume };
  await withExecutor(executor, flags.backend, deps, (open) => reduce({ ...reduction, ...open }, flags, deps, named));
}

async function reduce(
  options: ReduceOptions,
  { json, backend }: ReduceFlags,
  { createContext, signal }: CliDeps,
  inputs: readonly string[],
) {
  const progress = new Progress('reduce');
  let hits: KeptHits | undefined;
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'hits') hits = event.hits;
    if (event.kind === 'resumed') note(`going on after frame ${event.after}`);
    if (event.kind !== 'progress') {
      // What failed is thrown, and a search without a cell has no geometry to tell of.
      const text = event.kind === 'failed' ? '' : eventText(event);
      if (text !== '') note(text);
    } else if (event.stage === 'frames') progress.share(event.share, () => progressText(event.summary));
  };
  const interrupted = (): void => {
    progress.end();
    noteInterrupted();
  };
  signal.addEventListener('abort', interrupted, { once: true });
  const failures = frameFailures();
  const onFailure = ({ origin, error }: FailedFrame): void => failures.add(failureLine(origin, error), error.message);
  const context = await createContext(backendOption(backend));
  try {
    const reduction = await context.reduce({ ...options, commandLine: commandLine(), onEvent, onFailure, signal });
    progress.end();
    failures.end();
    endDone(reduction.kept > 0 && reduction.failed === 0 && !reduction.isDoubtful, signal);
    if (json) return printJson(reduction);
    print([textOf(reduction, reduction.failed), ...(await grown(reduction, inputs))].join('\n'));
  } catch (error) {
    progress.end();
    if (signal.aborted && hits?.file !== undefined)
      note(`${textOf(hits)}\nit can be read; --resume goes on with the run`);
    throw error;
  } finally {
    progress.end();
    signal.removeEventListener('abort', interrupted);
    await context.dispose();
  }
}

/** What is kept, what is not, and what that saves. */
function textOf(
  { file, geometry, frames, hits, kept, blanks, whole, pixels, proof, bytes, rawBytes }: KeptHits,
  failed = 0,
): string {
  if (file === undefined) {
    const unread = failed > 0 ? `, of which ${failed} could not be read` : '';
    return `no hit among ${counted(frames, 'frame')}${unread}: nothing is written`;
  }
  const lost = frames - kept - failed;
  const alsoBlanks = blanks > 0 ? ` and ${counted(blanks, 'blank')}` : '';
  const lines = [
    `${bold(file)}  ${counted(hits, 'hit')}${alsoBlanks} of ${counted(frames, 'frame')}, ${megabytes(bytes)}, ` +
      `${(rawBytes / bytes).toPrecision(3)} times smaller than all of them as plain numbers`,
  ];
  if (pixels < 1)
    lines.push(
      `${(100 * pixels).toPrecision(2)} % of the pixels of indexed frames are kept; ${counted(whole, 'hit')} ` +
        `of which crystals explain less than half ${whole === 1 ? 'is' : 'are'} whole`,
      dim(
        'what lies between the spots, and what another geometry or cell would predict, is in the original files alone',
      ),
    );
  if (proof !== undefined) lines.push(proof.text);
  if (lost > 0) lines.push(dim(`${counted(lost, 'frame')} without enough peaks are in the original files alone`));
  if (failed > 0)
    lines.push(
      yellow(`${counted(failed, 'frame')} could not be read, and ${failed === 1 ? 'is' : 'are'} not in the file`),
    );
  if (geometry !== undefined) lines.push(dim(`-g ${geometry} is its geometry`));
  return lines.join('\n');
}

/** What to say if the files that were given are smaller than the file of hits. */
async function grown({ file, bytes }: KeptHits, inputs: readonly string[]): Promise<string[]> {
  if (file === undefined || inputs.length === 0) return [];
  const sizes = await Promise.all(inputs.map((input) => stat(input).then(({ size }) => size, unknownSize)));
  const given = sizes.reduce((sum, size) => sum + size, 0);
  if (given >= bytes) return [];
  const text = `the files that were given are smaller, ${megabytes(given)}: they are compressed more, or refer to others`;
  return [yellow(text)];
}

/** Frames that are no file of this machine may be of any size. */
const unknownSize = (): number => Number.POSITIVE_INFINITY;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;
