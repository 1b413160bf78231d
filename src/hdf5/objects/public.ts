/** Exports that both builds of `ewald/hdf5` share. */

export type { ByteSource, ReadOptions, SiblingOptions } from '../../bytes/byte-source.js';
export type { Codecs } from '../../bytes/codecs/codecs.js';
export type { DataType, FrameArray } from '../../bytes/dtype.js';
export type { BytesInput, DataInput } from '../../bytes/source-of.js';
export { type BlobSourceOptions, blobSource } from '../../bytes/sources/blob.js';
export { type HttpSourceOptions, httpSource } from '../../bytes/sources/http.js';
export { memorySource } from '../../bytes/sources/memory.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from '../../util/errors.js';
export type { Hdf5Reference as HdfReference } from '../references.js';
export type { Hdf5Value as HdfValue } from '../values.js';
export type { HdfElementType } from './element-type.js';
export type { HdfBlocks, HdfRange, HdfSelection } from './hyperslab.js';
export type {
  HdfAttribute,
  HdfDataset,
  HdfFilter,
  HdfGroup,
  HdfLink,
  HdfNamedType,
  HdfNode,
  HdfReadOptions,
  HdfValues,
} from './nodes.js';
export type { HdfFile, HdfOpenOptions, OpenHdfFile } from './open.js';
