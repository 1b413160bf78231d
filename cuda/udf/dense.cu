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

// How the frames, or the masks, of a launch are divided: each warp takes `each` neighbours, and the last one takes the
// last `each`, some of which another warp has as well. So no warp meets an end, and no address has to be limited.
struct Groups {
  std::uint32_t count, each;
  __host__ __device__ std::uint32_t groups() const { return (count + each - 1) / each; }
  __device__ std::uint32_t first(std::uint32_t group) const { return min(group * each, count - each); }
  // How many items of a group the one before has as well.
  __device__ std::uint32_t shared(std::uint32_t group) const { return group * each - first(group); }
};

// If there are fewer frames than a warp takes, each warp has one of them, eight times.
__host__ __device__ constexpr Groups groups_of_frames(std::uint32_t frames) {
  return {frames, frames < kFramesEach ? 1 : kFramesEach};
}
__host__ __device__ constexpr Groups groups_of_masks(std::uint32_t masks, unsigned most) {
  return {masks, masks < most ? masks : most};
}

// The rows of the masks of a warp. If it has fewer than `Masks`, the second half of them begins earlier, so that some
// rows occur twice; a single row occurs `Masks` times.
template <unsigned Masks>
struct Rows {
  static constexpr unsigned half = Masks / 2;
  std::uint32_t each;
  __device__ std::uint32_t of(unsigned k) const { return each == 1 ? 0 : k < half ? k : each - Masks + k; }
  __device__ bool repeated(unsigned k) const { return each == 1 ? k > 0 : k >= half && of(k) < half; }
};

template <class T, class W, unsigned Masks, bool Aligned>
__global__ __launch_bounds__(kThreads, sizeof(W) == 4 ? 2 : 1) void multiply(Frames<T> frames, const W* weights,
                                                                             std::uint32_t pitch, std::uint32_t masks,
                                                                             std::uint32_t parts, W* products) {
  const unsigned lane = threadIdx.x % 32;
  // The warps of a block handle the same frames with different masks, then the same part of other frames.
  const std::uint64_t item = std::uint64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  const Groups by_mask = groups_of_masks(masks, Masks), by_frame = groups_of_frames(frames.count);
  const Rows<Masks> rows{by_mask.each};
  const std::uint64_t row = item / by_mask.groups();
  const auto mask_group = std::uint32_t(item % by_mask.groups()), frame_group = std::uint32_t(row % by_frame.groups());
  if (row / by_frame.groups() >= parts) return;
  const auto part = std::uint32_t(row / by_frame.groups());
  const std::uint32_t first_mask = by_mask.first(mask_group), first_frame = by_frame.first(frame_group);
  // Two numbers below eight share a register.
  const std::uint32_t shared = by_frame.shared(frame_group) | by_mask.shared(mask_group) << 16;
  const std::uint32_t end = min(frames.pixels, (part + 1) * kPartPixels);

  // Addresses are advanced from load to load: kept for each frame and mask they would take half the registers.
  const std::uint32_t frame_step = by_frame.each == 1 ? 0 : frames.pixels;
  const std::uint32_t mask_step = by_mask.each == 1 ? 0 : pitch;
  // At most two rows back; a row has at most 2^30 pixels.
  const auto half_step = std::int32_t((rows.of(rows.half) - rows.of(rows.half - 1)) * pitch);
  std::uint32_t p = part * kPartPixels + kQuad * lane;
  const T* pixels = frames.of(first_frame) + p;
  const W* given = weights + std::size_t(first_mask) * pitch + p;

  W sums[kFramesEach * Masks];
#pragma unroll
  for (W& sum : sums) sum = 0;
  for (; p < end; p += kStride, pixels += kStride, given += kStride) {
    Four<W> here[kFramesEach];
    const T* from = pixels;
#pragma unroll
    for (unsigned f = 0; f < kFramesEach; ++f, from += frame_step) {
      const Quad<T> quad = quad_from<Aligned>(from, frames.pixels - p);
      here[f] = {W(quad.x), W(quad.y), W(quad.z), W(quad.w)};
    }
    const W* mask = given;
#pragma unroll
    for (unsigned k = 0; k < Masks; ++k) {
      const Four<W> weight = four_at(mask);
      mask += k + 1 == rows.half ? std::ptrdiff_t(half_step) : std::ptrdiff_t(mask_step);
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
    const std::uint32_t mask = rows.of(k);
    if (f < by_frame.each && f >= (shared & 0xffff) && !rows.repeated(k) && mask >= shared >> 16)
      products[(std::size_t(first_frame + f) * parts + (end - 1) / kPartPixels) * masks + first_mask + mask] = sums[i];
  }
}

template <unsigned Masks, bool Aligned, class T, class W>
void launch(cudaStream_t stream, const Frames<T>& frames, const W* weights, std::uint32_t pitch, std::uint32_t masks,
            W* products) {
  const std::uint32_t parts = parts_of(frames.pixels);
  const std::uint64_t items =
      std::uint64_t(parts) * groups_of_frames(frames.count).groups() * groups_of_masks(masks, Masks).groups();
  EWALD_LAUNCH((multiply<T, W, Masks, Aligned>), blocks_of(items, kWarps), kThreads, 0, stream, frames, weights, pitch,
               masks, parts, products);
  EWALD_CUDA(cudaGetLastError());
}

}  // namespace

template <class T, class W>
void launch_dense(cudaStream_t stream, const Frames<T>& frames, const W* weights, std::uint32_t pitch,
                  std::uint32_t masks, W* products) {
  // Eight masks in doubles do not fit into the registers. Frames that are not aligned are rare, and not worth another
  // kernel: more than four masks read them twice, from the cache.
  if (!frames.aligned) return launch<4, false>(stream, frames, weights, pitch, masks, products);
  if constexpr (sizeof(W) == 4)
    if (masks > 4) return launch<8, true>(stream, frames, weights, pitch, masks, products);
  launch<4, true>(stream, frames, weights, pitch, masks, products);
}

#define EWALD_INSTANCE(T)                                                                                              \
  template void launch_dense(cudaStream_t, const Frames<T>&, const float*, std::uint32_t, std::uint32_t, float*);      \
  template void launch_dense(cudaStream_t, const Frames<T>&, const double*, std::uint32_t, std::uint32_t, double*);
EWALD_CUDA_UDF_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::udf
