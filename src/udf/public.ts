/** Exports that both builds of `ewald/udf` share. */

export { EwaldError, type EwaldErrorTag, isEwaldError } from '../base/errors.js';
export { type CorrectionOptions, Corrections } from '../io/data/corrections.js';
export type { CustomDataset } from '../io/data/custom.js';
export type { Dataset, FrameRange } from '../io/data/dataset.js';
export type { SparseFrames } from '../io/data/sparse.js';
export type { DectrisSimulator, SimulateDectrisOptions } from '../io/simulate/dectris-options.js';
export type { MerlinFault, MerlinSimulator, SimulateMerlinOptions } from '../io/simulate/merlin-options.js';
export type { Acquisition, Announcement, FrameFormat, LiveStatus } from './acquisition/acquisition.js';
export type { DetectorConnection, NextScanOptions } from './acquisition/connection.js';
export type { DetectorControl } from './acquisition/detector-control.js';
export type { LiveScan } from './acquisition/live-scan.js';
export type { DetermineNavShape, NavShapeHint } from './acquisition/nav-shape.js';
export type { DetectorOptions } from './acquisition/options.js';
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
} from './context-options.js';
export type { FoundDisks } from './disks/contract.js';
export type { DiskCorrelation, DiskFinder, DiskFinderOptions, DiskRefinement } from './disks/finder.js';
export type { Lattice, LatticeMatch } from './disks/lattice.js';
export type { DiskPattern } from './disks/patterns.js';
export { findDiskPeaks } from './disks/peaks.js';
export { type StrainDecomposition, type StrainMaps, type StrainOptions, strainMaps } from './disks/strain.js';
export { type DiskUdfOptions, diskUdf } from './disks/udf.js';
export { type ClusterSpec, clusterSpec, type DetectedDevices, executorFor } from './execution/devices.js';
export type { NoCounts } from './execution/frame-counts.js';

export { type AuxData, auxData } from './functions/aux.js';
export {
  type BufferDeclaration,
  type BufferDeclarations,
  type BufferKind,
  ResultBuffer,
  type Results,
  type Views,
} from './functions/buffers.js';
export type { InspectedBuffer, UdfInspection } from './functions/display.js';
export type { BufferDtype, DtypeArrays } from './functions/dtypes.js';
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
} from './functions/udf.js';
export type { UdfReport, ValidatedResult, ValidateUdfOptions } from './functions/validate-udf.js';
export {
  estimateSideband,
  type HolographyOptions,
  holographyUdf,
  type SidebandEstimate,
} from './holography/udf.js';
export { colourOf, robustLimits, toRgba, vectorsToRgba } from './images/colormap.js';
export { type GuessedCorrections, guessCorrections } from './images/field.js';
export { fourierMagnitude } from './images/fourier.js';
export { type IntegrateOptions, integrateField } from './images/integrate.js';
export * as masks from './images/masks.js';
export { VirtualCom, type VirtualComOptions, VirtualDetector } from './images/virtual-detectors.js';
export type { LivePicture } from './live/picture.js';
export type { PictureSink, PlotsOption } from './live/plots.js';
export type { ScanView, ScanViewer, ViewedScan } from './live/scan-view.js';
export type {
  FramePass,
  FramePassMethods,
  FramePassOptions,
  FrameSums,
  PassDtype,
  PassStep,
  Spans,
  SparseMasks,
} from './pass/pass.js';
export type { CorrectionSet } from './scans/corrections.js';
export {
  type ResidentProgress,
  ResidentScan,
  type ResidentScanOptions,
  residentBytes,
  residentScan,
} from './scans/resident.js';
export type { Coordinate, Roi } from './scans/roi.js';
export type { FollowOptions, LoadOptions, Scan, ScanCounts, ScanMemoryOptions, SyncInfo } from './scans/scan.js';
export { electronWavelength, type SsbOptions } from './ssb/geometry.js';
export { type ResidentSsb, residentSsb, type SsbImages, ssbUdf } from './ssb/udf.js';
