/**
 * `ewald/shell`: what the commands of `ewald` do with files, as functions. Node alone, since browsers write no files.
 *
 *     import { convert } from 'ewald/shell';
 *     const { shape, bytes } = await convert('scan.mib', 'scan.h5', { packing: 'gzip' });    // ewald convert
 *
 * Files are written as the commands write them: whole or not at all, never over an input, and over another file only
 * with `force`.
 *
 * @module
 */

import { fileTransform, type TransformFile } from '../heffte/files/transform.node.js';
import { mpiComm } from '../parallel/communicator/mpi.node.js';
import { createContext } from './fft.node.js';
import { fft3d, fft3dR2c } from './heffte.node.js';

/** See {@link TransformFile}. */
export const transformFile: TransformFile = /* @__PURE__ */ fileTransform({ createContext, fft3d, fft3dR2c, mpiComm });

export type { FrameFormat, WrittenFrames } from '../frames/convert.js';
export { type ConvertOptions, convert } from '../frames/files/convert.node.js';
export { interruptedCode, interruptible, killable } from '../frames/files/interrupt.js';
export { linesOf } from '../frames/files/lines.js';
export { readNpyFile } from '../frames/files/npy.node.js';
export { filePieces } from '../frames/files/pieces.js';
export { expand, readBytes, readCellOption, readText } from '../frames/files/read.js';
export { checkOutput, type Output, openOutput, type WriteOptions, writeWhole } from '../frames/files/write.js';
export { metadataText } from '../frames/metadata-text.js';
export type { FileTransformKind, TransformedFile, TransformFileOptions } from '../heffte/files/wish.js';
export { statisticsRows } from '../merging/statistics/statistics.js';
export { type CheckedGeometry, checkGeometryFile } from '../pipeline/geometry/check-geometry-file.node.js';
export { powderText } from '../pipeline/geometry/powder-text.js';
export {
  type RefinedPowderGeometry,
  type RefinePowderGeometryOptions,
  refinePowderGeometry,
} from '../pipeline/geometry/refine-powder.node.js';
export {
  type RefineStreamGeometryOptions,
  refineStreamGeometry,
} from '../pipeline/geometry/refine-stream.node.js';
export { compareStreamFiles } from '../pipeline/streams/compare-files.node.js';
export { streamRow } from '../pipeline/streams/info.js';
export { refinementText } from '../refinement/geometry-text.js';
export { type ServedPages, servePages } from '../server/serve-pages.node.js';
export { type RunWatch, type WatchedWork, type WatchRunOptions, watchRun } from '../server/watch-run.node.js';
export type { SimulationWriting } from '../simulate/describe.js';
export type { ScanSimulation, ScanTruth } from '../simulate/scan.js';
export { type SimulatedFiles, type SimulateFramesOptions, simulateFrames } from '../simulate/write-frames.node.js';
export { type SimulatedScanFiles, type SimulateScanOptions, simulateScan } from '../simulate/write-scan.node.js';
export { type SimulatedLists, simulateSpotLists } from '../simulate/write-spots.node.js';
export { calibrationTexts } from '../stem/calibrate/text.js';
export type { NamedResult } from '../stem/output/named-results.js';
export { checkRunToFiles, type RunToFilesOptions, runToFiles } from '../stem/output/run-to-files.node.js';
export { type NewUdfOptions, newUdf } from '../stem/project/new-project.node.js';
export { type UdfLanguage, udfProject } from '../stem/project/project.js';
export { loadUdfs } from '../udf/functions/load-udfs.node.js';
export { csvText } from '../util/csv.js';
export type { TransformFile };
