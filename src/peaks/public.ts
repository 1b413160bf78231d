/** The public names of peaks. */
export type { PeakList } from './peak-list.js';
export type {
  DetectorPeaksOptions,
  FinderName,
  Frame,
  FrameDtype,
  FramePeaksOptions,
  PeakFinder,
  PeakFinderMethods,
  PeaksOptions,
  PeaksRunOptions,
} from './peaks.js';
export { type PowderOptions, VirtualPowder } from './powder.js';
export type { RingSums } from './ring-sums.js';
export type { SearchedPanel } from './rings.js';
export { spotsOf } from './spots.js';
export { type PeakStages, stageMarks } from './stage-marks.js';
