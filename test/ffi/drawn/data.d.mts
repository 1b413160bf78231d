/** Calls of some libraries in C and by the header. */
export const data: import('./run.mjs').Entry[];
