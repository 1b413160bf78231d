// Counts of a run and its peaks.
struct Found { candidates: atomic<u32>, seeds: atomic<u32>, peaks: atomic<u32>, pad: u32, list: array<Peak> }
