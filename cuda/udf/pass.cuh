// Shared declarations of the kernels for sums over frames. README.md explains how they divide the work, cpp/udf what is
// computed.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "../common/launch.h"
#include "../common/shared.h"
#include "../common/warp.cuh"
#include "ewald.h"

namespace ewald::cuda::udf {

// Pixels of a frame per warp, for sums of each frame: its lanes add 16 quads each, so that a float32 sum has at most
// some 70 roundings.
constexpr unsigned kPartPixels = 2048;
constexpr unsigned kQuad = 4, kStride = 32 * kQuad;
constexpr unsigned kThreads = 256, kWarps = kThreads / 32;
// Maximum number of frames of a launch: 32-bit sums of this many 16-bit numbers do not overflow.
constexpr unsigned kMostFrames = 32768;
// Frames per warp in a matrix product.
constexpr unsigned kFramesEach = 8;

// Integers whose squares have 32 bits.
template <class T>
constexpr bool kNarrow = std::is_integral_v<T> && sizeof(T) <= 2;
template <class T>
constexpr bool kReal = std::is_floating_point_v<T>;

// Consecutive frames on the device.
template <class T>
struct Frames {
  const T* data;
  std::uint32_t count, pixels, width;
  // Index of the first one in its run.
  std::uint64_t first;
  // Whether each frame starts at an address where four of its numbers can be read at once.
  bool aligned;
  __device__ const T* of(unsigned frame) const { return data + std::size_t(frame) * pixels; }
};

// Launches, for each type of frames; they do not wait. The `count` of frames is at least 1.

// Frames times masks of W, float or double: [frames, parts, masks]. Rows of weights are `pitch` numbers apart, a
// multiple of four.
template <class T, class W>
void launch_dense(cudaStream_t stream, const Frames<T>& frames, const W* weights, std::uint32_t pitch,
                  std::uint32_t masks, W* products);
// Sums under a mask of bits, one word per 32 pixels, as selected by `kind`: [frames, parts, values].
template <class T>
void launch_spans(cudaStream_t stream, const Frames<T>& frames, std::uint32_t kind, const std::uint32_t* marks,
                  double* sums);
// Masks of few pixels: `indices` are the starts of the masks, then their pixels; writes columns.
template <class T, class W>
void launch_sparse(cudaStream_t stream, const Frames<T>& frames, const std::uint32_t* indices, const W* weights,
                   std::uint32_t masks, double* nav, std::uint32_t columns);

// Sums over frames are kept in slices, [slices, numbers, pixels]: frame f of a run belongs to slice f modulo their
// number, and is added to the sum of those before it, so that the sums do not depend on the launches.
struct Slices {
  double* sums;
  std::uint32_t count;
};
// Σ, or Σ and the second moment, of each pixel. `shift`: the first frame, about which moments of wide numbers are
// taken.
template <class T>
void launch_sums(cudaStream_t stream, const Frames<T>& frames, std::uint32_t kind, const T* shift, Slices slices);
// Σ log(v - least + 1) of each pixel. `least` has one word per frame and is filled here; `logs`: log(v + 1) of 16-bit
// differences, for narrow numbers.
template <class T>
void launch_logs(cudaStream_t stream, const Frames<T>& frames, std::uint32_t* least, const double* logs, Slices slices);

// Adds the parts of a step, [frames, parts, values], in their order, into columns.
void launch_gather(cudaStream_t stream, const float* partial, std::uint32_t frames, std::uint32_t parts,
                   std::uint32_t values, double* nav, std::uint32_t columns);
void launch_gather(cudaStream_t stream, const double* partial, std::uint32_t frames, std::uint32_t parts,
                   std::uint32_t values, double* nav, std::uint32_t columns);
// Adds the slices of a step in their order. `shift`: moments about it become Σ and moments about the mean; else
// nullptr.
template <class T>
void launch_conclude(cudaStream_t stream, Slices slices, std::uint32_t numbers, std::uint32_t pixels, const T* shift,
                     double frames, double* planes);

#define EWALD_CUDA_UDF_TYPES(X) \
  X(std::uint8_t) X(std::int8_t) X(std::uint16_t) X(std::int16_t) X(std::uint32_t) X(std::int32_t) X(float)

constexpr std::uint32_t parts_of(std::uint32_t pixels) { return (pixels + kPartPixels - 1) / kPartPixels; }
constexpr std::uint32_t blocks_of(std::uint64_t items, std::uint32_t each) {
  return std::uint32_t((items + each - 1) / each);
}

}  // namespace ewald::cuda::udf
