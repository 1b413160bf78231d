// Masks of few pixels: one warp per mask and frame, in doubles. Also adds the parts of the other sums of each frame.
#include "../common/check.h"
#include "pass.cuh"

namespace ewald::cuda::udf {
namespace {

template <class T, class W>
__global__ __launch_bounds__(kThreads) void pick(Frames<T> frames, const std::uint32_t* indices, const W* weights,
                                                 std::uint32_t masks, double* nav, std::uint32_t columns) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint64_t item = std::uint64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (item >= std::uint64_t(frames.count) * masks) return;
  const auto frame = std::uint32_t(item / masks), mask = std::uint32_t(item % masks);
  const T* const own = frames.of(frame);
  const std::uint32_t* const places = indices + masks + 1;
  double sum = 0;
  for (std::uint32_t e = indices[mask] + lane; e < indices[mask + 1]; e += 32)
    sum += double(weights[e]) * double(own[places[e]]);
  __syncwarp();
  sum = warpSum(sum);
  if (lane == 0) nav[std::size_t(frame) * columns + mask] = sum;
}

template <class P>
__global__ __launch_bounds__(kThreads) void gather(const P* partial, std::uint32_t frames, std::uint32_t parts,
                                                   std::uint32_t values, double* nav, std::uint32_t columns) {
  const std::uint64_t i = std::uint64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= std::uint64_t(frames) * values) return;
  const std::uint64_t frame = i / values, value = i % values;
  double sum = 0;
  for (std::uint32_t part = 0; part < parts; ++part) sum += double(partial[(frame * parts + part) * values + value]);
  nav[frame * columns + value] = sum;
}

template <class P>
void gather_of(cudaStream_t stream, const P* partial, std::uint32_t frames, std::uint32_t parts, std::uint32_t values,
               double* nav, std::uint32_t columns) {
  EWALD_LAUNCH((gather<P>), blocks_of(std::uint64_t(frames) * values, kThreads), kThreads, 0, stream, partial, frames,
               parts, values, nav, columns);
  EWALD_CUDA(cudaGetLastError());
}

}  // namespace

template <class T, class W>
void launch_sparse(cudaStream_t stream, const Frames<T>& frames, const std::uint32_t* indices, const W* weights,
                   std::uint32_t masks, double* nav, std::uint32_t columns) {
  EWALD_LAUNCH((pick<T, W>), blocks_of(std::uint64_t(frames.count) * masks, kWarps), kThreads, 0, stream, frames,
               indices, weights, masks, nav, columns);
  EWALD_CUDA(cudaGetLastError());
}

void launch_gather(cudaStream_t stream, const float* partial, std::uint32_t frames, std::uint32_t parts,
                   std::uint32_t values, double* nav, std::uint32_t columns) {
  gather_of(stream, partial, frames, parts, values, nav, columns);
}
void launch_gather(cudaStream_t stream, const double* partial, std::uint32_t frames, std::uint32_t parts,
                   std::uint32_t values, double* nav, std::uint32_t columns) {
  gather_of(stream, partial, frames, parts, values, nav, columns);
}

#define EWALD_INSTANCE(T)                                                                                             \
  template void launch_sparse(cudaStream_t, const Frames<T>&, const std::uint32_t*, const float*, std::uint32_t,      \
                              double*, std::uint32_t);                                                                \
  template void launch_sparse(cudaStream_t, const Frames<T>&, const std::uint32_t*, const double*, std::uint32_t,     \
                              double*, std::uint32_t);
EWALD_CUDA_UDF_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::udf
