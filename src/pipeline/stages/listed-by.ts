/** Where listed peaks are in their files. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { isList } from '../parameters.js';
import type { CheckedRun } from '../run-options.js';

/** The location of listed peaks: given by the caller, by the geometry, or the default. */
export const listedBy = (settings: CheckedRun['settings'], geometry: Geometry | undefined): CheckedRun['settings'] => {
  const { finder = 'peakfinder8', hdf5Peaks = geometry?.peakList?.path } = settings;
  return isList(finder) && hdf5Peaks !== undefined ? { ...settings, hdf5Peaks } : settings;
};
