/**
 * Frames as a task of an executor: `{ module: 'pipeline', function: 'search', argument: { file, frames, … }, inputs: {
 * run } }`. The run (detector and settings) is a shared value, so that it is sent once; a worker keeps its searcher and
 * its open files from task to task.
 */

import type { DataInput } from '../bytes/source-of.js';
import { blobSource } from '../bytes/sources/blob.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { Dataset } from '../frames/dataset.js';
import { type Detector, type DetectorTables, openDetector } from '../frames/detector/detector.js';
import { openStacked } from '../frames/detector/stacked.js';
import { type FrameSums, hasFrames } from '../frames/frame-sums.js';
import type { OpenOptions } from '../frames/open.js';
import type { RawOptions } from '../frames/raw/corrected.js';
import { type LiveFrame, liveDataset, liveNumber, type UnreadFrame } from '../frames/streams/frame.js';
import { members } from '../options/shapes.js';
import { encode } from '../parallel/codec.js';
import { keepRings, type Reach, type Rings } from '../peaks/rings.js';
import { crc32 } from '../util/crc32.js';
import { EwaldError } from '../util/errors.js';
import { isAway } from '../util/file-errors.js';
import type { PlatformBlob, PlatformFile } from '../util/globals.js';
import { joined } from '../util/joined.js';
import { checkSignal } from '../util/options.js';
import type { RoomTaskScope } from '../util/task-scope.js';
import { type OpenFrameSearcher, type Plans, planFrameSearcher } from './frame-searcher.js';
import type { RunGrid } from './grid/frame-grid.js';
import { liveImage } from './grid/grid-lines.js';
import { type FrameFailure, type FrameRecord, failureOf, isRead, recordOf } from './record.js';
import type { Region } from './regions/region.js';
import { searchAll } from './search-all.js';
import type { SearchSettings } from './settings.js';
import { type BriefTask, briefTask, type Extent } from './shards/brief.js';
import { type StreamContents, streamText } from './sinks/stream-text.js';
import { openWhenBack } from './sources/away.js';
import type { SharedOrientations } from './sources/known-orientations.js';
import { openFollowed } from './sources/open-followed.js';
import { replacedError } from './sources/same-frames.js';
import { type FrameOrigin, tagged } from './streams/chunk.js';
import { runShape, taskShape } from './task-shapes.js';

/** The services that the task requires from its environment. */
export interface TaskScope extends RoomTaskScope<Plans> {
  open(input: DataInput, options?: OpenOptions): Promise<Dataset>;
}

/** Data shared by all tasks of a run. */
export interface SharedRun {
  /** Undefined if the first file describes itself. */
  readonly geometry: Geometry | undefined;
  /** The first file of the run, which determines the detector. */
  readonly first: string;
  /** Distinguishes the Files of this run from Files of the same names in another one; undefined without Files. */
  readonly files?: number | undefined;
  /** Dataset of the frames that the user named; undefined: the geometry's, or the file's own choice. */
  readonly dataset: string | undefined;
  /** Which of several thresholds of the detector the user chose. */
  readonly thresholdChannel?: string | undefined;
  /** How frames are corrected while they are read, as in `open`. */
  readonly raw?: RawOptions | undefined;
  /** Whether files that do not exist are left out, as in `open`. */
  readonly allowMissing?: boolean | undefined;
  /** Whether checksums are compared, as in `open`. */
  readonly checksums?: boolean | undefined;
  readonly maxFrameBytes?: number | undefined;
  /** Whether frames may refer to files outside their folder. */
  readonly allowOutside?: boolean | undefined;
  /** Whether files are still being written, as in `open`. */
  readonly growing?: boolean | undefined;
  /** Seconds for which a file system that does not answer is awaited; undefined: not at all. */
  readonly awayS?: number | undefined;
  readonly settings: SearchSettings;
  /** The first frame of a live stream, for which `first` is only a name. */
  readonly live?: LiveFrame | undefined;
  /** Whether results include their frames. */
  readonly keepFrame?: boolean | undefined;
  /** Fields of the frames' headers that are copied into the results. */
  readonly copyHeader?: readonly string[] | undefined;
  /** Regions of the frames whose counts are summed. */
  readonly rois?: readonly Region[] | undefined;
  /** Lattices whose orientations are known, by frame. */
  readonly orientations?: SharedOrientations | undefined;
  /** Where the images are on a chip. */
  readonly grid?: RunGrid | undefined;
  /** If results are brief, or stored instead of sent. */
  readonly brief?: BriefResults | undefined;
  /** Whether other files than the first may have other masks of their own. */
  readonly mayDiffer?: boolean | undefined;
  /** What the process that started the run knows of the detector; undefined: workers find it out themselves. */
  readonly tables?: (DetectorTables & { readonly reach: Reach; readonly rings: Rings }) | undefined;
}

/** How results are reported by a worker that makes the texts of the stream. */
export interface BriefResults {
  /** Whether whole records are needed as well: they are stored beside the texts, or sent where that is impossible. */
  readonly whole: boolean;
  /** The contents of the stream; undefined without one. */
  readonly contents: StreamContents | undefined;
  /** The folder for shards; undefined if texts are sent. */
  readonly folder?: { readonly path: string; readonly token: string } | undefined;
}

/** A File with its names, which Node loses when it sends one to a worker. */
export interface SentFile {
  readonly blob: PlatformBlob;
  readonly name: string;
  /** Its path in the folder that was chosen; empty without one. */
  readonly path: string;
}

/** Frames of one file. */
export interface SearchTask {
  /** The path, address, or name of one of the Files sent. */
  readonly file: string;
  /** Name of the file in the stream. */
  readonly filename: string;
  readonly frames: readonly number[];
  /** Their serial numbers. */
  readonly serials: readonly number[];
  /** Number of frames in the file when the task was created: an already open file may have grown since. */
  readonly known: number;
  /** Frames of a followed file by which it is recognised. */
  readonly seen?: FrameSums | undefined;
  /** The frames themselves if they are not in a file, or why one cannot be read; `file` is then only a name. */
  readonly live?: readonly (LiveFrame | UnreadFrame)[] | undefined;
  /** Whether results of indexed frames have the spots of their peaks. */
  readonly spots?: boolean | undefined;
  /** Frames in a File: that File, the first one of the run, and the Files that they refer to. */
  readonly sent?: readonly SentFile[] | undefined;
}

/** What is opened for a name: one of the Files sent, or the path or address itself. */
function inputOf(file: string, sent: SearchTask['sent'] = []): DataInput {
  const files = sent.map(
    ({ blob, name, path }) =>
      Object.defineProperty(new File([blob], name), 'webkitRelativePath', { value: path }) as PlatformFile,
  );
  const found = files.find(({ name }) => name === file) ?? files.find(({ name }) => name === file.replace(/^.*\//, ''));
  return found ? blobSource(found, { siblings: files }) : file;
}

/** Searches the frames; unreadable ones are reported individually. */
export async function search(task: SearchTask, scope: TaskScope): Promise<(FrameRecord | FrameFailure)[] | BriefTask> {
  taskShape('the task of pipeline', task);
  const run = (await scope.input('run')) as SharedRun;
  members({})('the run of a task', run);
  const items = await searched(task, scope, run);
  return run.brief ? reported(items, task, run.brief, scope) : items;
}

/** Stores results in this worker's shard, or leaves out what is not needed. */
async function reported(
  items: (FrameRecord | FrameFailure)[],
  { filename, spots = false }: SearchTask,
  { whole, contents, folder }: BriefResults,
  scope: TaskScope,
): Promise<(FrameRecord | FrameFailure)[] | BriefTask> {
  const shard = folder && (await scope.shard(folder.path, folder.token));
  if (whole && !shard) return items;
  const frames = items.filter(isRead);
  const encoder = new TextEncoder();
  const texts = frames.map((frame) => encoder.encode((contents && streamText(frame, contents)) ?? ''));
  if (!shard) {
    const lengths = texts.map(({ length }) => [{ length, crc: 0 }, noExtent] as const);
    return briefTask(items, { filename, shard: undefined, at: 0, texts: joined(Uint8Array, texts) }, lengths, spots);
  }
  checkSignal(scope.signal);
  const records = frames.map(({ chunk: _, ...frame }) => (whole ? encode(frame) : new Uint8Array(0)));
  const extentOf = (bytes: Uint8Array): Extent => ({ length: bytes.length, crc: crc32(bytes) });
  const stored = frames.map((_, i) => [texts[i], records[i]].map((one) => extentOf(one as Uint8Array)) as never);
  const made = (at: number): BriefTask =>
    briefTask(items, { filename, shard: shard.name, at, texts: new Uint8Array(0) }, stored, spots);
  return made(await shard.append([...texts, ...records], made));
}

const noExtent: Extent = { length: 0, crc: 0 };

async function searched(task: SearchTask, scope: TaskScope, run: SharedRun): Promise<(FrameRecord | FrameFailure)[]> {
  const { hash } = scope.inputs.run as { readonly hash: string };
  const first = async (): Promise<Dataset> =>
    run.live ? liveDataset(run.live, run.first) : openFrames(scope, run.first, run, 0, task.sent);
  let live = new Map<string, LiveFrame>();
  const { awayS: seconds } = run;
  const planned = async (): Promise<OpenFrameSearcher> => {
    runShape('the run of a task', run);
    if (run.live) live.set(run.first, run.live);
    const detector = await detectorOf(run, scope, await first(), live, task.sent);
    const opened = await planFrameSearcher(await scope.context(), { ...run.settings, detector });
    liveOf.set(opened, live);
    return opened;
  };
  const plannedOnceBack = (error: unknown): Promise<OpenFrameSearcher> => {
    if (seconds === undefined || !isAway(error)) throw error;
    return openWhenBack(planned, { error, seconds, signal: scope.signal });
  };
  const searcher = await scope.keep(`searcher ${hash}`, () => planned().catch(plannedOnceBack));
  live = liveOf.get(searcher) ?? live;
  if (task.live) return searchLive(task, task.live, searcher, live, scope, run);
  const searchers = [searcher];
  // While this thread integrates a frame, the device searches the next one.
  if (!['wasm', 'native', undefined].includes(searcher.backends.peaks))
    searchers.push(
      await scope.keep(`searcher ${hash} 2`, async () =>
        planFrameSearcher(await scope.context(), { ...run.settings, detector: searcher.detector }, searcher),
      ),
    );
  const items: (FrameRecord | FrameFailure)[] = [];
  let reopened: Promise<Dataset> | undefined;
  const back = async (error: unknown): Promise<Dataset> => {
    if (run.awayS === undefined || !isAway(error)) throw error;
    const open = (): Promise<Dataset> => openStackedFile(scope, task.file, run, task.sent);
    reopened ??= openWhenBack(open, { error, seconds: run.awayS, signal: scope.signal });
    return reopened;
  };
  let dataset: Dataset;
  try {
    dataset = await openFrames(scope, task.file, run, task.known, task.sent).catch(back);
  } catch (error) {
    if (!(error instanceof EwaldError) || error.tag === 'Aborted' || error.tag === 'Disposed') throw error;
    return task.frames.map((_, i) => failureOf({ origin: originOf(task, i, undefined), error }));
  }
  const jobs = task.frames.map((frame, i) => ({ dataset, frame, origin: originOf(task, i, dataset), back }));
  try {
    for await (const item of searchAll(searchers, jobs, scope.signal, run))
      items.push(item.error ? failureOf(item) : recordOf(item, true));
    // Afterwards, so that it holds for what was read.
    const read = (await reopened) ?? dataset;
    if (!task.seen || (await hasFrames(read, task.seen))) return items;
  } finally {
    await (await reopened?.catch(() => undefined))?.dispose();
  }
  const error = replacedError(task.file);
  return task.frames.map((_, i) => failureOf({ origin: originOf(task, i, dataset), error }));
}

/** Live frames of a searcher in flight: the detector requests their beam by name. */
const liveOf = new WeakMap<OpenFrameSearcher, Map<string, LiveFrame>>();

/** Searches live frames. */
async function searchLive(
  task: SearchTask,
  frames: NonNullable<SearchTask['live']>,
  searcher: OpenFrameSearcher,
  live: Map<string, LiveFrame>,
  scope: TaskScope,
  run: SharedRun,
): Promise<(FrameRecord | FrameFailure)[]> {
  const items: (FrameRecord | FrameFailure)[] = [];
  for (const [i, frame] of frames.entries()) {
    const place = { filename: task.filename, event: task.frames[i], serial: task.serials[i] ?? 0 };
    const origin = { ...place, ...liveImage(frame) };
    if ('error' in frame) {
      items.push(failureOf({ origin, error: new EwaldError('Format', frame.error) }));
      continue;
    }
    live.set(task.file, frame);
    const dataset = liveDataset(frame, task.file);
    try {
      for await (const item of searchAll([searcher], [{ dataset, frame: 0, origin }], scope.signal, run))
        items.push(item.error ? failureOf(item) : recordOf(item, true));
    } finally {
      live.delete(task.file);
      await dataset.dispose();
    }
  }
  return items;
}

function originOf(
  { filename, frames, serials, seen }: SearchTask,
  i: number,
  dataset: Dataset | undefined,
): FrameOrigin {
  const sum = seen?.find(([frame]) => frame === frames[i])?.[1];
  return {
    filename,
    event: dataset?.shape.nav.length === 0 ? undefined : frames[i],
    serial: serials[i] ?? 0,
    ...tagged(dataset, frames[i]),
    ...(sum !== undefined && { sum }),
  };
}

/** The detector of a run, which every worker determines from the first file as far as it has not been sent. */
async function detectorOf(
  { geometry, settings, allowMissing, mayDiffer, tables }: SharedRun,
  scope: TaskScope,
  first: Dataset,
  live: ReadonlyMap<string, LiveFrame>,
  sent: SearchTask['sent'],
): Promise<Detector> {
  const { highres } = settings;
  const openOther = async (file: string, dataset: string): Promise<Dataset> => {
    const frame = live.get(file);
    return frame ? liveNumber(frame, file, dataset) : scope.open(inputOf(file, sent), { dataset, allowMissing });
  };
  const pixels = first.frameLength;
  for (const { length } of [tables?.bad, tables?.saturation, tables?.rings.bins].flatMap((array) => array ?? []))
    if (length !== pixels)
      throw new EwaldError('Shape', `the run of a task has tables of ${length} pixels; its frames have ${pixels}`);
  const detector = await openDetector(first, { geometry, highres }, openOther, { ...tables, mayDiffer });
  if (tables) keepRings(detector, tables.reach, tables.rings);
  return detector;
}

function openStackedFile(
  scope: TaskScope,
  file: string,
  run: SharedRun,
  sent: SearchTask['sent'],
  known = 0,
): Promise<Dataset> {
  const { dataset: named, thresholdChannel, geometry, allowMissing, checksums, maxFrameBytes, allowOutside } = run;
  const open = (growing: boolean): Promise<Dataset> => {
    // The source has opened the file with these frames at least.
    const until = Math.max(1, known);
    const options = {
      thresholdChannel,
      allowMissing,
      checksums,
      maxFrameBytes,
      allowOutside,
      growing,
      until,
      ...run.raw,
    };
    return openStacked((how) => scope.open(inputOf(file, sent), { ...how, ...options }), geometry, named);
  };
  return run.growing ? openFollowed(open, known) : open(false);
}

/** A file that stays open from task to task, and is reopened if it has fewer frames than the task expects. */
async function openFrames(
  scope: TaskScope,
  file: string,
  run: SharedRun,
  known: number,
  sent: SearchTask['sent'],
): Promise<Dataset> {
  const { dataset: named = '', thresholdChannel = '', allowMissing, checksums, maxFrameBytes, files } = run;
  const open = (): Promise<Dataset> => openStackedFile(scope, file, run, sent, known);
  const how = `${allowMissing ? ' partly' : ''}${checksums === false ? ' unchecked' : ''}${maxFrameBytes === undefined ? '' : ` to ${maxFrameBytes}`}${run.raw ? ` ${JSON.stringify(run.raw)}` : ''}`;
  const key = `frames ${files ?? ''}${file} ${named} ${thresholdChannel}${how}`;
  const dataset = await scope.keep(key, open);
  return dataset.frames >= known ? dataset : scope.keep(`${key} ${known}`, open);
}
