/** Records the frames of a run: those of a live scan when they arrive, those of a file after they were processed. */
import type { PlatformSignal } from '../../base/globals.js';
import { allocateFrames, type FrameArray } from '../../io/data/dtype.js';
import { readRuns } from '../execution/frames-of.js';
import { type Partition, partsOf } from '../execution/partitions.js';
import type { Run } from '../execution/run.js';

/** The file to which frames are written. */
export interface FrameRecorder {
  /** Writes frames as they are stored, [positions, …sig], at these ascending positions of the scan. */
  write(positions: ArrayLike<number>, frames: FrameArray): Promise<void>;
  /**
   * Gives the file its name. If the scan has ended early, its frames up to the last one are a series, [frames, …sig];
   * positions without a frame before it are 0. Without any frame there is no file.
   */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** Writes the frames of a partition of a file, or, for a run in memory (`runs` is empty), those of all partitions. */
export async function recordStored(
  { scan, partitions }: Run,
  { index, runs }: Partition,
  recorder: FrameRecorder,
  signal: PlatformSignal | undefined,
): Promise<void> {
  for (const one of partsOf(runs.length > 0 ? [partitions[index] as Partition] : partitions)) {
    const frames = allocateFrames(scan.dtype, one.positions.length * scan.dataset.frameLength);
    await readRuns(scan.dataset, one.runs, frames, signal);
    await recorder.write(one.positions, frames);
  }
}
