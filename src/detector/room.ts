/** What a context can do in this room; the room is fetched when it is first asked. */
import type { Dataset } from '../data/dataset.js';
import type { Detector, DetectorOptions } from './detector.js';

export interface DetectorMethods {
  /**
   * Describes the detector of an open dataset: panels, beam, bad pixels, and where its pixels lie. See `Detector`.
   *
   * Throws `Argument`, `Shape` for a geometry or mask of another detector, `Format` where wavelength, distance or pixel
   * size are not known, `Unsupported` for frames in which no peaks are searched.
   */
  detector(dataset: Dataset, options?: DetectorOptions): Promise<Detector>;
}

export const detectorRoom = (): DetectorMethods => ({
  detector: async (dataset, options) => (await import('./detector.js')).openDetector(dataset, options),
});
