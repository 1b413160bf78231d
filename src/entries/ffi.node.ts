/**
 * `ewald/ffi` in Node: headers and libraries from files, native libraries through koffi, wasm modules as in a browser.
 */
export { getLibHandle, includeFrom, nativeMemory, parseHeaderFile } from '../ffi/open-library.node.js';
export * from '../ffi/public.js';
