/** Data models: the sizes of pointers and of C's types on a target. */

/** `lp64` Linux and macOS, `llp64` Windows, `wasm32` WebAssembly. */
export type DataModel = 'lp64' | 'llp64' | 'wasm32';

/** Bytes of a pointer. */
export const pointerBytes: Readonly<Record<DataModel, 4 | 8>> = { lp64: 8, llp64: 8, wasm32: 4 };
/** Bytes of `long`. */
export const longBytes: Readonly<Record<DataModel, 4 | 8>> = { lp64: 8, llp64: 4, wasm32: 4 };
