/**
 * The run: frames of one detector through peaks, indexing and integration, in order, several at once, memory bounded.
 *
 * It knows no files of its own: datasets come open, results go to whoever iterates. The command is a thin user of it.
 */
import type { Context } from '../context.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import type { StreamChunk } from '../crystal/stream/stream.js';
import type { Dataset } from '../data/dataset.js';
import { EwaldError, messageOf } from '../errors.js';
import type { Indexer, IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import { checkSignal } from '../options.js';
import type { Frame, FrameDtype } from '../peaks/contract.js';
import type { PeakFinder, PeaksRunOptions } from '../peaks/peaks.js';
import { chunkOf, type FrameOrigin, latticeName } from './chunk.js';
import { frameSize, validRange } from './detector.js';
import { type FrameResult, type Stages, searchFrame } from './frame.js';
import type { RingRadii } from './integrate.js';

/** Frames to be searched: all of a dataset, or some. */
export interface PipelineInput {
  readonly dataset: Dataset;
  /** As the stream names the file. */
  readonly filename: string;
  /** Numbers of frames; default: all. */
  readonly frames?: readonly number[];
}

/** What a run is told. */
export interface PipelineOptions {
  readonly inputs: readonly PipelineInput[];
  readonly geometry: Geometry;
  readonly beam: Beam;
  /** Pixels that are bad in every frame. */
  readonly bad: Uint8Array;
  /** Known cells; without any, frames are searched for peaks alone. */
  readonly cells?: readonly KnownCell[];
  readonly peaks?: Omit<PeaksRunOptions, 'bad' | 'rings' | 'signal' | 'validRange'>;
  /** Radii in pixels between which pixels take part; default all. */
  readonly minRes?: number;
  readonly maxRes?: number;
  /** Fewer peaks make no hit; default 0. */
  readonly minPeaks?: number;
  readonly method?: IndexingMethod;
  readonly thresholds?: IndexingThresholds;
  /** Radii of integration in pixels, or null: nothing is integrated; default 4, 5, 7. */
  readonly rings?: RingRadii | null;
  /** 1/Å beyond the spots' own resolution to which reflections are predicted; default 0. */
  readonly pushResolution?: number;
  /** Frames under way at once; default 2. */
  readonly jobs?: number;
  /** Serial number of the first frame; default 1. */
  readonly serialStart?: number;
  readonly signal?: AbortSignal;
}

/** A frame that is done, or could not be. */
export type PipelineItem = { readonly origin: FrameOrigin } & (
  | { readonly result: FrameResult; readonly chunk: StreamChunk; readonly error?: undefined }
  | { readonly error: EwaldError; readonly result?: undefined; readonly chunk?: undefined }
);

const searched: readonly string[] = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'];

/** The type that frames are searched as: their own, or f32 for wider reals. Throws `Unsupported`. */
function searchedType({ name, dtype }: Dataset): FrameDtype {
  if (searched.includes(dtype)) return dtype as FrameDtype;
  if (dtype === 'f64') return 'f32';
  throw new EwaldError(
    'Unsupported',
    `${name}: frames are ${dtype}; peaks are found in ${searched.join(', ')} and f64; ewald convert writes another type`,
  );
}

interface Lane {
  readonly stages: Stages;
  readonly finder: PeakFinder;
  readonly indexer: Indexer | undefined;
}

/** Runs frames through all stages; results come in the order of the frames. Ends with `Aborted` at its signal. */
export async function* runPipeline(context: Context, options: PipelineOptions): AsyncGenerator<PipelineItem> {
  const { inputs, jobs = 2, signal, serialStart = 1 } = options;
  const [first] = inputs;
  if (!first) throw new EwaldError('Argument', 'the run has no frames; needed is a file of frames at least');
  const names = (options.cells ?? []).map(latticeName);
  const lanes: Lane[] = [];
  try {
    for (let i = 0; i < Math.max(1, jobs); i++) lanes.push(await openLane(context, first.dataset, options));
    const method = `ewald-${options.method ?? 'fast'}`;
    const queue: Promise<PipelineItem>[] = [];
    const free = [...lanes];
    const waiting: ((lane: Lane) => void)[] = [];
    const take = (): Promise<Lane> => {
      const lane = free.pop();
      return lane ? Promise.resolve(lane) : new Promise((resolve) => waiting.push(resolve));
    };
    const give = (lane: Lane): void => {
      const next = waiting.shift();
      if (next) next(lane);
      else free.push(lane);
    };
    let serial = serialStart;
    const work = async (input: PipelineInput, frame: number, origin: FrameOrigin): Promise<PipelineItem> => {
      const lane = await take();
      try {
        checkSignal(signal);
        const begun = performance.now();
        const numbers = await readFrame(input.dataset, frame, first.dataset, signal);
        const result = await searchFrame(numbers, lane.stages, performance.now() - begun);
        return { origin, result, chunk: chunkOf(origin, result, lane.stages, names, method) };
      } catch (error) {
        if (!(error instanceof EwaldError)) throw error;
        if (error.tag === 'Aborted' || error.tag === 'Disposed') throw error;
        return { origin, error };
      } finally {
        give(lane);
      }
    };
    for (const input of inputs) {
      const frames = input.frames ?? Array.from({ length: input.dataset.frames }, (_, i) => i);
      for (const frame of frames) {
        checkSignal(signal);
        const event = input.dataset.shape.navigation.length > 0 ? frame : undefined;
        const item = work(input, frame, { filename: input.filename, event, serial: serial++ });
        // Whoever iterates sees it in its turn.
        item.catch(() => undefined);
        queue.push(item);
        if (queue.length >= 2 * lanes.length) yield (await queue.shift()) as PipelineItem;
      }
    }
    for (const item of queue) yield await item;
  } finally {
    for (const { finder, indexer } of lanes) {
      await finder.dispose();
      await indexer?.dispose();
    }
  }
}

async function openLane(context: Context, dataset: Dataset, options: PipelineOptions): Promise<Lane> {
  const { geometry, beam, bad, cells = [], method = 'fast', thresholds = {}, rings = [4, 5, 7] } = options;
  const { width, height } = frameSize(dataset);
  const finder = await context.peaks({
    width,
    height,
    dtype: searchedType(dataset),
    geometry,
    bad,
    minRes: options.minRes ?? 0,
    maxRes: options.maxRes ?? 0,
  });
  const indexer =
    cells.length === 0
      ? undefined
      : await context.indexer({
          method,
          batch: 1,
          maxSpots: 300,
          maxInputCells: cells.length,
          maxOutputCells: 16,
          maxBatchSpots: 4096,
          threads: 1,
        });
  return {
    finder,
    indexer,
    stages: {
      geometry,
      beam,
      width,
      bad,
      finder,
      peaks: { ...options.peaks, validRange: validRange(dataset.meta, geometry) },
      minPeaks: options.minPeaks ?? 0,
      indexer,
      cells,
      thresholds,
      rings: rings ?? undefined,
      pushResolution: options.pushResolution ?? 0,
      bandwidth: geometry.bandwidth ?? 0,
    },
  };
}

/** Reads a frame as the finder's type; a file of another shape than the first is refused. */
async function readFrame(
  dataset: Dataset,
  frame: number,
  first: Dataset,
  signal: AbortSignal | undefined,
): Promise<Frame> {
  if (dataset.shape.signal.join() !== first.shape.signal.join() || dataset.dtype !== first.dtype)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are ${dataset.dtype} [${dataset.shape.signal}], those of ${first.name} ${first.dtype} [${first.shape.signal}]; a run is of one detector`,
    );
  try {
    const numbers = await dataset.read(frame, 1, undefined, { signal });
    return numbers instanceof Float64Array ? Float32Array.from(numbers) : (numbers as Frame);
  } catch (error) {
    if (error instanceof EwaldError) throw error;
    throw new EwaldError('Format', `${dataset.name}: frame ${frame} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
