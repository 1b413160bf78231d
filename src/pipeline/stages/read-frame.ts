/** Reads the frames of a run in the type in which they are searched. */

import { numberTypes } from '../../compute/arrays/numbers.js';
import type { Dataset } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import { refuseOtherHeader } from '../../frames/detector/from-file.js';
import { readOrAborted } from '../../frames/read-or-aborted.js';
import type { Frame } from '../../peaks/contract.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

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
  const { width, height, dtype, geometry } = detector;
  const type = dataset.dtype === 'f64' ? 'f32' : dataset.dtype;
  if (dataset.shape.sig.join() !== `${height},${width}` || type !== dtype)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are ${dataset.dtype} [${dataset.shape.sig}], but those of the first ` +
        `file ${dtype} [${height},${width}]; a run has a single detector`,
    );
  refuseOtherHeader(geometry, dataset);
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
