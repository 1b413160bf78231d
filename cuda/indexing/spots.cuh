// The spots of one image that are finite and not too far out, lowest resolution first, up to the capacity of the
// handle.
#pragma once
#include "lanes.cuh"

namespace ewald::cuda::indexing {

// Reads the image's spots into shared memory; stores used, n and flags (ImageFlag bits) in the state.
__device__ __forceinline__ void take_spots(const Block& b, const float* spots, int n) {
  State& s = b.state();
  const int capacity = b.plan.size.spots, room = 2 * power_of_two(capacity);
  if (threadIdx.x == 0) s.total = s.flags = 0;
  int near = 0, flags = 0;
  const DeviceSpan<std::uint64_t> keys = b.keys(room);
  keep_lowest(keys, room, n, capacity, [&](int i) {
    // In double the squares of float32 are exact, so the order is the same everywhere.
    const double x = spots[3 * std::size_t(i)], y = spots[3 * std::size_t(i) + 1], z = spots[3 * std::size_t(i) + 2];
    const float square = float(x * x + y * y + z * z);
    if (!(square <= float(farthest_spot * farthest_spot))) {
      flags |= square < __int_as_float(0x7f800000) ? EWALD_IMAGE_FLAG_TOO_FAR : EWALD_IMAGE_FLAG_NON_FINITE;
      return no_key;
    }
    near++;
    return std::uint64_t(__float_as_uint(square)) << 32 | unsigned(i);  // equal resolutions keep their order
  });
  if (near) atomicAdd(&s.total, near);
  if (flags) atomicOr(&s.flags, flags);
  __syncthreads();
  const int total = s.total, used = min(total, capacity);
  const DeviceSpan<float4> list = b.spots(), all = b.all();
  const DeviceSpan<std::uint32_t> source = b.source();
  for (int i = int(threadIdx.x); i < used; i += kThreads) {
    const std::uint64_t key = keys[i];
    const unsigned from = unsigned(key);
    const float4 spot = make_float4(spots[3 * std::size_t(from)], spots[3 * std::size_t(from) + 1],
                                    spots[3 * std::size_t(from) + 2], sqrtf(__uint_as_float(unsigned(key >> 32))));
    source[i] = from;
    list[i] = spot;
    all[i] = spot;
  }
  if (threadIdx.x == 0) {
    s.used = s.n = used;
    s.flags |= (total > capacity ? EWALD_IMAGE_FLAG_TRUNCATED : 0) |
               (used < min_image_spots ? EWALD_IMAGE_FLAG_TOO_FEW_SPOTS : 0);
  }
  __syncthreads();
}

// Copies the spots of the image for whose index `take` is true.
template <class Take>
__device__ __forceinline__ void take_rest(const Block& b, Take take) {
  State& s = b.state();
  const int used = s.used;
  const DeviceSpan<float4> list = b.spots(), all = b.all();
  int n = 0;
  for (int i0 = 0; i0 < used; i0 += kThreads) {
    const int i = i0 + int(threadIdx.x);
    const bool taken = i < used && take(i);
    int more;
    const int place = n + block_place(b, taken, more);
    if (taken) list[place] = all[i];
    n += more;
  }
  if (threadIdx.x == 0) s.n = n;
  __syncthreads();
}

}  // namespace ewald::cuda::indexing
