/** Records the frames of a run: those of a live scan when they arrive, those of a file after they were processed. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { PlatformSignal } from '../../util/globals.js';
import { type Partition, partsOf } from '../execution/partitions.js';
import { readRuns } from '../execution/pieces.js';
import type { Scan } from './scan.js';

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

/** Writes the frames of a partition of a file. */
export async function recordStored(
  { dataset }: Scan,
  partition: Partition,
  recorder: FrameRecorder,
  signal: PlatformSignal | undefined,
): Promise<void> {
  for (const part of partsOf([partition]))
    await recorder.write(part.positions, await readRuns(dataset, part.runs, signal));
}
