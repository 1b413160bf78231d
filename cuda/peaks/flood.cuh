// A block floods the blob of its seed, and sums over the pixels found: the counterpart of wgsl/peaks/flood.wgsl. The
// shape defines which pixels belong to a blob, which start one, and which neighbours count.
#pragma once
#include "finder.cuh"

namespace ewald::cuda::peaks {

// The data of a blob in a block.
struct Flood {
  std::uint32_t met[kMaxBlob];
  unsigned size, foreign, end;
};

// The seed's blob in `flood.met`; returns its number of pixels, or 0 if it belongs to another seed or is too large. The
// whole block must call it.
template <class Shape>
__device__ unsigned flood_from(std::uint32_t seed, const ewald_peaks_panel& panel, std::uint32_t width,
                               const Shape& shape, unsigned most, std::uint32_t* owners, Flood& flood) {
  if (threadIdx.x == 0) {
    flood.size = 1;
    flood.foreign = atomicMin(&owners[seed], seed) < seed ? 1 : 0;
    flood.met[0] = seed;
  }
  for (unsigned begin = 0;;) {
    __syncthreads();
    const unsigned end = flood.size, foreign = flood.foreign;
    __syncthreads();
    if (foreign != 0 || end > most) return 0;
    if (end == begin) return end;
    // One thread per neighbour of a pixel of the last wave.
    for (unsigned k = Shape::neighbours * begin + threadIdx.x; k < Shape::neighbours * end; k += kBlobThreads) {
      const std::uint32_t from = flood.met[k / Shape::neighbours];
      const unsigned cell = Shape::cell_of(k % Shape::neighbours);
      // Offset by one along both axes, so that no value is below zero.
      const std::uint32_t fs = from % width + cell % 3, ss = from / width + cell / 3;
      if (fs <= panel.fs || fs > panel.end_fs || ss <= panel.ss || ss > panel.end_ss) continue;
      const std::uint32_t pixel = (ss - 1) * width + fs - 1;
      if (!shape.belongs(pixel)) continue;
      const std::uint32_t before = atomicMin(&owners[pixel], seed);
      if (before < seed || (pixel < seed && shape.begins(pixel))) atomicExch(&flood.foreign, 1u);
      if (before <= seed) continue;
      const unsigned slot = atomicAdd(&flood.size, 1u);
      if (slot < kMaxBlob) flood.met[slot] = pixel;
    }
    begin = end;
  }
}

// Sorts the pixels of a flood, so that sums have one order. The whole block must call it; ends with a barrier.
__device__ inline void sort_blob(const Flood& flood, unsigned size, std::uint32_t* blob) {
  for (unsigned i = threadIdx.x; i < size; i += kBlobThreads) {
    unsigned rank = 0;
    for (unsigned j = 0; j < size; ++j) rank += flood.met[j] < flood.met[i];
    blob[rank] = flood.met[i];
  }
  __syncthreads();
}

// Sums of a phase, and the highest number.
struct Sums {
  double total, x, y, more, top;
};

__device__ inline double block_max(double value) {
  EWALD_SHARED(double, highest, kBlobThreads / 32);
  for (int delta = 16; delta > 0; delta >>= 1) value = fmax(value, __shfl_down_sync(kFullWarp, value, delta));
  if (threadIdx.x % 32 == 0) highest[threadIdx.x / 32] = value;
  __syncthreads();
  const double top = fmax(highest[0], highest[1]);
  __syncthreads();
  return top;
}
static_assert(kBlobThreads == 64, "block_max takes two warps");

// All threads receive the sums over the block.
__device__ inline Sums gather(const Sums& own) {
  EWALD_SHARED_VALUE(Sums, all);
  const double total = blockSum<kBlobThreads>(own.total), x = blockSum<kBlobThreads>(own.x);
  const double y = blockSum<kBlobThreads>(own.y), more = blockSum<kBlobThreads>(own.more);
  const double top = block_max(own.top);
  if (threadIdx.x == 0) all = {total, x, y, more, top};
  __syncthreads();
  const Sums result = all;
  __syncthreads();
  return result;
}

}  // namespace ewald::cuda::peaks
