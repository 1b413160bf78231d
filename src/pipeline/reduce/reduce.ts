/** `ctx.reduce`: a run that keeps its hits, and what it has kept. */
import { checkedOptions, type Rule, refuseBy, row } from '../../options/call-options.js';
import { argumentError, setting } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { Repeats } from '../../util/repeats.js';
import type { Resource } from '../../util/resource.js';
import type { RunEvent } from '../events.js';
import type { Plans } from '../frame-searcher.js';
import type { LoadPlace, OutputTarget, PlaceFiles } from '../inputs/place.js';
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
  /** Goes on with a reduction into this path that has not ended; the file is that of one that was not ended. Default: false. */
  readonly resume?: boolean | undefined;
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

type Ended = Extract<RunEvent, { kind: 'end' }>;

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
  const { output, resume = false, onFailure, ...run } = options;
  const { files } = await loadPlace();
  const journal = await journalOf(options, files);
  const logged = new Repeats(log, (n) => `${counted(n, 'further frame')} could not be read for the same reason`);
  let hits: KeptHits | undefined;
  let ended: Ended | undefined;
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
    options.onEvent?.(event.kind === 'end' ? withoutStream(event) : event);
  };
  const items = runPipeline(
    context,
    resource,
    loadPlace,
    {
      ...run,
      ...(run.keep !== 'spots' && run.proof === undefined && { cells: [] }),
      ...(journal !== undefined && { output: journal, resume }),
      hits: output,
      onEvent,
    },
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
  if (ended.isWhole && journal !== undefined) await files?.removeStream(journal);
  const { failed, isDoubtful: isRunDoubtful } = ended.summary;
  return {
    ...hits,
    frames: hits.frames + failed,
    isWhole: ended.isWhole && failed === 0,
    failed,
    isDoubtful: isDoubtful || isRunDoubtful || failed > 0,
  };
}

/** The end of a run whose stream is not what was asked for. */
const withoutStream = (event: Ended): Ended => ({
  ...event,
  outputs: event.outputs.filter(({ output }) => output !== 'stream'),
});

/** What is refused of the options of a run. */
const rules: readonly Rule<ReduceOptions & PipelineOptions>[] = [
  ({ output }) =>
    (output as unknown) === undefined &&
    ((said) => `${said('output')} is missing; expected the file of hits: 'hits.cxi'`),
  ({ hits }) => hits !== undefined && ((said) => `${said('hits')} is the output of a reduction: ${said('output')}`),
  ({ resume, output }) =>
    resume === true &&
    typeof output === 'function' &&
    ((said) => `${said('resume')} goes on with a file of hits; expected its path, not a function`),
  ({ keep, cells, proof }) =>
    keep !== 'spots' &&
    proof === undefined &&
    cells !== undefined &&
    ((said) =>
      `${said('cells')} is not used: frames are hits by their peaks alone; ${setting(said, 'keep', 'spots')} needs a cell, ` +
      'and ewald index --hits FILE indexes in the same pass'),
];

/**
 * The stream beside a file of hits that says how far its run has come, until it has ended; undefined where nothing can be
 * read again. Throws `Argument` where there is nothing to go on with.
 */
async function journalOf(
  { output, inputs, resume = false, force = false }: ReduceOptions,
  files: PlaceFiles | undefined,
): Promise<string | undefined> {
  const isLive = typeof inputs === 'object' && 'openLive' in inputs;
  if (typeof output !== 'string' || files === undefined || isLive) return undefined;
  const journal = `${output}.run`;
  const stamps = await Promise.all([journal, `${journal}.part`, output].map((file) => files.stampOf(file)));
  const [whole, part, hits] = stamps.map((stamp) => stamp !== undefined);
  if (resume && hits && !whole && !part)
    throw argumentError(
      'reduce',
      (said) =>
        `${output} is complete, so that there is nothing to continue; begin again with ${setting(said, 'force', true)}`,
    );
  if (whole && !hits && !resume && !force)
    throw argumentError(
      'reduce',
      (said) =>
        `${journal} contains the frames of an interrupted run; continue it with ${setting(said, 'resume', true)}, or ` +
        `start again with ${setting(said, 'force', true)}`,
    );
  return journal;
}
