/** Exports that both builds of `ewald/udf` share. */

export { type CorrectionOptions, Corrections } from '../frames/corrections.js';
export type { CustomDataset } from '../frames/custom.js';
export type { Dataset, FrameRange } from '../frames/dataset.js';
export type { SparseFrames } from '../frames/sparse.js';
export type { DectrisSimulator, SimulateDectrisOptions } from '../simulate/dectris-options.js';
export type { MerlinFault, MerlinSimulator, SimulateMerlinOptions } from '../simulate/merlin-options.js';
export type { Acquisition, Announcement, FrameFormat, LiveStatus } from '../udf/acquisition/acquisition.js';
export type { DetectorConnection, NextScanOptions } from '../udf/acquisition/connection.js';
export type { DetectorControl } from '../udf/acquisition/detector-control.js';
export type { LiveScan } from '../udf/acquisition/live-scan.js';
export type { DetermineNavShape, NavShapeHint } from '../udf/acquisition/nav-shape.js';
export type { DetectorOptions } from '../udf/acquisition/options.js';
export type {
  ExportOptions,
  MakeWithOptions,
  PartialOfRun,
  PartialResults,
  PartialRun,
  RecordOptions,
  ResultsOf,
  RunResults,
  UdfContextOptions,
  UdfProgress,
  UdfRunOptions,
} from '../udf/context-options.js';
export type { FoundDisks } from '../udf/disks/contract.js';
export type { DiskCorrelation, DiskFinder, DiskFinderOptions, DiskRefinement } from '../udf/disks/finder.js';
export type { DiskPattern } from '../udf/disks/patterns.js';
export { type ClusterSpec, clusterSpec, type DetectedDevices, executorFor } from '../udf/execution/executors.js';
export { type AuxData, auxData } from '../udf/functions/aux.js';
export {
  type BufferDeclaration,
  type BufferDeclarations,
  type BufferKind,
  ResultBuffer,
  type Results,
  type Views,
} from '../udf/functions/buffers.js';
export type { InspectedBuffer, UdfInspection } from '../udf/functions/display.js';
export type { BufferDtype, DtypeArrays } from '../udf/functions/dtypes.js';
export {
  type AnyUdf,
  defineUdf,
  type FrameMethod,
  type FrameScope,
  type MergeScope,
  type PartitionMeta,
  type PartitionScope,
  type PrepareScope,
  type SparseScope,
  type SynchronousPlan,
  type TileScope,
  type Tiling,
  type Udf,
  type UdfDefinition,
  type UdfFrames,
  type UdfMeta,
  type UdfParams,
  type UdfScope,
} from '../udf/functions/udf.js';
export { colourOf, robustLimits, toRgba, vectorsToRgba } from '../udf/live/colormap.js';
export type { LivePicture } from '../udf/live/picture.js';
export type { PictureSink, PlotsOption } from '../udf/live/plots.js';
export type { ScanView, ScanViewer, ViewedScan } from '../udf/live/scan-view.js';
export * as masks from '../udf/pass/masks.js';
export type {
  FramePass,
  FramePassMethods,
  FramePassOptions,
  FrameSums,
  PassDtype,
  PassStep,
  Spans,
  SparseMasks,
} from '../udf/pass/pass.js';
export type { CorrectionSet } from '../udf/scans/corrections.js';
export type { NoCounts } from '../udf/scans/frame-counts.js';
export {
  type ResidentProgress,
  ResidentScan,
  type ResidentScanOptions,
  residentBytes,
  residentScan,
} from '../udf/scans/resident.js';
export type { Coordinate, Roi } from '../udf/scans/roi.js';
export type { FollowOptions, LoadOptions, Scan, ScanCounts, ScanMemoryOptions, SyncInfo } from '../udf/scans/scan.js';
export { VirtualDetector } from '../udf/scans/virtual-detectors.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from '../util/errors.js';
export type { Analysis, AnalysisResults, Channel, ChannelAxis } from './analyses/analysis.js';
export type * from './analyses/create.js';
export type { ComImages, ComParams } from './builtin/com.js';
export type { MasksParams } from './builtin/masks.js';
export {
  comUdf,
  crystallinityUdf,
  femUdf,
  logSumUdf,
  masksUdf,
  maxUdf,
  minUdf,
  pickUdf,
  pixelsUdf,
  type ReadyUdf,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from './builtin/ready.js';
export type { CalibrateOptions } from './calibrate/calibrate.js';
export type { Calibration, PixelRuns, Refused } from './calibrate/calibration.js';
export type { Lattice, LatticeMatch } from './disks/lattice.js';
export { findDiskPeaks } from './disks/peaks.js';
export { type StrainDecomposition, type StrainMaps, type StrainOptions, strainMaps } from './disks/strain.js';
export { type DiskUdfOptions, diskUdf } from './disks/udf.js';
export {
  estimateSideband,
  type HolographyOptions,
  holographyUdf,
  type SidebandEstimate,
} from './holography/udf.js';
export { type GuessedCorrections, guessCorrections } from './images/field.js';
export { fourierMagnitude } from './images/fourier.js';
export { type IntegrateOptions, integrateField } from './images/integrate.js';
export { VirtualCom, type VirtualComOptions } from './images/virtual-com.js';
export { electronWavelength, type SsbOptions } from './ssb/geometry.js';
export { type ResidentSsb, residentSsb, type SsbImages, ssbUdf } from './ssb/udf.js';
export type { UdfReport, ValidatedResult, ValidateUdfOptions } from './validate-udf.js';
