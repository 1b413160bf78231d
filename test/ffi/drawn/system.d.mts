/** Calls of some libraries in C and by the header. */
export const system: import('./run.mjs').Entry[];
