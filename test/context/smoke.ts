/** Hits of a million points with seed 1, the same on every backend and platform. */
export const piHits = 785537n;
