/** `ewald/memory`: rows behind a table of addresses, in JavaScript, in a wasm heap or in the process. */
export * from '../memory/public.js';
