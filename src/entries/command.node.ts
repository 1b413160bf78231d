/**
 * What the command alone uses, beside `ewald/shell`: the parameter rows from which its flags and its help are made, and
 * the words of its messages. Not public.
 */

export { answerSignalsOnce } from '../compute/backends/native/addon-calls.js';
export { parseBackend } from '../compute/backends/open.js';
export { cellFromParameters } from '../crystal/cell.js';
export { formatCellFile } from '../crystal/cell-file.js';
export { latticeName } from '../crystal/lattice-name.js';
export { cellAmbiguitiesRows, compareCellsRows, powderRingsRows, transformCellRows } from '../crystal/parameters.js';
export { regionProblem } from '../crystal/stream/regions.js';
export { findLibrary } from '../ffi/native/find.js';
export { libraryRows } from '../ffi/parameters.js';
export { isCutFile } from '../frames/cut-files.js';
export { wholeMachine } from '../frames/files/inside.js';
export { killableCall } from '../frames/files/interrupt.js';
export { refuseSame } from '../frames/files/names.js';
export { isPipe } from '../frames/files/pieces.js';
export { inputName } from '../frames/files/read.js';
export { isWrittenThrough } from '../frames/files/write.js';
export { formats } from '../frames/formats/table.js';
export { convertRows, inspectRows, openRows } from '../frames/parameters.js';
export { lengthsHint, middleOf } from '../frames/spot-list.js';
export { failedTogether } from '../heffte/files/on-ranks.node.js';
export { transformRows } from '../heffte/parameters.js';
export { leastSpots } from '../indexing/few/choice.js';
export { otherDistance, otherDistanceText } from '../indexing/few/other-distance.js';
export { fewRows } from '../indexing/few/parameters.js';
export { fewHint, fewText, flatHint, leftHint } from '../indexing/few/text.js';
export { cellSearchRows, checkCellSearch } from '../indexing/parameters.js';
export { regionSplitOf } from '../merging/collection/region-split.js';
export { writableAs } from '../merging/formats/format-reflections.js';
export { generatedNote } from '../merging/lists/hkl.js';
export { mergeWriting } from '../merging/lists/writing.js';
export { mergeMode, mergeRows } from '../merging/parameters.js';
export { oddsText } from '../merging/reflections/odds.js';
export {
  checkListRows,
  compareListsRows,
  convertListRows,
  formatListRows,
  readListRows,
} from '../merging/reflections/parameters.js';
export { standInCell } from '../merging/reflections/stand-in-cell.js';
export { spaceGroupText, twinText } from '../merging/reflections/words.js';
export { refuseBy } from '../options/call-options.js';
export { asPasted, type CrystfelProgram, compatRow, fromCrystfelFlags } from '../options/crystfel-flags.js';
export { namedCommand } from '../options/crystfel-lists.js';
export { sliceOf, untilOf } from '../options/frame-slice.js';
export {
  explainWord,
  explanationsText,
  type FoundParameter,
  type HelpFlag,
  type HelpPage,
  helpEntry,
  helpPage,
  helpRequest,
} from '../options/help-text.js';
export { flagOf, helpText, kebab, ownerOf, rowOfFlag, wrapped } from '../options/parameter-text.js';
export {
  argumentError,
  checkParameter,
  type FlagValues,
  grouped,
  type Mode,
  type NameOption,
  namesOf,
  type Parameter,
  type Parameters,
  refuseAlone,
  refuseOthers,
  renameInMessage,
  type Values,
} from '../options/parameters.js';
export { inShell } from '../options/shell-words.js';
export { ranksOfJob } from '../parallel/communicator/job.js';
export { parseAddress } from '../parallel/nats/address.js';
export { connectionRows, executorRows, joinRows, rankRows, submitRows } from '../parallel/parameters.js';
export { searchRows } from '../peaks/parameters.js';
export { piPlanRows, piRunRows } from '../pi/parameters.js';
export { fewFitText, ListedMultiples, tinyCellText } from '../pipeline/doubt.js';
export {
  enoughForAxes,
  mayAskForAxes,
  type SettledAxes,
  settledAxes,
} from '../pipeline/first-frames/known-axes.js';
export { writeStreamMaps } from '../pipeline/grid/write-maps.node.js';
export { inFlags, modeOf, type RunMode } from '../pipeline/modes.js';
export {
  acceptanceRows,
  cellFrameRows,
  checkGeometryRows,
  commandRows,
  gridRows,
  indexingRows,
  integrationRows,
  isList,
  joinStreamRows,
  type ListName,
  mapStreamRows,
  orientationRows,
  peakSourceRows,
  profileRows,
  refinementRows,
  refinePowderRows,
  refineStreamRows,
  regionRows,
  runRows,
  sinkRows,
  sourceRows,
  thresholdRows,
  unknownCellRows,
} from '../pipeline/parameters.js';
export { profileBins, readProfileRange } from '../pipeline/profile/options.js';
export { outputRules } from '../pipeline/sinks/output-options.js';
export { SpareWorkers } from '../pipeline/spare-workers.js';
export {
  listenRows,
  proxyRows,
  receivedRows,
  savedViewRows,
  startRows,
  viewRows,
  watchRows,
} from '../server/parameters.js';
export { StatusServer } from '../server/status-server.js';
export { withWatch } from '../server/watch-run.node.js';
export { workerStatus } from '../server/worker-status.js';
export {
  dectrisSimulationRows,
  frameSimulationRows,
  frameWritingRows,
  merlinSimulationRows,
  scanSimulationRows,
  scanWritingRows,
  simulationWritingRows,
  spotSimulationRows,
} from '../simulate/parameters.js';
export { readCalibration } from '../stem/calibrate/read-calibration.node.js';
export { limitsOf } from '../stem/output/numbers.js';
export {
  type AnalysisName,
  analysisRows,
  calibrateRows,
  knownAnalyses,
  newUdfRows,
  rowsOfAnalysis,
  scanRunRows,
} from '../stem/parameters.js';
export { detectorAddress } from '../udf/acquisition/connect.js';
export { worthCompiling } from '../udf/functions/worth-compiling.js';
export { liveRows } from '../udf/parameters.js';
export { countTexts } from '../udf/scans/count-texts.js';
export { maskWeights, readImageFile } from '../udf/scans/image-file.node.js';
export { checkNpyShape, readShapedNpy } from '../udf/scans/npy-shape.node.js';
export { roiOf, runRegion } from '../udf/scans/roi-text.node.js';
export { changesOf } from '../udf/scans/scan.js';
export {
  columnGroups,
  counted,
  formatFirstFrames,
  framesWithPeaks,
  progressLine,
  rateText,
  roughly,
} from '../util/amounts.js';
export { commaHint, decimal } from '../util/decimal.js';
export { messageOf } from '../util/errors.js';
export { fileReason } from '../util/file-errors.js';
export { median } from '../util/median.js';
export { exact, nearest } from '../util/options.js';
export { range } from '../util/range.js';
export { Repeats } from '../util/repeats.js';
export { factorWithError, withError } from '../util/with-error.js';
export { benchRows, validateRows } from '../validate/parameters.js';
export * from './shell.node.js';
