/** Where the module of a UDF comes from, as its definition states it. */
import type { PlatformUrl } from '../../base/globals.js';

/** Where a module is: its URL (`new URL('./name.wasm', import.meta.url)`), or its bytes. */
export type WasmUdfSource = string | PlatformUrl | Uint8Array;
