/** The public names of memory. */
export { BufferCollection2D } from './collection.js';
export type { Keeper } from './disposable.js';
export type { ArrayLike, Located, StridedArray } from './elements.js';
export { BufferError, type BufferErrorCode } from './errors.js';
export { type Format, formatOf, parseFormat, type TypedArray, type Value, type ValueOf } from './format.js';
export { type CollectionOptions, IndirectMemory2D } from './indirect.js';
export type { DataModel } from './model.js';
export type { MemoryOptions, TypedPointer } from './pointer-table.js';
export type { RowView } from './row-view.js';
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
