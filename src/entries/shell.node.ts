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
import { mpiComm } from '../core/communicator/mpi.node.js';
import { fileTransform, type TransformFile } from '../transforms/heffte/files/transform.node.js';
import { createContext } from './fft.node.js';
import { fft3d, fft3dR2c } from './heffte.node.js';

/** See {@link TransformFile}. */
export const transformFile: TransformFile = /* @__PURE__ */ fileTransform({ createContext, fft3d, fft3dR2c, mpiComm });

export { csvText } from '../base/csv.js';
export type { FrameFormat, WrittenFrames } from '../io/data/convert.js';
export { metadataText } from '../io/data/metadata-text.js';
export { type ConvertOptions, convert } from '../io/files/convert.node.js';
export { interruptedCode, interruptible, killable } from '../io/files/interrupt.js';
export { linesOf } from '../io/files/lines.js';
export { readNpyFile } from '../io/files/npy.node.js';
export { filePieces } from '../io/files/pieces.js';
export { expand, readBytes, readCellOption, readText } from '../io/files/read.js';
export { checkOutput, type Output, openOutput, type WriteOptions, writeWhole } from '../io/files/write.js';
export {
  type WriteFiguresOptions,
  type WrittenFigure,
  writeFigures,
} from '../io/report/write-figures.node.js';
export type { SimulationWriting } from '../io/simulate/describe.js';
export type { ScanSimulation, ScanTruth } from '../io/simulate/scan.js';
export { type SimulatedFiles, type SimulateFramesOptions, simulateFrames } from '../io/simulate/write-frames.node.js';
export { type SimulatedScanFiles, type SimulateScanOptions, simulateScan } from '../io/simulate/write-scan.node.js';
export { type SimulatedLists, simulateSpotLists } from '../io/simulate/write-spots.node.js';
export { statisticsRows } from '../serial/merging/statistics/statistics.js';
export { type CheckedGeometry, checkGeometryFile } from '../serial/pipeline/geometry/check-geometry-file.node.js';
export {
  type RefineStreamGeometryOptions,
  refineStreamGeometry,
} from '../serial/pipeline/geometry/refine-stream.node.js';
export { compareStreamFiles } from '../serial/pipeline/streams/compare-files.node.js';
export { streamRow } from '../serial/pipeline/streams/info.js';
export { refinementText } from '../serial/refinement/geometry-text.js';
export type { FileTransformKind, TransformedFile, TransformFileOptions } from '../transforms/heffte/files/wish.js';
export { calibrationTexts } from '../udf/calibrate/text.js';
export { loadUdfs } from '../udf/functions/load-udfs.node.js';
export type { NamedResult } from '../udf/output/named-results.js';
export { checkRunToFiles, type RunToFilesOptions, runToFiles } from '../udf/output/run-to-files.node.js';
export { type NewUdfOptions, newUdf } from '../udf/project/new-project.node.js';
export { type UdfLanguage, udfProject } from '../udf/project/project.js';
export { type ServedPages, servePages } from '../whole/serving/serve-pages.node.js';
export { type RunWatch, type WatchedWork, type WatchRunOptions, watchRun } from '../whole/serving/watch-run.node.js';
export type { TransformFile };
