/** Reads the frames of a run in the type in which they are searched. */

import { numberTypes } from '../../compute/arrays/numbers.js';
import { type Dataset, readPacked } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import { refuseOtherHeader } from '../../frames/detector/stated-header.js';
import { readOrAborted } from '../../frames/read-or-aborted.js';
import type { Frame } from '../../peaks/contract.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

/** Rejects a file whose shape, type or header differs from the first. */
function checkFrames(dataset: Dataset, { width, height, dtype, geometry }: Detector): void {
  const type = dataset.dtype === 'f64' ? 'f32' : dataset.dtype;
  if (dataset.shape.sig.join() !== `${height},${width}` || type !== dtype)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are ${dataset.dtype} [${dataset.shape.sig}], but those of the first ` +
        `file ${dtype} [${height},${width}]; a run has a single detector`,
    );
  refuseOtherHeader(geometry, dataset);
}

/**
 * Reads a frame as its file has packed it into memory of a device that decodes it, under the conditions of `readFrame`.
 * Undefined where that is not possible: for frames that are stored otherwise, and those whose pixels have to be marked.
 */
export async function readPackedFrame(
  dataset: Dataset,
  frame: number,
  detector: Detector,
  signal: PlatformSignal | undefined,
  memory: (bytes: number) => Uint8Array,
): Promise<Uint8Array | undefined> {
  if (detector.hasFlags || !dataset[readPacked]) return undefined;
  checkFrames(dataset, detector);
  if (await detector.badOf(dataset, frame, signal)) return undefined;
  return dataset[readPacked](frame, memory, signal);
}

/**
 * Reads a frame in the searched type, with its pixels without counts marked; a file whose shape, type or header differs from the first is rejected. `into` is
 * optional memory for it.
 */
export async function readFrame(
  dataset: Dataset,
  frame: number,
  detector: Detector,
  signal: PlatformSignal | undefined,
  into?: Frame,
): Promise<Frame> {
  const { width, height, dtype } = detector;
  checkFrames(dataset, detector);
  try {
    const bad = await detector.badOf(dataset, frame, signal);
    if (dataset.dtype === 'f64') {
      const reals = (await readOrAborted(dataset, frame, 1, undefined, signal)) as Float64Array;
      const searched = Float32Array.from(reals);
      detector.markFrame(searched, bad);
      return searched;
    }
    // The array provided by the dataset is not used, because it may be the caller's own memory.
    const numbers = into ?? new numberTypes[dtype](width * height);
    await readOrAborted(dataset, frame, 1, numbers, signal);
    detector.markFrame(numbers, bad);
    return numbers;
  } catch (error) {
    if (error instanceof EwaldError) throw error;
    throw new EwaldError('Format', `${dataset.name}: frame ${frame} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
