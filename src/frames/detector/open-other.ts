/** Opens the datasets that a geometry names in addition to the frames (masks, energies, distances). */

import { EwaldError } from '../../util/errors.js';
import type { Dataset } from '../dataset.js';

/** Opens the dataset `path` of `file`, which is the file of the frames or another one named by the geometry. */
export type OpenOther = (file: string, path: string) => Promise<Dataset>;

/**
 * The default: asks the dataset of the frames, which knows its file and the files beside it. Throws `Unsupported` for
 * datasets that were not opened from a file.
 */
export const openBeside =
  (frames: Dataset): OpenOther =>
  async (file, path) => {
    if (frames.openOther) return frames.openOther(path, file === frames.name ? undefined : file);
    throw new EwaldError(
      'Unsupported',
      `the geometry names ${path} of ${file}, but the frames of ${frames.name} were not opened from a file; ` +
        'pass openOther, a function that opens it',
    );
  };
