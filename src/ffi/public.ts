/** The names that both builds of `ewald/ffi` export. */

export { CArray } from './carray.js';
export { type Ending, type Ends, findEnds, type GivenEnds, type HandleOptions } from './ends.js';
export type { Directed, Direction } from './frame.js';
export { type Definitions, type ParseOptions, parseHeader } from './header/parse.js';
export type { Include } from './header/preprocess.js';
export type { Position, SourceFile } from './header/source.js';
export {
  type CConstant,
  type CEnum,
  type CField,
  type CFunction,
  type CParameter,
  type CStruct,
  type CType,
  type DataModel,
  type Declared,
  type FunctionTable,
  type ScalarName,
  signature,
  typeText,
} from './header/types.js';
export { Callback } from './kept-callback.js';
export { type BindOptions, type Library, type LibraryFunction, LibraryTools, toolsOf } from './library.js';
export { type HeaderText, type LibraryOptions, tableFor } from './options.js';
export { Handle, Pointer } from './pointer.js';
export { type ModuleOptions, writeModule } from './typescript.js';
export { exportedSignatures, signatureText, type WasmSignature, type WasmType } from './wasm/binary.js';
export type { WasmSource } from './wasm/module.js';
export { declaredSignature } from './wasm/types.js';
