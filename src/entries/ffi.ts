/** `ewald/ffi` in a browser: the header parser, and wasm modules as libraries. */
export { getLibHandle } from '../interop/ffi/open-library.browser.js';
export * from '../interop/ffi/public.js';
