/** The names that every build exports, whatever the platform. */
export type { ArrayOptions, DeviceArray, DeviceArrayMethods } from './arrays/array.js';
export type { ArrayDtype, ArrayNumbers, DtypesOf, NumbersOf, NumberType } from './arrays/numbers.js';
export type { AuditOptions, AuditReport } from './audit.js';
export type { BackendName, DeviceInfo, WasmSource } from './backends/backend.js';
export type { DeviceReport } from './backends/open.js';
export type { BackendInfo, Context, ContextMethods, ContextOptions } from './context.js';
export { type BravaisCandidate, type BravaisType, bravaisCandidates } from './crystal/bravais.js';
export {
  anglesOf,
  type Cell,
  cellFrom,
  cellFromParameters,
  lengthsOf,
  reciprocal,
  sameLattice,
  type Vector,
  volume,
} from './crystal/cell.js';
export { type KnownCell, readCell } from './crystal/cell-file.js';
export type { Centring } from './crystal/centring.js';
export { type MisorientationOptions, misorientation } from './crystal/lattice-match.js';
export { niggli, type ReducedCell } from './crystal/niggli.js';
export { cellSimilarity, covers, isViable } from './crystal/similarity.js';
export { formatNpy, type NpyArray, readNpy } from './data/npy.js';
export { formatSpotList, readSpotList, type SpotList, type SpotListOptions, type SpotUnit } from './data/spot-list.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from './errors.js';
export type { EngineReport, ExternalEngine } from './fft/engines.js';
export type {
  FftArray,
  FftData,
  FftDtype,
  FftEngine,
  FftKind,
  FftOptions,
  FftPlan,
  FftPlanMethods,
  FftPrecision,
  FftRun,
  FftRunOptions,
  FftScale,
  KeptAxis,
  R2rKind,
} from './fft/fft.js';
export {
  convolve,
  correlate,
  type FoldMode,
  fftfreq,
  fftshift,
  goodLength,
  ifftshift,
  rfftfreq,
  type Shaped,
} from './fft/helpers.js';
export type { FftWisdom } from './fft/wisdom.js';
export {
  type CentredCell,
  type Crystal,
  type FoundCell,
  type ImageView,
  type Indexer,
  type IndexerMethods,
  type IndexerOptions,
  type IndexingInput,
  type IndexingMethod,
  IndexingResult,
  type IndexingStages,
  type IndexingThresholds,
  type KnownCellsInput,
  type PickedDirection,
  type Refinement,
  type SearchedCell,
  type StageVector,
  type StreamItem,
  type StreamOptions,
  type StreamResult,
} from './indexing/indexer.js';
export type { Log, LogLevel, LogSink } from './log.js';
export type { PiOptions, PiPlan, PiPlanMethods, PiResult, PiRunOptions } from './pi/pi.js';
export type { Disposable } from './resource.js';
export { type SimulatedImage, type SpotSimulation, simulateSpotImages, simulateSpots } from './simulate/spots.js';
export { version } from './version.js';
