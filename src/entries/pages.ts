/** What the pages alone use, beside the public entries. Not public. */
export { counted, firstFrames } from '../base/amounts.js';
export { messageOf } from '../base/errors.js';
export { median } from '../base/median.js';
export { breathe } from '../base/options.js';
export { kebab } from '../base/parameter-text.js';
export { reworded } from '../base/parameters.js';
export { Random } from '../core/random/random.js';
export { ofDataset, openedArray } from '../io/detector/geometry-dataset.js';
export { openStacked } from '../io/detector/stacked.js';
export { type FrameStatistics, readStatistics } from '../io/live/frame-statistics.js';
export { PeakMaps, peakogramBins, peakogramDecades, peakogramMost } from '../io/live/peak-maps.js';
