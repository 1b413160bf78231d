/** `ctx.reduce`: a run that keeps its hits, and what it has kept. */
import { checkedOptions, type Rule, refuseBy, row } from '../../options/call-options.js';
import { setting } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { Repeats } from '../../util/repeats.js';
import type { Resource } from '../../util/resource.js';
import type { RunEvent } from '../events.js';
import type { Plans } from '../frame-searcher.js';
import type { LoadPlace, OutputTarget } from '../inputs/place.js';
import type { FailedFrame } from '../one-frame.js';
import type { PeakSource } from '../parameters.js';
import { runPipeline } from '../run.js';
import { type PipelineOptions, runOptionNames } from '../run-options.js';
import type { KeptHits } from './kept-hits.js';

/** Options of reducing a run: those of `ctx.pipeline`, without a stream. */
export interface ReduceOptions<Finder extends PeakSource = PeakSource>
  extends Omit<PipelineOptions<Finder>, 'output' | 'hits' | 'resume'> {
  /** The file of hits: a path, or a function that receives its bytes. The geometry is written beside a path. */
  readonly output: OutputTarget;
  /** Called with each frame that could not be read, which the file does not have; default: they are logged. */
  readonly onFailure?: ((frame: FailedFrame) => void) | undefined;
}

/** What a reduction has kept. */
export interface Reduction extends KeptHits {
  /** Whether all frames were searched: none failed, and the run was not ended before. */
  readonly isWhole: boolean;
  /** Whether something is in doubt or failed, as events say. */
  readonly isDoubtful: boolean;
  /** Frames that could not be read; they are counted among `frames`. */
  readonly failed: number;
}

const rows = { ...row.others(...runOptionNames), output: row.any, ...row.others('onFailure') } as const;

/** Searches a run for hits and writes them to a file. Throws as `runPipeline` does, and what ended the file of hits. */
export async function reduceFrames(
  context: Plans,
  resource: Resource,
  loadPlace: LoadPlace,
  options: ReduceOptions,
  log: (warning: string) => void,
): Promise<Reduction> {
  checkedOptions('reduce', options, rows);
  refuseBy('reduce', options as ReduceOptions & PipelineOptions, rules);
  const { output, onFailure, ...run } = options;
  const logged = new Repeats(log, (n) => `${counted(n, 'further frame')} could not be read for the same reason`);
  let hits: KeptHits | undefined;
  let ended: Extract<RunEvent, { kind: 'end' }> | undefined;
  let failure: unknown;
  let isDoubtful = false;
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'hits') hits = event.hits;
    if (event.kind === 'end') ended = event;
    if (event.kind === 'failed') failure = event.error;
    if (event.kind === 'warning') {
      isDoubtful ||= event.isDoubtful === true;
      if (options.onEvent === undefined) log(event.text);
    }
    options.onEvent?.(event);
  };
  const items = runPipeline(
    context,
    resource,
    loadPlace,
    { ...run, ...(run.keep !== 'spots' && run.proof === undefined && { cells: [] }), hits: output, onEvent },
    log,
  );
  for await (const item of items) {
    if (!item.error) continue;
    const { origin, error } = item;
    if (onFailure) onFailure(item);
    else logged.add(`${origin.filename} ${origin.event ?? ''}: ${error.message}`, error.message);
  }
  logged.end();
  if (failure !== undefined) throw failure;
  if (!hits || !ended) throw new EwaldError('Internal', 'reduce: the run has not said what it has kept');
  const { failed, isDoubtful: isRunDoubtful } = ended.summary;
  return {
    ...hits,
    frames: hits.frames + failed,
    isWhole: ended.isWhole && failed === 0,
    failed,
    isDoubtful: isDoubtful || isRunDoubtful || failed > 0,
  };
}

/** What is refused of the options of a run. */
const rules: readonly Rule<ReduceOptions & PipelineOptions>[] = [
  ({ output }) =>
    (output as unknown) === undefined &&
    ((said) => `${said('output')} is missing; expected the file of hits: 'hits.cxi'`),
  ({ hits }) => hits !== undefined && ((said) => `${said('hits')} is the output of a reduction: ${said('output')}`),
  ({ resume }) =>
    resume === true &&
    ((said) =>
      `${said('resume')} continues the stream of a run; a reduction begins again, or is a part of one: ewald index ` +
      '--hits FILE --resume, in JavaScript ctx.pipeline({ output, hits, resume: true })'),
  ({ keep, cells, proof }) =>
    keep !== 'spots' &&
    proof === undefined &&
    cells !== undefined &&
    ((said) =>
      `${said('cells')} is not used: frames are hits by their peaks alone; ${setting(said, 'keep', 'spots')} needs a cell, ` +
      'and ewald index --hits FILE indexes in the same pass'),
];
