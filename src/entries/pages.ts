/** What the pages alone use, beside the public entries. Not public. */
export { counted, formatFirstFrames, framesText, framesWithPeaks } from '../base/amounts.js';
export { answerCalls } from '../base/answer-calls.js';
export { messageOf } from '../base/errors.js';
export { type FrameSlice, type SliceOptions, sliceIn, sliceLength } from '../base/frame-slice.js';
export { mapInto } from '../base/map-into.js';
export { median } from '../base/median.js';
export { kebab } from '../base/parameter-text.js';
export { renameInMessage } from '../base/parameters.js';
export { Caller, type Handlers } from '../base/port-calls.js';
export { inShell } from '../base/shell-words.js';
export { portOf, webWorkerPort } from '../base/web-port.js';
export type { WorkerPort } from '../base/worker-port.js';
export { isOfElectrons } from '../crystal/polarisation.js';
export { ChipMap } from '../io/chip/chip-map.js';
export {
  drawnMap,
  mapColour,
  mapColours,
  mapNumber,
  quantityText,
  rangeOfMap,
  wellColour,
  wellStates,
} from '../io/chip/map-picture.js';
export type { MapQuantity } from '../io/chip/quantities.js';
export { countRange } from '../io/data/count-limits.js';
export { Hdf5Writer } from '../io/data/hdf5/writer.js';
export { separated } from '../io/data/left-out.browser.js';
export { npyHeadOf } from '../io/data/npy.js';
export { openRows } from '../io/data/parameters.js';
export { ofDataset, openedArray } from '../io/detector/geometry-dataset.js';
export { openStacked } from '../io/detector/stacked.js';
export { type FrameStatistics, readStatistics } from '../io/live/frame-statistics.js';
export { PeakMaps, peakogramBins, peakogramDecades, peakogramMost } from '../io/live/peak-maps.js';
export {
  RunSeries,
  type SeriesColumns,
  type SeriesMoment,
  type SeriesSums,
  SeriesWindow,
} from '../io/live/run-series.js';
export type { ShownAlarm } from '../io/live/shown-panes.js';
export { ticks } from '../io/report/charts.js';
export type { RunEvent } from '../serial/pipeline/events.js';
export type { Preparation } from '../serial/pipeline/geometry/preparation.js';
export { iceRings } from '../serial/pipeline/profile/ice.js';
export { checkRegions, type Region, regionText } from '../serial/pipeline/regions/region.js';
export { openRegionSums, type RegionSums } from '../serial/pipeline/regions/region-sums.js';
export type { PipelineOptions } from '../serial/pipeline/run-options.js';
export { beamOfChunk } from '../serial/pipeline/streams/beam-of-chunk.js';
export { comLeftOut, comNotes, icomNotes } from '../udf/analyses/com-notes.js';
export { leftOutUnder } from '../udf/analyses/left-out.js';
export { coveredBy } from '../udf/analyses/pattern-axes.js';
export { timesText } from '../udf/analyses/under-mask.js';
export { type Calibration, checkCalibration, darkFieldRadii, isKnown, reachOf } from '../udf/calibrate/calibration.js';
export { milliradiansOf, opticsOf } from '../udf/calibrate/optics.js';
export { calibrationTexts } from '../udf/calibrate/text.js';
export { integrateMeasured, measuredNoise } from '../udf/images/integrate-measured.js';
export { rangesOf } from '../udf/scans/roi-ranges.js';
export type { ServedPanes } from '../whole/serving/live-panes.js';
export type { NewestProfile } from '../whole/serving/live-profiles.js';
export type { ScanImageFacts } from '../whole/serving/scan-images.js';
