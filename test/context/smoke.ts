/** Hits of a million points with seed 1: every backend, every platform. */
export const piHits = 785537n;
