/** Calls of some libraries in C and by the header. */
export const sound: import('./run.mjs').Entry[];
