// Candidates become seeds, and seeds become blobs: the twin of wgsl/peaks/seeds.wgsl and blobs.wgsl, in float64.
#include "../common/check.h"
#include "finder.cuh"

namespace ewald::cuda::peaks {
namespace {

// Candidates that may be the first of their blob in the order of the scan: those off the border of their panel that
// have no such neighbour before them. Every candidate's owner is forgotten on the way.
template <class T>
__global__ __launch_bounds__(kSeedThreads) void find_seeds(Scene<T> scene, const std::uint32_t* candidates,
                                                           std::uint32_t* seeds, std::uint32_t* owners,
                                                           Counts* counts) {
  const auto first = [&](std::uint32_t pixel) {
    const std::uint32_t place = scene.places[pixel];
    return (place & kBorder) == 0 && scene.above(pixel, place);
  };
  const std::uint32_t count = counts->candidates;
  for (std::uint32_t k = blockIdx.x * kSeedThreads + threadIdx.x; k < count; k += gridDim.x * kSeedThreads) {
    const std::uint32_t pixel = candidates[k];
    owners[pixel] = kNobody;
    if ((scene.places[pixel] & kBorder) != 0) continue;
    const std::uint32_t over = pixel - scene.width;
    if (first(pixel - 1) || first(over - 1) || first(over) || first(over + 1)) continue;
    seeds[atomicAdd(&counts->seeds, 1u)] = pixel;
  }
}

// What a block holds of a blob.
struct Flood {
  std::uint32_t met[kMaxBlob];
  unsigned size, foreign, end;
};

// The seed's blob in `flood.met`; gives its pixels, or 0: another seed's, or too many. All of the block call it.
template <class T>
__device__ unsigned flood_from(std::uint32_t seed, const ewald_peaks_panel& panel, const Scene<T>& scene, unsigned most,
                               std::uint32_t* owners, Flood& flood) {
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
    // A thread a neighbour of a pixel of the last wave.
    for (unsigned k = 8 * begin + threadIdx.x; k < 8 * end; k += kBlobThreads) {
      const std::uint32_t from = flood.met[k / 8];
      const unsigned which = k % 8, cell = which < 4 ? which : which + 1;
      // One too far along both, so that nothing is below zero.
      const std::uint32_t fs = from % scene.width + cell % 3, ss = from / scene.width + cell / 3;
      if (fs <= panel.fs || fs > panel.end_fs || ss <= panel.ss || ss > panel.end_ss) continue;
      const std::uint32_t pixel = (ss - 1) * scene.width + fs - 1, place = scene.places[pixel];
      if (!scene.above(pixel, place)) continue;
      const std::uint32_t before = atomicMin(&owners[pixel], seed);
      if (before < seed || (pixel < seed && (place & kBorder) == 0)) atomicExch(&flood.foreign, 1u);
      if (before <= seed) continue;
      const unsigned slot = atomicAdd(&flood.size, 1u);
      if (slot < kMaxBlob) flood.met[slot] = pixel;
    }
    begin = end;
  }
}

// Sums of a phase, and the highest number.
struct Sums {
  double total, x, y, more, top;
};

__device__ double block_max(double value) {
  EWALD_SHARED(double, highest, kBlobThreads / 32);
  for (int delta = 16; delta > 0; delta >>= 1) value = fmax(value, __shfl_down_sync(kFullWarp, value, delta));
  if (threadIdx.x % 32 == 0) highest[threadIdx.x / 32] = value;
  __syncthreads();
  const double top = fmax(highest[0], highest[1]);
  __syncthreads();
  return top;
}
static_assert(kBlobThreads == 64, "block_max takes two warps");

// All of the block get the sums over the block.
__device__ Sums gather(const Sums& own) {
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

// A blob against its surroundings; twin of `measure` in cpp/peaks/blobs.cpp. All of the block call it.
template <class T>
__device__ void measure(const std::uint32_t* blob, unsigned size, std::uint32_t seed, const ewald_peaks_panel& panel,
                        const Scene<T>& scene, const ewald_peaks_params& params, Counts* counts, ewald_peak* found) {
  const double lowest = -1.7976931348623157e308;
  const std::uint32_t width = scene.width;
  Sums own{0, 0, 0, 0, lowest};
  for (unsigned k = threadIdx.x; k < size; k += kBlobThreads) {
    const double w = fabs(double(scene.frame[blob[k]]) - double(scene.limits[scene.places[blob[k]] & 0xffff].mean));
    own.total += w;
    own.x += w * (blob[k] % width);
    own.y += w * (blob[k] / width);
  }
  const Sums weights = gather(own);
  if (weights.total == 0) return;
  const int cx = int(rint(weights.x / weights.total)), cy = int(rint(weights.y / weights.total));
  const int r = 2 * int(params.local_radius), side = 2 * r;
  own = {0, 0, 0, 0, lowest};
  for (int k = int(threadIdx.x); k < side * side; k += kBlobThreads) {
    const int dx = k % side - r, dy = k / side - r, x = cx + dx, y = cy + dy;
    if (dx * dx + dy * dy > r * r || x < int(panel.fs) || x >= int(panel.end_fs) || y < int(panel.ss) ||
        y >= int(panel.end_ss))
      continue;
    const std::uint32_t pixel = std::uint32_t(y) * width + std::uint32_t(x), ring = scene.places[pixel] & 0xffff;
    if (ring == kMasked) continue;
    const double v = double(scene.frame[pixel]);
    if (!(v < double(scene.limits[ring].upper)) || !scene.usable(pixel, v)) continue;
    own.total += 1;
    own.x += v;
    own.y += v * v;
    own.top = fmax(own.top, v);
  }
  const Sums around = gather(own);
  double mean = double(scene.limits[scene.places[seed] & 0xffff].mean), sigma = 0.01, top = mean;
  if (around.total > 0) {
    mean = around.x / around.total;
    const double variance = around.y / around.total - mean * mean;
    sigma = variance > 0 ? sqrt(variance) : 0;
    top = around.top;
  }
  own = {0, 0, 0, 0, lowest};
  for (unsigned k = threadIdx.x; k < size; k += kBlobThreads) {
    const double v = double(scene.frame[blob[k]]);
    own.total += v;
    own.x += v * (blob[k] % width);
    own.y += v * (blob[k] / width);
    own.more += v - mean;
    own.top = fmax(own.top, v - mean);
  }
  const Sums sums = gather(own);
  if (threadIdx.x != 0 || sums.total == 0) return;
  const double x = sums.x / sums.total, y = sums.y / sums.total;
  const double maximum = fmax(sums.top, 0.0), snr = sums.more / sigma;
  if (!(snr >= double(params.min_snr)) || maximum < top - mean) return;
  if (!(x >= panel.fs && x < panel.end_fs && y >= panel.ss && y < panel.end_ss)) return;
  // The seed stands in the place of the panel: the host knows that from it, and the order of the scan.
  found[atomicAdd(&counts->peaks, 1u)] = {float(x + 0.5), float(y + 0.5), float(sums.more), float(maximum), float(snr),
                                          size,           seed,           float(mean)};
}

template <class T>
__global__ __launch_bounds__(kBlobThreads) void measure_blobs(Scene<T> scene, ewald_peaks_params params,
                                                              const ewald_peaks_panel* panels,
                                                              const std::uint32_t* seeds, std::uint32_t* owners,
                                                              Counts* counts, ewald_peak* found) {
  EWALD_SHARED_VALUE(Flood, flood);
  EWALD_SHARED(std::uint32_t, blob, kMaxBlob);
  const std::uint32_t count = counts->seeds;
  for (std::uint32_t k = blockIdx.x; k < count; k += gridDim.x) {
    const std::uint32_t seed = seeds[k];
    const ewald_peaks_panel panel = panels[scene.places[seed] >> kPanelShift];
    const unsigned size = flood_from(seed, panel, scene, params.max_pixels, owners, flood);
    if (size >= params.min_pixels && size > 0) {
      // Sorted, so that sums have one order.
      for (unsigned i = threadIdx.x; i < size; i += kBlobThreads) {
        unsigned rank = 0;
        for (unsigned j = 0; j < size; ++j) rank += flood.met[j] < flood.met[i];
        blob[rank] = flood.met[i];
      }
      __syncthreads();
      measure(blob, size, seed, panel, scene, params, counts, found);
    }
    __syncthreads();
  }
}

}  // namespace

template <class T>
void launch_blobs(cudaStream_t stream, const Scene<T>& scene, const ewald_peaks_params& params,
                  const ewald_peaks_panel* panels, const std::uint32_t* candidates, std::uint32_t* seeds,
                  std::uint32_t* owners, Counts* counts, ewald_peak* found, unsigned blocks) {
  EWALD_LAUNCH((find_seeds<T>), blocks / 8 + 1, kSeedThreads, 0, stream, scene, candidates, seeds, owners, counts);
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((measure_blobs<T>), blocks, kBlobThreads, 0, stream, scene, params, panels, seeds, owners, counts,
               found);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T)                                                                                           \
  template void launch_blobs<T>(cudaStream_t, const Scene<T>&, const ewald_peaks_params&, const ewald_peaks_panel*, \
                                const std::uint32_t*, std::uint32_t*, std::uint32_t*, Counts*, ewald_peak*, unsigned);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
