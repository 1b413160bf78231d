// Philox4x32-10: a random block is a pure function of (counter, key), so any point of any stream can be computed
// anywhere, in any order, on any device (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3.
// SC11). Counterpart of cpp/pi/philox.h.
#include "generated/random.wgsl"
#include "common/u64.wgsl"

// The block of one counter, written as in the paper.
fn philox(first: vec4u, first_key: vec2u) -> vec4u {
  var counter = first;
  var key = first_key;
  for (var round = 0u; round < PHILOX_ROUNDS; round++) {
    counter = vec4u(
      multiply_high(counter.z, PHILOX_M1) ^ counter.y ^ key.x, counter.z * PHILOX_M1,
      multiply_high(counter.x, PHILOX_M0) ^ counter.w ^ key.y, counter.x * PHILOX_M0);
    key += vec2u(PHILOX_W0, PHILOX_W1);
  }
  return counter;
}
