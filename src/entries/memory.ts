/** `ewald/memory`: rows addressed through a pointer table, in JavaScript, in a wasm heap or in the process. */
export * from '../memory/public.js';
