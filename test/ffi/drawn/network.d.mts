/** Calls of some libraries in C and by the header. */
export const network: import('./run.mjs').Entry[];
