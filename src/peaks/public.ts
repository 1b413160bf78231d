/** The public names of peaks. */
export type {
  Frame,
  FrameDtype,
  PeakFinder,
  PeakFinderMethods,
  PeakList,
  PeaksOptions,
  PeaksRunOptions,
} from './peaks.js';
export type { SearchedPanel } from './rings.js';
export { spotsOf } from './spots.js';
