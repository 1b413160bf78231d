/**
 * What the command alone uses, beside `ewald/shell`: the parameter rows from which its flags and its help are made, and
 * the words of its messages. Not public.
 */

export {
  columnGroups,
  counted,
  formatFirstFrames,
  framesWithPeaks,
  progressLine,
  rateText,
  roughly,
} from '../base/amounts.js';
export { refuseBy } from '../base/call-options.js';
export { type CrystfelProgram, compatRow, fromCrystfelFlags } from '../base/crystfel-flags.js';
export { commaHint, decimal } from '../base/decimal.js';
export { messageOf } from '../base/errors.js';
export { fileReason } from '../base/file-errors.js';
export { sliceOf, untilOf } from '../base/frame-slice.js';
export {
  explainWord,
  explanationsText,
  type FoundParameter,
  type HelpFlag,
  type HelpPage,
  helpEntry,
  helpPage,
  helpRequest,
} from '../base/help-text.js';
export { median } from '../base/median.js';
export { exact, nearest } from '../base/options.js';
export { flagOf, helpText, kebab, ownerOf, rowOfFlag, wrapped } from '../base/parameter-text.js';
export {
  checkParameter,
  type FlagValues,
  grouped,
  type Mode,
  type NameOption,
  namesOf,
  type Parameter,
  type Parameters,
  refuseOthers,
  renameInMessage,
  type Values,
} from '../base/parameters.js';
export { range } from '../base/range.js';
export { Repeats } from '../base/repeats.js';
export { inShell } from '../base/shell-words.js';
export { answerSignalsOnce } from '../core/backends/native/addon-calls.js';
export { parseBackend } from '../core/backends/open.js';
export { ranksOfJob } from '../core/communicator/job.js';
export { piPlanRows, piRunRows } from '../core/pi/parameters.js';
export { cellFromParameters } from '../crystal/cell.js';
export { regionProblem } from '../crystal/stream/regions.js';
export { parseAddress } from '../executors/nats/address.js';
export { connectionRows, executorRows, joinRows, rankRows, submitRows } from '../executors/parameters.js';
export { findLibrary } from '../interop/ffi/native/find.js';
export { libraryRows } from '../interop/ffi/parameters.js';
export { isCutFile } from '../io/data/cut-files.js';
export { formats } from '../io/data/formats/table.js';
export { convertRows, inspectRows, openRows } from '../io/data/parameters.js';
export { lengthsHint, middleOf } from '../io/data/spot-list.js';
export { wholeMachine } from '../io/files/inside.js';
export { killableCall } from '../io/files/interrupt.js';
export { refuseSame } from '../io/files/names.js';
export { isPipe } from '../io/files/pieces.js';
export { inputName } from '../io/files/read.js';
export { isWrittenThrough } from '../io/files/write.js';
export { figureRows } from '../io/report/figure-rows.js';
export {
  dectrisSimulationRows,
  frameSimulationRows,
  frameWritingRows,
  merlinSimulationRows,
  scanSimulationRows,
  scanWritingRows,
  simulationWritingRows,
  spotSimulationRows,
} from '../io/simulate/parameters.js';
export { cellSearchRows, checkCellSearch, minimumSpots } from '../serial/indexing/parameters.js';
export { regionSplitOf } from '../serial/merging/collection/region-split.js';
export { mergeWriting } from '../serial/merging/lists/writing.js';
export { mergeMode, mergeRows } from '../serial/merging/parameters.js';
export {
  checkListRows,
  compareListsRows,
  convertListRows,
  formatListRows,
} from '../serial/merging/reflections/parameters.js';
export { oddsText, spaceGroupText, twinText } from '../serial/merging/reflections/words.js';
export { searchRows } from '../serial/peaks/parameters.js';
export { fewFitText, ListedMultiples, tinyCellText } from '../serial/pipeline/doubt.js';
export {
  enoughForAxes,
  mayAskForAxes,
  type SettledAxes,
  settledAxes,
} from '../serial/pipeline/first-frames/known-axes.js';
export { writeStreamMaps } from '../serial/pipeline/grid/write-maps.node.js';
export { inFlags, modeOf, type RunMode } from '../serial/pipeline/modes.js';
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
  peakSourceRows,
  profileRows,
  refinementRows,
  refineStreamRows,
  regionRows,
  runRows,
  sinkRows,
  sourceRows,
  thresholdRows,
  unknownCellRows,
} from '../serial/pipeline/parameters.js';
export { profileBins, readProfileRange } from '../serial/pipeline/profile/options.js';
export { outputRules } from '../serial/pipeline/sinks/output-options.js';
export { SpareWorkers } from '../serial/pipeline/spare-workers.js';
export { failedTogether } from '../transforms/heffte/files/on-ranks.node.js';
export { transformRows } from '../transforms/heffte/parameters.js';
export { detectorAddress } from '../udf/acquisition/connect.js';
export { liveRows } from '../udf/acquisition/parameters.js';
export { readCalibration } from '../udf/calibrate/read-calibration.node.js';
export { worthCompiling } from '../udf/functions/worth-compiling.js';
export { missingNumbers } from '../udf/output/named-results.js';
export {
  type AnalysisName,
  analysisRows,
  calibrateRows,
  knownAnalyses,
  newUdfRows,
  rowsOfAnalysis,
  scanRunRows,
} from '../udf/parameters.js';
export { maskWeights, readImageFile } from '../udf/scans/image-file.node.js';
export { replacedText } from '../udf/scans/no-counts.js';
export { checkNpyShape, readShapedNpy } from '../udf/scans/npy-shape.node.js';
export { roiOf, runRegion } from '../udf/scans/roi-text.node.js';
export { changesOf } from '../udf/scans/scan.js';
export { listenRows, receivedRows, viewRows, watchRows } from '../whole/serving/parameters.js';
export { StatusServer } from '../whole/serving/status-server.js';
export { withWatch } from '../whole/serving/watch-run.node.js';
export { workerStatus } from '../whole/serving/worker-status.js';
export { benchRows, validateRows } from '../whole/validate/parameters.js';
export * from './shell.node.js';
