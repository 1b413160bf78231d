// Sums over lanes that every lane receives, positions for selected items, and a sort. The results do not depend on the
// order in which the threads run.
#pragma once
#include "../common/warp.cuh"
#include "indexing/least_squares.h"
#include "plan.cuh"

namespace ewald::cuda::indexing {

__device__ __forceinline__ int lane_index() { return int(threadIdx.x % 32); }
__device__ __forceinline__ int warp_index() { return int(threadIdx.x / 32); }

// To the nearest integer, halves to even, for |x| < 2^22: two additions replace an instruction that runs at an eighth
// of their rate.
__device__ __forceinline__ float round_even(float x) { return __fsub_rn(__fadd_rn(x, 12582912.0f), 12582912.0f); }

// 1 for a negative number, else 0: counts by one instruction, a shift and an addition.
__device__ __forceinline__ int sign_bit(float x) { return int(__float_as_uint(x) >> 31); }

// A number for the arithmetic of vector_fit.h: one candidate instead of one per lane.
EWALD_HD float splat(float x) { return x; }

// The sum over groups of `group` neighbouring lanes, a power of two; with the same bits in each lane. All lanes of the
// warp must call it.
template <class T>
__device__ __forceinline__ T group_sum(T value, int group) {
  for (int d = 1; d < group; d *= 2) value += __shfl_xor_sync(kFullWarp, value, d);
  return value;
}
template <class T>
__device__ __forceinline__ T all_sum(T value) {
#pragma unroll
  for (int d = 1; d < 32; d *= 2) value += __shfl_xor_sync(kFullWarp, value, d);
  return value;
}

// Threads that work together and all have the sums: a warp, or the block.
struct OneWarp {
  static constexpr int size = 32;
  static __device__ __forceinline__ int index() { return lane_index(); }
  static __device__ __forceinline__ void sync() { __syncwarp(); }
};
struct WholeBlock {
  static constexpr int size = kThreads;
  static __device__ __forceinline__ int index() { return int(threadIdx.x); }
  static __device__ __forceinline__ void sync() { __syncthreads(); }
};

// The sums over a team; counts are exact in float32. For the block they go through shared memory, in the order of the
// warps.
template <class Team, int N>
__device__ __forceinline__ void team_sum(const Block& b, float (&v)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) v[i] = all_sum(v[i]);
  if constexpr (Team::size > 32) {
    static_assert(N <= team_sums);
    State& s = b.state();
    if (lane_index() == 0) {
#pragma unroll
      for (int i = 0; i < N; i++) s.sums[warp_index()][i] = v[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < N; i++) {
      v[i] = s.sums[0][i];
#pragma unroll
      for (int w = 1; w < kWarps; w++) v[i] += s.sums[w][i];
    }
    __syncthreads();
  }
}

__device__ __forceinline__ int lanes_before(unsigned mask) { return __popc(mask & ((1u << lane_index()) - 1)); }

// The position of a thread's element when the selected elements are packed, and their number. All threads must call it.
__device__ __forceinline__ int block_place(const Block& b, bool take, int& total) {
  State& s = b.state();
  const unsigned mask = __ballot_sync(kFullWarp, take);
  if (lane_index() == 0) s.warp_totals[warp_index()] = __popc(mask);
  __syncthreads();
  int before = 0;
  total = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) {
    before += w < warp_index() ? s.warp_totals[w] : 0;
    total += s.warp_totals[w];
  }
  __syncthreads();
  return before + lanes_before(mask);
}

constexpr std::uint64_t no_key = ~std::uint64_t(0);

// Sorts `size` keys, a power of two, ascending (bitonic). Begins and ends with a barrier.
inline __device__ __noinline__ void sort_keys(DeviceSpan<std::uint64_t> keys, int size) {
  __syncthreads();
  for (int k = 2; k <= size; k *= 2)
    for (int j = k / 2; j > 0; j /= 2) {
      for (int i = int(threadIdx.x); i < size / 2; i += kThreads) {
        const int low = ((i & ~(j - 1)) << 1) | (i & (j - 1)), high = low + j;
        const std::uint64_t a = keys[low], b = keys[high];
        if ((a > b) == ((low & k) == 0)) keys[low] = b, keys[high] = a;
      }
      __syncthreads();
    }
}

// The lowest `keep` of the keys make(0) ... make(count - 1), sorted, at the front of `keys`, which has room for `room`,
// a power of two and at least twice `keep`. Equal keys do not occur, except no_key, which means "none". Returns their
// number.
template <class Make>
__device__ __forceinline__ int keep_lowest(DeviceSpan<std::uint64_t> keys, int room, int count, int keep, Make make) {
  int held = 0;
  __syncthreads();
  for (int done = 0; done < count;) {
    const int take = min(count - done, room - held), size = power_of_two(held + take);
    for (int i = int(threadIdx.x); i < size - held; i += kThreads) keys[held + i] = i < take ? make(done + i) : no_key;
    sort_keys(keys, size);
    done += take;
    held = min(keep, held + take);
  }
  return held;
}

}  // namespace ewald::cuda::indexing
