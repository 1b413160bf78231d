/** Exports that both builds of `ewald/data` share. */

export type { ByteSource, ReadOptions, SiblingOptions } from '../bytes/byte-source.js';
export type { CodecsOptions } from '../bytes/codecs/browser.js';
export type { Codec, CodecName, Codecs } from '../bytes/codecs/codecs.js';
export { type DataType, dataTypes, type FrameArray } from '../bytes/dtype.js';
export type { BytesInput, DataInput } from '../bytes/source-of.js';
export { type BlobSourceOptions, blobSource } from '../bytes/sources/blob.js';
export { type HttpSourceOptions, httpSource } from '../bytes/sources/http.js';
export { memorySource } from '../bytes/sources/memory.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from '../util/errors.js';
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
export type { Detection, FormatOptions } from './format.js';
export { type MemoryOptions, memoryDataset } from './formats/memory.js';
export type { FileReport, FrameStatistics, Inspect, InspectOptions } from './inspect.js';
export type { Candidate, OpenOptions } from './open.js';
