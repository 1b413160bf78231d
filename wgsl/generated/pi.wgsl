// Generated from src/compute/layout/pi.ts by `npm run layout`. Do not edit.

// One Monte Carlo count: which points of which Philox stream are thrown.
struct PiParams {
  seed_lo: u32, // low half of the 64-bit seed, the first key word
  seed_hi: u32, // high half of the seed, the second key word
  stream: u32, // independent stream, the third counter word
  threads: u32, // host threads; 0 takes one a core
  first_lo: u32, // index of the first point, low half
  first_hi: u32, // index of the first point, high half
  points_lo: u32, // number of points, low half
  points_hi: u32, // number of points, high half
}
