/** `ewald/memory`: rows behind a table of addresses, in JavaScript, in a wasm heap or in the process. */
export { BufferCollection2D } from '../memory/collection.js';
export type { Keeper } from '../memory/disposable.js';
export { BufferError, type BufferErrorCode } from '../memory/errors.js';
export { type Format, formatOf, parseFormat, type TypedArray, type Value, type ValueOf } from '../memory/format.js';
export { type CollectionOptions, IndirectMemory2D, type MemoryOptions, type TypedPointer } from '../memory/indirect.js';
export type { DataModel } from '../memory/model.js';
export { RaggedRows } from '../memory/ragged.js';
export { RowView } from '../memory/row-view.js';
export { Rows } from '../memory/rows.js';
export type { ArrayLike, Located, StridedArray } from '../memory/source.js';
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
} from '../memory/space.js';
export { View2D } from '../memory/view.js';
