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
// src/compute/layout/peaks.ts.
constexpr unsigned kMaxBlob = 1024;
constexpr unsigned kRingThreads = 128, kSeedThreads = 128, kBlobThreads = 64;
constexpr int kPasses = 5;
// Pixels that are bad in one frame only and listed with its sums: maxLost of src/compute/layout/peaks.ts.
constexpr unsigned kMostLost = 1024;
// Maximum number of frames of a launch.
constexpr unsigned kMostFrames = 16;

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

// A type in which numbers of T are compared with bounds, exactly, and without double precision.
template <class T>
using Bound = std::conditional_t<std::is_floating_point_v<T>, float,
                                 std::conditional_t<std::is_same_v<T, std::uint32_t>, long long, std::int32_t>>;

// Whether a number is above a limit. Numbers of 8 and 16 bits are exact as float32.
template <class T>
__device__ __forceinline__ bool exceeds(T v, float limit) {
  if constexpr (sizeof(T) < 4 || std::is_floating_point_v<T>)
    return float(v) > limit;
  else
    return double(v) > double(limit);
}

// A frame and the plan's data about its detector; all on the device.
template <class T>
struct Scene {
  const T* frame;
  const std::uint8_t* bad;  // nullptr: none
  Bound<T> low, high;       // values outside are bad
  std::uint32_t width;
  const std::uint32_t* places;
  const Limits* limits;

  __device__ bool usable(std::uint32_t pixel, T number) const {
    const auto v = Bound<T>(number);
    return v >= low && v <= high && (bad == nullptr || bad[pixel] == 0);
  }
  __device__ bool usable(std::uint32_t pixel) const { return usable(pixel, frame[pixel]); }
  __device__ bool above(std::uint32_t pixel, std::uint32_t place) const {
    if ((place & 0xffff) == kMasked) return false;
    const T v = frame[pixel];
    return exceeds(v, limits[place & 0xffff].upper) && usable(pixel, v);
  }
};

// Memory on the device for one frame of a launch.
struct Seat {
  void *frame, *numbers, *found;  // numbers: where the usable numbers of a ring are gathered
  std::uint8_t *bad, *marks;      // marks: three bytes per pixel
  std::uint32_t *candidates, *seeds, *owners;
  Limits* limits;
  Counts* counts;
  // Of the rings: the sum of their good pixels, then the number of these. The number of pixels that are bad in this frame
  // only, and the first of them.
  double* sums;
  std::uint32_t* lost;
};

// What a launch searches: frames of one detector, with one set of parameters. `blockIdx.z` is the frame.
template <class T>
struct Search {
  Seat seats[kMostFrames];
  unsigned frames;
  bool marked;  // whether the frames bring bad pixels
  Bound<T> low, high;
  std::uint32_t width, height, pixels, rings;
  const std::uint32_t *places, *first, *order;  // the pixels of ring r are order[first[r]] … order[first[r + 1] - 1]
  const ewald_peaks_panel* panels;
  unsigned blocks, room;  // blocks per frame; peaks for which `found` has room
  ewald_peaks_params params;

  __device__ Scene<T> scene() const {
    const Seat& seat = seats[blockIdx.z];
    return {static_cast<const T*>(seat.frame), marked ? seat.bad : nullptr, low, high, width, places, seat.limits};
  }
};

// Launches, for each type; they do not wait.
template <class T>
void launch_limits(cudaStream_t stream, const Search<T>& search);
// Sums of the good pixels of the rings, none clipped.
template <class T>
void launch_sums(cudaStream_t stream, const Search<T>& search);
template <class T>
void launch_blobs(cudaStream_t stream, const Search<T>& search);
template <class T>
void launch_dispersion(cudaStream_t stream, const Search<T>& search, bool extended);
template <class T>
void launch_summits(cudaStream_t stream, const Search<T>& search);
// Copies the counts and the first peaks of each frame to its answer, `bytes` long, and resets the counts.
void launch_answer(cudaStream_t stream, const Seat* seats, unsigned frames, std::uint32_t at_once,
                   std::uint32_t record_bytes, unsigned char* answers, std::uint32_t bytes);

#define EWALD_CUDA_PEAKS_TYPES(X) \
  X(std::uint8_t) X(std::int8_t) X(std::uint16_t) X(std::int16_t) X(std::uint32_t) X(std::int32_t) X(float)

}  // namespace ewald::cuda::peaks
