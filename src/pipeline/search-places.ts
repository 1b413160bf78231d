/** Where the frames of a run are searched: in this process, on the workers of an executor, or first here and then there. */

import { tablesOf } from '../frames/detector/detector.js';
import { ringsOfDetector } from '../peaks/rings.js';
import { messageOf } from '../util/errors.js';
import { MemoryBudget } from '../util/memory-budget.js';
import { checkSignal } from '../util/options.js';
import { pause } from '../util/pace.js';
import { FrameCost } from './frame-cost.js';
import { planFrameSearcher } from './frame-searcher.js';
import type { FrameJob } from './one-frame.js';
import { type FrameFailure, type FrameRecord, failureOf, recordOf } from './record.js';
import type { Run } from './run/run-state.js';
import type { CheckedRun, RunExecutor } from './run-options.js';
import { framesUnderWay, searchAll } from './search-all.js';
import { type BriefTask, briefRecords, isBrief } from './shards/brief.js';
import type { RecordedFrame, StoredResults } from './shards/stored.js';
import { rawOptionsOf } from './sources/raw-options.js';
import type { IsDone, RunSource } from './sources/source.js';
import type { BriefResults, SharedRun } from './task.js';

/** Least time that a pixel takes on one core: decoded, searched and integrated; and frames of a run whose total is unknown. */
const [secondsPerPixel, minFrames] = [3e-9, 256];

/**
 * Starts workers before anything is known but the sizes of the frames, if those alone show that they pay: they are ready
 * when this process has tuned the search.
 */
export function startedEarly(
  { executor, resume }: CheckedRun,
  { isListed, total = minFrames, first }: RunSource,
): Promise<RunExecutor> | undefined {
  // How many frames are left of a run that is resumed is not known yet.
  if (!isListed || resume) return undefined;
  const starting = executor?.start?.(total * first.frameLength * secondsPerPixel);
  // What fails is told when the workers are used.
  starting?.catch(() => undefined);
  return starting;
}

/** The memory of this process, of which a run leaves some. */
const memoryOf = ({ place: { memory }, options: { maxMemory }, events }: Run): MemoryBudget =>
  new MemoryBudget(maxMemory ?? memory?.all ?? Number.POSITIVE_INFINITY, memory?.used, events.warnQuietly);

/** Searches the frames of a run where its options say. */
export function searched(
  run: Run,
  stored: StoredResults,
  isDone: IsDone,
): AsyncGenerator<RecordedFrame, void, undefined> {
  const { executor } = run.options;
  if (!executor) return searchedHere(run, isDone, { jobs: run.options.jobs });
  if (executor.start && run.source.isListed) return searchedHereFirst(run, executor, stored, isDone);
  return searchedElsewhere(run, executor, stored, isDone);
}

/** Which frames this process searches, and how many at once. */
interface Here {
  readonly jobs: number;
  /** Serial numbers of the frames that it has taken. */
  readonly taken?: Set<number>;
  /** Whether it takes no more. */
  readonly isEnough?: () => boolean;
}

/** Searches frames in this process. */
async function* searchedHere(
  run: Run,
  isDone: IsDone,
  { jobs, ...limit }: Here,
): AsyncGenerator<RecordedFrame, void, undefined> {
  const { context, place, options, source, own, state } = run;
  const { settings } = run.prepared;
  const first = await own.searcher(settings);
  first.settings = settings;
  await first.indexerFor(settings);
  const searchers = [first];
  try {
    for (let i = 1; i < jobs; i++)
      searchers.push(await planFrameSearcher(context, { ...settings, detector: first.detector }, first));
    const { signal, keepFrame, copyHeader, rois } = options;
    const { isTight } = memoryOf(run);
    const grid = state.chip?.grid;
    const orientations = run.orientations?.shared;
    const how = { keepFrame, found: own.found, orientations, copyHeader, rois, grid, cores: place.cores, isTight };
    const frames = takenOf(source.jobs(framesUnderWay(searchers), isDone), limit);
    for await (const item of searchAll(searchers, frames, signal, how))
      yield { item, record: item.error ? failureOf(item) : recordOf(item) };
  } finally {
    for (const searcher of searchers.slice(1)) await searcher.dispose();
  }
}

/** The frames until there are enough. */
async function* takenOf(
  jobs: AsyncGenerator<FrameJob>,
  { taken, isEnough }: Omit<Here, 'jobs'>,
): AsyncGenerator<FrameJob, void, undefined> {
  for await (const job of jobs) {
    taken?.add(job.origin.serial);
    yield job;
    if (isEnough?.()) return;
  }
}

/**
 * Searches the first frames in this process, and the others on workers if they take so much processor time that these
 * finish sooner. The workers start while this process goes on searching, and then get what it knows of the detector.
 */
async function* searchedHereFirst(
  run: Run,
  executor: RunExecutor,
  stored: StoredResults,
  isDone: IsDone,
): AsyncGenerator<RecordedFrame, void, undefined> {
  const { place, source, own, events, state } = run;
  const { total = Number.POSITIVE_INFINITY } = source;
  const taken = new Set<number>();
  let { starting } = run;
  let workers: RunExecutor | undefined;
  const cost = new FrameCost(place.spentMs);
  const started = (ready: RunExecutor): void => {
    workers = ready;
  };
  const failed = (error: unknown): void =>
    events.warnQuietly(`no workers could be started, and this process searches all frames: ${messageOf(error)}`);
  starting?.then(started, failed);
  for await (const recordedFrame of searchedHere(run, isDone, {
    jobs: 1,
    taken,
    isEnough: () => workers !== undefined,
  })) {
    yield recordedFrame;
    if (starting || !cost.isKnownAfter(recordedFrame, own.found.size)) continue;
    starting = executor.start?.((cost.fastestMs * (total - state.summary.done)) / 1000);
    starting?.then(started, failed);
  }
  if (workers)
    yield* searchedElsewhere(run, workers, stored, (serial, ...of) => taken.has(serial) || isDone(serial, ...of));
}

/**
 * Number of frames in a task: enough for the next frame to be read during the search, few enough for all workers to end
 * together.
 */
const taskSize = (total: number | undefined, slots: number): number =>
  Math.max(1, Math.min(8, Math.floor((total ?? 64) / (4 * Math.max(1, slots)))));

/** Searches frames on the workers of an executor. */
async function* searchedElsewhere(
  run: Run,
  executor: RunExecutor,
  { brief, wholeOf }: StoredResults,
  isDone: IsDone,
): AsyncGenerator<RecordedFrame, void, undefined> {
  for await (const value of resultsOf(run, executor, brief, isDone))
    for (const record of Array.isArray(value) ? value : briefRecords(value)) {
      checkSignal(run.options.signal);
      yield { record: isBrief(record) ? await wholeOf(record) : record };
    }
}

/** Time between two looks whether a task may be given out while memory is tight, ms. */
const tightMs = 100;

/** The results of the tasks of a run. */
async function* resultsOf(
  run: Run,
  executor: RunExecutor,
  brief: BriefResults | undefined,
  isDone: IsDone,
): AsyncGenerator<(FrameRecord | FrameFailure)[] | BriefTask, void, undefined> {
  const { place, options, source, prepared, state } = run;
  const { summary, chip } = state;
  const { signal, dataset, thresholdChannel, allowMissing, checksums, maxFrameBytes, keepFrame, copyHeader } = options;
  const { rois, follow, awayS } = options;
  // Workers of a cluster have other working directories.
  const far = (file: string): string => (executor.kind === 'nats' ? (place.files?.absolute(file) ?? file) : file);
  const { name } = source.first;
  const shared: SharedRun = {
    geometry: prepared.geometry.given,
    first: source.live ? name : far(name),
    dataset,
    thresholdChannel,
    raw: rawOptionsOf(options),
    allowMissing,
    checksums,
    maxFrameBytes,
    allowOutside: options.allowOutside === true,
    settings: prepared.settings,
    keepFrame,
    copyHeader,
    ...(rois.length > 0 && { rois }),
    orientations: run.orientations?.shared,
    grid: chip?.grid,
    growing: follow,
    awayS,
    live: source.live,
    files: source.files,
    brief,
    mayDiffer: source.isOneFile !== true,
    tables: executor.kind === 'workers' ? await tablesFor(run) : undefined,
  };
  const { hash } = await executor.share(shared);
  const { isTight } = memoryOf(run);
  let underWay = 0;
  const tasks = async function* () {
    const each = follow ? 1 : taskSize(source.total, executor.slots);
    for await (const task of source.tasks(each, isDone)) {
      while (underWay > 0 && isTight() && !signal?.aborted) await pause(tightMs, signal);
      underWay++;
      yield {
        module: 'pipeline',
        function: 'search',
        argument: { ...task, file: task.live ? task.file : far(task.file), spots: summary.needsSpots() },
        inputs: { run: { hash } },
      };
    }
  };
  // Results that wait for an earlier frame are held in memory. Few tasks of several frames each are enough to keep
  // local workers busy.
  const few = executor.kind === 'workers' ? { window: 4 * executor.slots } : {};
  const results = executor.run<(FrameRecord | FrameFailure)[] | BriefTask>(tasks(), {
    ...(signal ? { signal } : {}),
    ...few,
  });
  if (executor.kind === 'workers') summary.workers = executor.slots;
  for await (const { value } of results) {
    underWay--;
    yield value;
  }
}

/**
 * What this process knows of the detector, so that its workers need not read and compute it again; undefined for frames
 * that are still arriving.
 */
async function tablesFor({ options, source, own, prepared }: Run): Promise<SharedRun['tables']> {
  if (source.live || options.follow) return undefined;
  const detector = await own.detector();
  const { minRes = 0, maxRes = 0 } = prepared.settings;
  const reach = { minRadius: minRes, maxRadius: maxRes };
  return { ...tablesOf(detector), reach, rings: ringsOfDetector(detector, reach) };
}
