/** The methods that this room adds to a context; the room is loaded on first use. */
import type { Dataset } from '../dataset.js';
import type { Detector, DetectorOptions } from './detector.js';

export interface DetectorMethods {
  /**
   * Describes the detector of an open dataset: panels, beam, bad pixels, and the positions of its pixels. See
   * `Detector`.
   *
   * Throws `Argument`, `Shape` for a geometry or mask of another detector, `Format` if wavelength, distance or pixel
   * size are unknown, `Unsupported` for frames of a type that cannot be searched for peaks.
   */
  detector(dataset: Dataset, options?: DetectorOptions): Promise<Detector>;
}

export const detectorRoom = (): DetectorMethods => ({
  detector: async (dataset, options) => (await import('./detector.js')).openDetector(dataset, options),
});
