/** Exports that both builds of `ewald/data` share. */
export { EwaldError, type EwaldErrorTag, isEwaldError } from '../util/errors.js';
export type { ByteSource, ReadOptions, SiblingOptions } from './byte-source.js';
export type { CodecsOptions } from './codecs/browser.js';
export type { Codec, CodecName, Codecs } from './codecs/codecs.js';
export {
  type FrameFormat,
  type FrameSink,
  type WriteFramesOptions,
  type WrittenFrames,
  writeFrames,
} from './convert.js';
export { badPixel, type CorrectionOptions, Corrections, staticMask } from './corrections.js';
export type {
  ArrayEntry,
  Axis,
  Dataset,
  DatasetShape,
  FieldValues,
  FrameRange,
  ListedPeaks,
  Metadata,
  Note,
  ReadFramesOptions,
  ReadMaskOptions,
  ReadPeaksOptions,
  SizeCheck,
  XY,
} from './dataset.js';
export { type DataType, dataTypes, type FrameArray } from './dtype.js';
export type { Detection, FormatOptions } from './format.js';
export { type MemoryOptions, memoryDataset } from './formats/memory.js';
export type { FileReport, FrameStatistics, Inspect, InspectOptions } from './inspect.js';
export type { Candidate, OpenOptions } from './open.js';
export type { BytesInput, DataInput } from './source-of.js';
export { type BlobSourceOptions, blobSource } from './sources/blob.js';
export { type HttpSourceOptions, httpSource } from './sources/http.js';
export { memorySource } from './sources/memory.js';
