/** The public names of memory. */
export { BufferCollection2D } from './collection.js';
export type { Keeper } from './disposable.js';
export { BufferError, type BufferErrorCode } from './errors.js';
export { type Format, formatOf, parseFormat, type TypedArray, type Value, type ValueOf } from './format.js';
export { type CollectionOptions, IndirectMemory2D, type MemoryOptions, type TypedPointer } from './indirect.js';
export type { DataModel } from './model.js';
export type { RowView } from './row-view.js';
export { Rows } from './rows.js';
export type { ArrayLike, Located, StridedArray } from './source.js';
export {
  type Address,
  type Allocation,
  jsMemory,
  type MemorySpace,
  type NativeAccess,
  NativeSpace,
  type Span,
  type WasmHeap,
  WasmSpace,
} from './space.js';
export { View2D } from './view.js';
