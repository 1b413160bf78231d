/**
 * `ewald/ffi` in Node: headers and libraries from files, native libraries through koffi, wasm modules as in a browser.
 */
export { getLibHandle, includeFrom, nativeMemory, parseHeaderFile } from '../interop/ffi/open-library.node.js';
export * from '../interop/ffi/public.js';
