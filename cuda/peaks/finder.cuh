// Shared declarations of the peak finders' kernels. README.md explains how they divide the work, cpp/peaks what is
// computed.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "../common/launch.h"
#include "../common/shared.h"
#include "../common/warp.cuh"
#include "ewald.h"
#include "order.h"

namespace ewald::cuda::peaks {

// Maximum number of pixels of a blob, which are kept in the shared memory of its block. maxBlob of
// src/core/layout/peaks.ts.
constexpr unsigned kMaxBlob = 1024;
constexpr unsigned kRingThreads = 128, kSeedThreads = 128, kBlobThreads = 64;
constexpr int kPasses = 5;

// Properties of a pixel besides its value: its ring, kMasked if it is ignored; whether it lies on the border of its
// panel; the panel.
constexpr std::uint32_t kMasked = 0xffff, kBorder = 0x10000;
// The earliest seed that has reached a pixel: none so far.
constexpr std::uint32_t kNobody = 0xffffffff;

struct Limits {
  float mean, sigma, lower, upper;
};
// Placed before the peaks, so that one copy returns both.
struct Counts {
  std::uint32_t candidates, seeds, peaks, pad;
};

// Data, besides the frame, that kernels over pixels and over seeds read and write.
struct Lists {
  const ewald_peaks_panel* panels;
  std::uint32_t *seeds, *owners;
  Counts* counts;
  unsigned blocks;
};

// A frame and the plan's data about its detector; all on the device.
template <class T>
struct Scene {
  const T* frame;
  const std::uint8_t* bad;  // nullptr: none
  double low, high;         // values outside are bad
  std::uint32_t width;
  const std::uint32_t* places;
  const Limits* limits;

  __device__ bool usable(std::uint32_t pixel, double v) const {
    return v >= low && v <= high && (bad == nullptr || bad[pixel] == 0);
  }
  __device__ bool above(std::uint32_t pixel, std::uint32_t place) const {
    if ((place & 0xffff) == kMasked) return false;
    const double v = double(frame[pixel]);
    return v > double(limits[place & 0xffff].upper) && usable(pixel, v);
  }
};

// Pixels by ring, and the memory where a ring's usable numbers are gathered.
template <class T>
struct RingTables {
  const std::uint32_t *first, *order;
  T* numbers;
};

// Launches, for each type; they do not wait.
template <class T>
void launch_limits(cudaStream_t stream, const Scene<T>& scene, const RingTables<T>& tables,
                   const ewald_peaks_params& params, std::uint32_t rings, Limits* limits, std::uint32_t* candidates,
                   Counts* counts);
template <class T>
void launch_blobs(cudaStream_t stream, const Scene<T>& scene, const ewald_peaks_params& params,
                  const ewald_peaks_panel* panels, const std::uint32_t* candidates, std::uint32_t* seeds,
                  std::uint32_t* owners, Counts* counts, ewald_peak* found, unsigned blocks);
// `marks` has three bytes per pixel; `found` has room for the given number of peaks.
template <class T>
void launch_dispersion(cudaStream_t stream, const Scene<T>& scene, std::uint32_t height,
                       const ewald_peaks_params& params, bool extended, const Lists& lists, std::uint8_t* marks,
                       ewald_peak* found, unsigned room);
template <class T>
void launch_summits(cudaStream_t stream, const Scene<T>& scene, std::uint32_t pixels, const ewald_peaks_params& params,
                    const Lists& lists, Summit* found, unsigned room);

#define EWALD_CUDA_PEAKS_TYPES(X) \
  X(std::uint8_t) X(std::int8_t) X(std::uint16_t) X(std::int16_t) X(std::uint32_t) X(std::int32_t) X(float)

}  // namespace ewald::cuda::peaks
