// Sums over a warp and over a block.
#pragma once
#include <cuda_runtime.h>

#include "shared.h"

namespace ewald::cuda {

constexpr unsigned kFullWarp = 0xffffffffu;

// Sum over the 32 lanes; valid in lane 0. All lanes must call it.
template <class T>
__device__ __forceinline__ T warpSum(T value) {
  for (int delta = 16; delta > 0; delta >>= 1) value += __shfl_down_sync(kFullWarp, value, delta);
  return value;
}

// Sum over a one-dimensional block of `Threads`; valid in thread 0. The whole block must call it; it ends with a
// barrier, so it may be called again immediately.
template <unsigned Threads, class T>
__device__ __forceinline__ T blockSum(T value) {
  static_assert(Threads % 32 == 0 && Threads <= 1024, "whole warps");
  constexpr unsigned warps = Threads / 32;
  EWALD_SHARED(T, warpSums, warps);
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  value = warpSum(value);
  if (lane == 0) warpSums[warp] = value;
  __syncthreads();
  if (warp == 0) value = warpSum(lane < warps ? warpSums[lane] : T(0));
  __syncthreads();
  return value;
}

}  // namespace ewald::cuda
