/** `ewald/ffi` in a browser: the header parser, and wasm modules as libraries. */
export { getLibHandle } from '../ffi/open-library.browser.js';
export * from '../ffi/public.js';
