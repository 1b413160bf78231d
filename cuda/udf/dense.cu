// Frames times masks in the type of the masks, float32 or float64: a warp handles a part of the pixels of eight frames,
// and four or eight masks. Each lane holds separate pixels, so that a frame goes straight from memory to registers,
// once, and is used for every mask there; weights come through the first-level cache, which the warps of a block share.
// The sums of the lanes are combined at the end of the part; parts are added in doubles (sparse.cu).
#include "../common/check.h"
#include "quads.cuh"

namespace ewald::cuda::udf {
namespace {

// Sums over the warp of N numbers per lane, in N shuffles instead of 5 N: in each step a lane passes one half of its
// numbers on and keeps the sums of the other. Lane l ends with the numbers from l N / 32 on.
template <class W, unsigned N>
__device__ __forceinline__ void sum_over_lanes(W (&numbers)[N], unsigned lane) {
  static_assert(N % 32 == 0, "an integer for each lane");
#pragma unroll
  for (unsigned step = 0; step < 5; ++step) {
    const unsigned delta = 16u >> step, half = N >> (step + 1);
    const bool upper = (lane & delta) != 0;
#pragma unroll
    for (unsigned i = 0; i < N / 2; ++i) {
      if (i >= half) break;
      const W given = upper ? numbers[i] : numbers[i + half];
      const W kept = upper ? numbers[i + half] : numbers[i];
      numbers[i] = kept + __shfl_xor_sync(kFullWarp, given, int(delta));
    }
  }
}

// Four weights, or four pixels converted to the type of weights.
template <class W>
struct Four {
  W x, y, z, w;
};

__device__ __forceinline__ Four<float> four_at(const float* p) {
  const float4 v = __ldg(reinterpret_cast<const float4*>(p));
  return {v.x, v.y, v.z, v.w};
}
__device__ __forceinline__ Four<double> four_at(const double* p) {
  const double2 a = __ldg(reinterpret_cast<const double2*>(p)), b = __ldg(reinterpret_cast<const double2*>(p + 2));
  return {a.x, a.y, b.x, b.y};
}
__device__ __forceinline__ float fused(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double fused(double a, double b, double c) { return fma(a, b, c); }

template <class T, class W, unsigned Masks>
__global__ __launch_bounds__(kThreads, sizeof(W) == 4 ? 2 : 1) void multiply(Frames<T> frames, const W* weights,
                                                                             std::uint32_t pitch, std::uint32_t masks,
                                                                             std::uint32_t parts, W* products) {
  const unsigned lane = threadIdx.x % 32;
  // The warps of a block handle the same frames with different masks, then the same part of other frames.
  const std::uint64_t item = std::uint64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  const std::uint32_t mask_groups = (masks + Masks - 1) / Masks;
  const std::uint32_t frame_groups = (frames.count + kFramesEach - 1) / kFramesEach;
  const std::uint64_t row = item / mask_groups;
  const std::uint32_t first_mask = std::uint32_t(item % mask_groups) * Masks;
  const std::uint32_t first_frame = std::uint32_t(row % frame_groups) * kFramesEach;
  if (row / frame_groups >= parts) return;
  const auto part = std::uint32_t(row / frame_groups);
  // Frames and masks beyond the last are computed with the last one, and not written.
  const std::uint32_t last_frame = min(kFramesEach, frames.count - first_frame) - 1;
  const std::uint32_t last_mask = min(Masks, masks - first_mask) - 1;
  const std::uint32_t end = min(frames.pixels, (part + 1) * kPartPixels);
  const T* const own = frames.of(first_frame);
  const W* const rows = weights + std::size_t(first_mask) * pitch;

  W sums[kFramesEach * Masks];
#pragma unroll
  for (W& sum : sums) sum = 0;
  for (std::uint32_t p = part * kPartPixels + kQuad * lane; p < end; p += kStride) {
    Four<W> here[kFramesEach];
#pragma unroll
    for (unsigned f = 0; f < kFramesEach; ++f) {
      const Quad<T> quad = quad_at(own + std::size_t(min(f, last_frame)) * frames.pixels, p, frames);
      here[f] = {W(quad.x), W(quad.y), W(quad.z), W(quad.w)};
    }
#pragma unroll
    for (unsigned k = 0; k < Masks; ++k) {
      const Four<W> weight = four_at(rows + std::size_t(min(k, last_mask)) * pitch + p);
#pragma unroll
      for (unsigned f = 0; f < kFramesEach; ++f) {
        W& sum = sums[f * Masks + k];
        sum = fused(here[f].w, weight.w,
                    fused(here[f].z, weight.z, fused(here[f].y, weight.y, fused(here[f].x, weight.x, sum))));
      }
    }
  }
  __syncwarp();
  sum_over_lanes(sums, lane);
  constexpr unsigned each = kFramesEach * Masks / 32;
#pragma unroll
  for (unsigned i = 0; i < each; ++i) {
    const unsigned f = (lane * each + i) / Masks, k = (lane * each + i) % Masks;
    if (f <= last_frame && k <= last_mask)
      products[(std::size_t(first_frame + f) * parts + part) * masks + first_mask + k] = sums[i];
  }
}

template <unsigned Masks, class T, class W>
void launch(cudaStream_t stream, const Frames<T>& frames, const W* weights, std::uint32_t pitch, std::uint32_t masks,
            W* products) {
  const std::uint32_t parts = parts_of(frames.pixels);
  const std::uint64_t items = std::uint64_t(parts) * blocks_of(frames.count, kFramesEach) * blocks_of(masks, Masks);
  EWALD_LAUNCH((multiply<T, W, Masks>), blocks_of(items, kWarps), kThreads, 0, stream, frames, weights, pitch, masks,
               parts, products);
  EWALD_CUDA(cudaGetLastError());
}

}  // namespace

template <class T, class W>
void launch_dense(cudaStream_t stream, const Frames<T>& frames, const W* weights, std::uint32_t pitch,
                  std::uint32_t masks, W* products) {
  // Eight masks in doubles do not fit into the registers.
  if constexpr (sizeof(W) == 4)
    if (masks > 4) return launch<8>(stream, frames, weights, pitch, masks, products);
  launch<4>(stream, frames, weights, pitch, masks, products);
}

#define EWALD_INSTANCE(T)                                                                                              \
  template void launch_dense(cudaStream_t, const Frames<T>&, const float*, std::uint32_t, std::uint32_t, float*);      \
  template void launch_dense(cudaStream_t, const Frames<T>&, const double*, std::uint32_t, std::uint32_t, double*);
EWALD_CUDA_UDF_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::udf
