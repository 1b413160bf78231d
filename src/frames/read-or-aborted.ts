/** Reads of frames that the signal ends, whoever wrote the dataset. */

import type { FrameArray } from '../bytes/dtype.js';
import { abortable } from '../util/aborted.js';
import type { PlatformSignal } from '../util/globals.js';
import { type Dataset, fillsHere } from './dataset.js';

/**
 * Reads frames. A caller's own dataset may ignore the signal, and is not waited for; the datasets of the package obey
 * it, and must have released `into` when the promise rejects.
 */
export function readOrAborted(
  dataset: Dataset,
  first: number,
  count: number,
  into: FrameArray | undefined,
  signal: PlatformSignal | undefined,
): Promise<FrameArray> {
  const reading = dataset.read(first, count, into, { signal });
  return fillsHere in dataset ? reading : abortable(reading, signal);
}
