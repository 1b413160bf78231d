// Sums of each pixel over the frames: a thread handles four pixels and the frames of one slice. Narrow integers are
// added as integers, and their squares in 64 bits; everything else in doubles, frames in order, from the sums of the
// launches before.
#include "../common/check.h"
#include "quads.cuh"

namespace ewald::cuda::udf {
namespace {

// The quad of a thread, which has `left` pixels of the frame from there on, its first frame, their number, and the
// pixels from one of them to the next: 32 bits, since large frames have one slice.
struct Share {
  std::uint32_t p, left, first, count, step;
};

template <class T>
__device__ __forceinline__ Share share_of(const Frames<T>& frames, std::uint32_t slices) {
  const std::uint32_t p = (blockIdx.x * kThreads + threadIdx.x) * kQuad;
  const auto before = std::uint32_t(frames.first % slices);
  const std::uint32_t first = blockIdx.y + (blockIdx.y < before ? slices : 0) - before;
  const std::uint32_t count = first < frames.count ? (frames.count - first - 1) / slices + 1 : 0;
  return {p, frames.pixels - p, first, count, slices * frames.pixels};
}

template <class T>
__device__ __forceinline__ const T* pixels_of(const Frames<T>& frames, const Share& share) {
  return frames.of(share.first) + share.p;
}

// Number `number` of the slice of a thread, from pixel p on.
template <class T>
__device__ __forceinline__ double* sums_at(const Frames<T>& frames, const Slices& slices, unsigned numbers,
                                           unsigned number, std::uint32_t p) {
  return slices.sums + (std::size_t(blockIdx.y) * numbers + number) * frames.pixels + p;
}

// Integers start at 0 and are added to the sums, exactly. Doubles start from the sums and replace them: rounding then
// depends on the order of the frames alone.
template <class Sum, class T>
__device__ __forceinline__ void start(const Frames<T>& frames, const double* from, std::uint32_t p,
                                      Sum (&sums)[kQuad]) {
#pragma unroll
  for (unsigned i = 0; i < kQuad; ++i) {
    sums[i] = 0;
    if constexpr (kReal<Sum>)
      if (p + i < frames.pixels) sums[i] = from[i];
  }
}
template <class Sum, class T>
__device__ __forceinline__ void keep(const Frames<T>& frames, double* to, std::uint32_t p, const Sum (&sums)[kQuad]) {
#pragma unroll
  for (unsigned i = 0; i < kQuad; ++i)
    if (p + i < frames.pixels) to[i] = kReal<Sum> ? double(sums[i]) : to[i] + double(sums[i]);
}

template <class T>
__global__ __launch_bounds__(kThreads) void add_frames(Frames<T> frames, Slices slices) {
  const Share share = share_of(frames, slices.count);
  if (share.p >= frames.pixels || share.count == 0) return;
  using Sum = std::conditional_t<kReal<T>, double, std::conditional_t<kNarrow<T>, int, long long>>;
  double* const total = sums_at(frames, slices, 1, 0, share.p);
  Sum sums[kQuad];
  start(frames, total, share.p, sums);
  const T* at = pixels_of(frames, share);
#pragma unroll 4
  for (std::uint32_t i = 0; i < share.count; ++i, at += share.step) {
    const Quad<T> quad = quad_at(at, share.left, frames);
    sums[0] += quad.x;
    sums[1] += quad.y;
    sums[2] += quad.z;
    sums[3] += quad.w;
  }
  keep(frames, total, share.p, sums);
}

template <class T>
__global__ __launch_bounds__(kThreads) void add_moments(Frames<T> frames, const T* shift, Slices slices) {
  const Share share = share_of(frames, slices.count);
  if (share.p >= frames.pixels || share.count == 0) return;
  using Number = std::conditional_t<kNarrow<T>, int, double>;
  using Squares = std::conditional_t<kNarrow<T>, unsigned long long, double>;
  double* const total = sums_at(frames, slices, 2, 0, share.p);
  double* const second = sums_at(frames, slices, 2, 1, share.p);
  Number about[kQuad] = {0, 0, 0, 0}, sums[kQuad];
  Squares squares[kQuad];
  start(frames, total, share.p, sums);
  start(frames, second, share.p, squares);
  if constexpr (!kNarrow<T>) {
    const Quad<T> first = quad_at(shift + share.p, share.left, frames);
    about[0] = middle_of(first.x);
    about[1] = middle_of(first.y);
    about[2] = middle_of(first.z);
    about[3] = middle_of(first.w);
  }
  const T* at = pixels_of(frames, share);
#pragma unroll 4
  for (std::uint32_t i = 0; i < share.count; ++i, at += share.step) {
    const Quad<T> quad = quad_at(at, share.left, frames);
    const Number v[kQuad] = {Number(quad.x) - about[0], Number(quad.y) - about[1], Number(quad.z) - about[2],
                             Number(quad.w) - about[3]};
#pragma unroll
    for (unsigned i = 0; i < kQuad; ++i) {
      sums[i] += v[i];
      if constexpr (kNarrow<T>)
        squares[i] += unsigned(v[i]) * unsigned(v[i]);
      else
        squares[i] += v[i] * v[i];
    }
  }
  keep(frames, total, share.p, sums);
  keep(frames, second, share.p, squares);
}

// The smallest number of each frame, as an ordered word: one warp per part of a frame.
template <class T>
__global__ __launch_bounds__(kThreads) void find_least(Frames<T> frames, std::uint32_t parts, std::uint32_t* least) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint64_t item = std::uint64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (item >= std::uint64_t(frames.count) * parts) return;
  const auto frame = std::uint32_t(item / parts);
  const T* const own = frames.of(frame);
  const std::uint32_t begin = std::uint32_t(item % parts) * kPartPixels;
  const std::uint32_t end = min(frames.pixels, begin + kPartPixels);
  std::uint32_t low = ~0u;
  for (std::uint32_t p = begin + lane; p < end; p += 32) low = min(low, order_or_least(own[p]));
  __syncwarp();
  for (int delta = 16; delta > 0; delta >>= 1) low = min(low, __shfl_down_sync(kFullWarp, low, delta));
  if (lane == 0) atomicMin(&least[frame], low);
}

template <class T>
__global__ __launch_bounds__(kThreads) void add_logs(Frames<T> frames, const std::uint32_t* least, const double* logs,
                                                     Slices slices) {
  const Share share = share_of(frames, slices.count);
  if (share.p >= frames.pixels || share.count == 0) return;
  const auto log_of = [&](T v, std::uint32_t low) {
    if constexpr (kNarrow<T>)
      return logs[order_of(v) - low];
    else
      return log(above(v, low) + 1);
  };
  double* const total = sums_at(frames, slices, 1, 0, share.p);
  double sums[kQuad];
  start(frames, total, share.p, sums);
  const T* at = pixels_of(frames, share);
  least += share.first;
  for (std::uint32_t f = 0; f < share.count; ++f, at += share.step, least += slices.count) {
    const std::uint32_t low = *least;
#pragma unroll
    for (unsigned i = 0; i < kQuad; ++i)
      if (i < share.left) sums[i] += log_of(at[i], low);
  }
  keep(frames, total, share.p, sums);
}

template <class T>
__global__ __launch_bounds__(kThreads) void conclude(Slices slices, std::uint32_t numbers, std::uint32_t pixels,
                                                     const T* shift, double frames, double* planes) {
  const std::uint32_t p = blockIdx.x * kThreads + threadIdx.x;
  if (p >= pixels) return;
  double sums[2] = {0, 0};
  for (std::uint32_t slice = 0; slice < slices.count; ++slice)
    for (std::uint32_t n = 0; n < numbers; ++n) sums[n] += slices.sums[(std::size_t(slice) * numbers + n) * pixels + p];
  if (shift != nullptr) {
    // Rounding may give a negative value; a NaN, which fmax would drop, stays a NaN.
    const double second = sums[1] - sums[0] * sums[0] / frames;
    sums[1] = second < 0 ? 0 : second;
    sums[0] += frames * middle_of(shift[p]);
  }
  for (std::uint32_t n = 0; n < numbers; ++n) planes[std::size_t(n) * pixels + p] = sums[n];
}

template <class T>
dim3 grid_of(const Frames<T>& frames, const Slices& slices) {
  return {blocks_of(blocks_of(frames.pixels, kQuad), kThreads), slices.count};
}

}  // namespace

template <class T>
void launch_sums(cudaStream_t stream, const Frames<T>& frames, std::uint32_t kind, const T* shift, Slices slices) {
  const dim3 grid = grid_of(frames, slices);
  if (kind == EWALD_UDF_STEP_KIND_SUM)
    EWALD_LAUNCH((add_frames<T>), grid, kThreads, 0, stream, frames, slices);
  else
    EWALD_LAUNCH((add_moments<T>), grid, kThreads, 0, stream, frames, shift, slices);
  EWALD_CUDA(cudaGetLastError());
}

template <class T>
void launch_logs(cudaStream_t stream, const Frames<T>& frames, std::uint32_t* least, const double* logs,
                 Slices slices) {
  const std::uint32_t parts = parts_of(frames.pixels);
  EWALD_CUDA(cudaMemsetAsync(least, 0xff, frames.count * sizeof(std::uint32_t), stream));
  EWALD_LAUNCH((find_least<T>), blocks_of(std::uint64_t(frames.count) * parts, kWarps), kThreads, 0, stream, frames,
               parts, least);
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((add_logs<T>), grid_of(frames, slices), kThreads, 0, stream, frames, least, logs, slices);
  EWALD_CUDA(cudaGetLastError());
}

template <class T>
void launch_conclude(cudaStream_t stream, Slices slices, std::uint32_t numbers, std::uint32_t pixels, const T* shift,
                     double frames, double* planes) {
  EWALD_LAUNCH((conclude<T>), blocks_of(pixels, kThreads), kThreads, 0, stream, slices, numbers, pixels, shift, frames,
               planes);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T)                                                                              \
  template void launch_sums<T>(cudaStream_t, const Frames<T>&, std::uint32_t, const T*, Slices);       \
  template void launch_logs<T>(cudaStream_t, const Frames<T>&, std::uint32_t*, const double*, Slices); \
  template void launch_conclude<T>(cudaStream_t, Slices, std::uint32_t, std::uint32_t, const T*, double, double*);
EWALD_CUDA_UDF_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::udf
