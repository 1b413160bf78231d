// Counts random points inside the quarter circle.
// Counter-based: point i of a stream is a 32-bit word of Philox4x32-10 (Salmon et al., SC11), key = seed,
// counter = (b, b >> 32, stream, 0) with b = i / 4, word = i % 4; x is its low half, y its high half, each the
// centre (x + 1/2) / 2^16 of a cell. Inside means (x + 1/2)^2 + (y + 1/2)^2 < 2^32, in integers
// x (x + 1) + y (y + 1) < 2^32, which never overflows when tested as x (x + 1) <= ~(y (y + 1)).
// All backends count the same points, so their results are equal.
#pragma once
#include <cuda_runtime.h>

#include "ewald.h"

namespace ewald::cuda::pi {

constexpr unsigned kThreads = 256;

__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
  for (unsigned round = 0; round < EWALD_PHILOX_ROUNDS; ++round) {
    const unsigned high0 = __umulhi(EWALD_PHILOX_M0, counter.x), low0 = EWALD_PHILOX_M0 * counter.x;
    const unsigned high1 = __umulhi(EWALD_PHILOX_M1, counter.z), low1 = EWALD_PHILOX_M1 * counter.z;
    counter = make_uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key = make_uint2(key.x + EWALD_PHILOX_W0, key.y + EWALD_PHILOX_W1);
  }
  return counter;
}

__device__ __forceinline__ unsigned inside(unsigned word) {
  const unsigned x = word & 0xffffu, y = word >> 16;
  return x * (x + 1u) <= ~(y * (y + 1u));
}

// Adds to *hits the points of index first .. last (both included) that lie inside.
__global__ void count(ewald_pi_params params, unsigned long long first, unsigned long long last,
                      unsigned long long* hits);

}  // namespace ewald::cuda::pi
