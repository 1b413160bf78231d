// Sampling: directions of the half-sphere, and how many spots lie near a plane of a vector of known length in each of
// them.
//
// Direction p of N has height z = 1 - (p + 1/2) / N and azimuth p * pi * (3 - sqrt 5), the golden angle. The table of
// azimuths serves every N; the height is computed here. Each thread takes four directions at a time, so that a spot is
// read once for all four.
#pragma once
#include "lanes.cuh"

namespace ewald::cuda::indexing {

__device__ __forceinline__ Vec3 direction(const Plan& plan, int points, int k) {
  const double drop = (k + 0.5) / points, radius = sqrt(drop * (2 - drop));
  return {radius * plan.spiral_cos[k], radius * plan.spiral_sin[k], 1 - drop};
}

__device__ __forceinline__ void clear_bins(const Block& b, int most) {
  const DeviceSpan<int> bins = b.bins();
  for (int k = int(threadIdx.x); k <= most; k += kThreads) bins[k] = 0;
  __syncthreads();
}

// Counts, for each of `points` directions, the first `n` spots within `distance` periods of a plane of the vector of
// this length; stores the counts in b.counts() and their histogram in b.bins().
//
// Fast: the phase is added to 1.5 * 2^11, where a float has 12 bits after the point: its low 12 bits are then the
// fraction of the phase, and "within `distance` of an integer" is one comparison of integers. Valid for |phase| < 1024.
// Otherwise exact to the last bit of the float32 phase, for the exhaustive method.
template <bool Fast>
__device__ __forceinline__ void count_directions(const Block& b, int points, float length, int n, float distance) {
  constexpr int tile = 4;
  constexpr unsigned fraction = (1u << phase_bits) - 1;
  const int half = int(distance * (1 << phase_bits));
  const float anchor = 1.5f * (1 << (23 - phase_bits)) + float(half) / (1 << phase_bits);
  const unsigned window = 2u * unsigned(half) + 1u;
  const DeviceSpan<float4> spots = b.spots();
  const DeviceSpan<int> bins = b.bins();
  const DeviceSpan<std::uint16_t> counts = b.counts();
  clear_bins(b, n);
  const float step = 1.0f / float(points);
  for (int p0 = int(threadIdx.x); p0 < points; p0 += tile * kThreads) {
    float x[tile], y[tile], z[tile];
    int near[tile];
#pragma unroll
    for (int t = 0; t < tile; t++) {
      const int p = min(p0 + t * kThreads, points - 1);
      const float drop = fminf((float(p) + 0.5f) * step, 1.0f), radius = length * sqrtf(drop * (2.0f - drop));
      x[t] = radius * b.plan.spiral_cos[p];
      y[t] = radius * b.plan.spiral_sin[p];
      z[t] = length * (1.0f - drop);
      near[t] = 0;
    }
#pragma unroll 4
    for (int j = 0; j < n; j++) {
      const float4 s = spots[j];
#pragma unroll
      for (int t = 0; t < tile; t++) {
        if constexpr (Fast) {
          const float phase = fmaf(x[t], s.x, fmaf(y[t], s.y, fmaf(z[t], s.z, anchor)));
          near[t] += int(((__float_as_uint(phase) & fraction) - window) >> 31);
        } else {
          const float phase = fmaf(x[t], s.x, fmaf(y[t], s.y, z[t] * s.z));
          near[t] += sign_bit(fabsf(phase - round_even(phase)) - distance);
        }
      }
    }
#pragma unroll
    for (int t = 0; t < tile; t++) {
      const int p = p0 + t * kThreads;
      if (p < points) {
        counts[p] = std::uint16_t(near[t]);
        atomicAdd(&bins[near[t]], 1);
      }
    }
  }
  __syncthreads();
}

// Selects the directions for which `taken(count, ties before)` returns a place, in the order of their index: each warp
// handles a range of them. put(place, direction) is called for each; places count those above `least` from the start.
template <class Put>
__device__ __forceinline__ void pick_in_order(const Block& b, int points, int least, int ties, int take, Put put) {
  const DeviceSpan<std::uint16_t> counts = b.counts();
  const int stretch = round_up((points + kWarps - 1) / kWarps, 32), first = warp_index() * stretch,
            last = min(first + stretch, points);
  // The number of each kind in the ranges.
  int above = 0, equal = 0;
  for (int p = first + lane_index(); p < last; p += 32) {
    const int count = counts[p];
    above += count > least;
    equal += count == least;
  }
  above = all_sum(above);
  equal = all_sum(equal);
  const DeviceSpan<int> totals = b.scratch<int>();
  if (lane_index() == 0) totals[2 * warp_index()] = above, totals[2 * warp_index() + 1] = equal;
  __syncthreads();
  above = equal = 0;
  for (int w = 0; w < warp_index(); w++) above += totals[2 * w], equal += totals[2 * w + 1];
  __syncthreads();
  for (int p0 = first; p0 < last; p0 += 32) {
    const int p = p0 + lane_index(), count = p < last ? int(counts[p]) : -1;
    const unsigned over = __ballot_sync(kFullWarp, count > least), tied = __ballot_sync(kFullWarp, count == least);
    if ((over | tied) == 0) continue;
    // Of the directions that just reach the lowest count, evenly spread ones are taken, because the order on the spiral
    // has no meaning.
    const int tie = equal + lanes_before(tied);
    // In 32 bits: unless all are taken, one search takes at most 1024 of some 10^5 directions.
    const auto spread = [&](int t) { return take == ties ? t : int(unsigned(t) * unsigned(take) / unsigned(ties)); };
    if (count > least) put(above + lanes_before(over) + spread(tie), p);
    if (count == least && spread(tie + 1) != spread(tie)) put(above + lanes_before(over) + spread(tie), p);
    above += __popc(over);
    equal += __popc(tied);
  }
  __syncthreads();
}

// The count that `want` directions reach, how many are above it, and how many reach it; all threads call it.
__device__ __forceinline__ void count_that_reach(const Block& b, int largest, int want) {
  State& s = b.state();
  const DeviceSpan<int> bins = b.bins();
  if (threadIdx.x == 0) {
    int least = largest, above = 0, at_least = bins[least];
    while (at_least < want && least > 0) {
      above = at_least;
      at_least += bins[--least];
    }
    s.least = least;
    s.above = above;
    s.ties = at_least - above;
  }
  __syncthreads();
}

// About `want` directions with the highest counts, in the order of their index: put(place, direction). Returns their
// number.
template <class Put>
__device__ __forceinline__ int pick_directions(const Block& b, int points, int largest, int want, Put put) {
  State& s = b.state();
  count_that_reach(b, largest, want);
  const int room = want + want / 2 - s.above, take = min(s.ties, room), picked = s.above + take;
  pick_in_order(b, points, s.least, s.ties, take, put);
  return picked;
}

}  // namespace ewald::cuda::indexing
