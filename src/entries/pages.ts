/** What the pages alone use, beside the public entries. Not public. */

export { isOfElectrons } from '../crystal/polarisation.js';
export { countLimitsOf, countRange, telling } from '../frames/count-limits.js';
export { openDetector } from '../frames/detector/detector.js';
export { ofDataset, openedArray } from '../frames/detector/geometry-dataset.js';
export { openStacked } from '../frames/detector/stacked.js';
export { separated } from '../frames/left-out.browser.js';
export { npyHeadOf } from '../frames/npy.js';
export { openRows } from '../frames/parameters.js';
export { filledShape } from '../frames/shapes.js';
export { type Stacked, stackOf } from '../frames/stack.js';
export { Hdf5Writer } from '../hdf5/writer.js';
export type { ShownAlarm } from '../merging/shown-panes.js';
export { type FrameSlice, type SliceOptions, sliceIn, sliceLength } from '../options/frame-slice.js';
export { wordsOnPage } from '../options/page-words.js';
export { kebab } from '../options/parameter-text.js';
export { renameInMessage } from '../options/parameters.js';
export { flagWords, inShell } from '../options/shell-words.js';
export { centredBeam } from '../pipeline/centre/centred-beam.js';
export { ChipMap } from '../pipeline/chip/chip-map.js';
export {
  drawnMap,
  mapColour,
  mapColours,
  mapNumber,
  quantityText,
  rangeOfMap,
  wellColour,
  wellStates,
} from '../pipeline/chip/map-picture.js';
export type { MapQuantity } from '../pipeline/chip/quantities.js';
export type { RunEvent } from '../pipeline/events.js';
export type { Preparation } from '../pipeline/geometry/preparation.js';
export { iceRings } from '../pipeline/profile/ice.js';
export { recordedNames } from '../pipeline/reduce/first-numbers.js';
export { checkRegions, type Region, regionText } from '../pipeline/regions/region.js';
export { openRegionSums, type RegionSums } from '../pipeline/regions/region-sums.js';
export type { PipelineOptions } from '../pipeline/run-options.js';
export { beamOfChunk } from '../pipeline/streams/beam-of-chunk.js';
export { centreOfChunk } from '../pipeline/streams/centre-line.js';
export { ticks } from '../report/charts.js';
export type { StoredAxis, StoredMarks, StoredResult } from '../report/numbers-page.js';
export type { ComputeHead } from '../server/compute/answers.js';
export type { GalleryEntry, GalleryItem } from '../server/gallery.node.js';
export type { ServedPanes } from '../server/live-panes.js';
export type { NewestProfile } from '../server/live-profiles.js';
export type { ScanImageFacts } from '../server/scan-images.js';
export type { OfferedRun, ShownRun } from '../server/started-runs.js';
export { type FrameStatistics, readStatistics } from '../server/watch/frame-statistics.js';
export { PeakMaps, peakogramBins, peakogramDecades, peakogramMost } from '../server/watch/peak-maps.js';
export {
  RunSeries,
  type SeriesColumns,
  type SeriesMoment,
  type SeriesSums,
  SeriesWindow,
} from '../server/watch/run-series.js';
export { calibratedRun } from '../stem/analyses/calibrated-run.js';
export { comLeftOut, comNotes, icomNotes } from '../stem/analyses/com-notes.js';
export { leftOutUnder } from '../stem/analyses/left-out.js';
export { maskOfShape } from '../stem/analyses/mask-of-shape.js';
export { coveredBy } from '../stem/analyses/pattern-axes.js';
export { timesText } from '../stem/analyses/under-mask.js';
export { runOfShape, type VirtualShape } from '../stem/analyses/virtual-run.js';
export { type Calibration, checkCalibration, darkFieldRadii, isKnown, reachOf } from '../stem/calibrate/calibration.js';
export { milliradiansOf, opticsOf } from '../stem/calibrate/optics.js';
export { calibrationTexts } from '../stem/calibrate/text.js';
export { integrateMeasured, measuredNoise } from '../stem/images/integrate-measured.js';
export { imageOf, type SentHead, sentBytes } from '../stem/images/sent-image.js';
export type { NamedResult } from '../stem/output/named-results.js';
export { resultsPage, type StoredPage } from '../stem/output/results-page.js';
export { isAboutZero, painted } from '../udf/live/colormap.js';
export { directionWheel } from '../udf/live/direction-wheel.js';
export { endTexts, overloadText, silentEnd } from '../udf/scans/count-texts.js';
export { rangesOf } from '../udf/scans/roi-ranges.js';
export { counted, formatFirstFrames, framesText, framesWithPeaks } from '../util/amounts.js';
export { answerCalls } from '../util/answer-calls.js';
export { messageOf } from '../util/errors.js';
export { mapInto } from '../util/map-into.js';
export { median } from '../util/median.js';
export { omitUndefined } from '../util/omit-undefined.js';
export { Caller, type Handlers } from '../util/port-calls.js';
export { portOf, webWorkerPort } from '../util/web-port.js';
export type { WorkerPort } from '../util/worker-port.js';
