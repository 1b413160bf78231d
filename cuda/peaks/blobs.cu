// Candidates become seeds, and seeds become blobs: the counterpart of wgsl/peaks/seeds.wgsl and blobs.wgsl, in float64.
#include "../common/check.h"
#include "finder.cuh"
#include "flood.cuh"

namespace ewald::cuda::peaks {
namespace {

// Candidates that may be the first of their blob in the order of the scan: pixels off the border of their panel that
// have no such neighbour before them. Also resets every candidate's owner.
template <class T>
__global__ __launch_bounds__(kSeedThreads) void find_seeds(Search<T> search) {
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const auto first = [&](std::uint32_t pixel) {
    const std::uint32_t place = scene.places[pixel];
    return (place & kBorder) == 0 && scene.above(pixel, place);
  };
  const std::uint32_t count = seat.counts->candidates;
  for (std::uint32_t k = blockIdx.x * kSeedThreads + threadIdx.x; k < count; k += gridDim.x * kSeedThreads) {
    const std::uint32_t pixel = seat.candidates[k];
    seat.owners[pixel] = kNobody;
    if ((scene.places[pixel] & kBorder) != 0) continue;
    const std::uint32_t over = pixel - scene.width;
    if (first(pixel - 1) || first(over - 1) || first(over) || first(over + 1)) continue;
    seat.seeds[atomicAdd(&seat.counts->seeds, 1u)] = pixel;
  }
}

// The shape of a blob of pixels above their limits, for the flood.
template <class T>
struct Above {
  static constexpr unsigned neighbours = 8;
  Scene<T> scene;

  // All cells except the middle one.
  static __device__ unsigned cell_of(unsigned which) { return which < 4 ? which : which + 1; }
  __device__ bool belongs(std::uint32_t pixel) const { return scene.above(pixel, scene.places[pixel]); }
  __device__ bool begins(std::uint32_t pixel) const { return (scene.places[pixel] & kBorder) == 0; }
};

// Measures a blob against its surroundings; counterpart of `measure` in cpp/peaks/blobs.cpp. The whole block must call
// it.
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
  const int r = 2 * int(params.local_bg_radius), side = 2 * r;
  own = {0, 0, 0, 0, lowest};
  for (int k = int(threadIdx.x); k < side * side; k += kBlobThreads) {
    const int dx = k % side - r, dy = k / side - r, x = cx + dx, y = cy + dy;
    if (dx * dx + dy * dy > r * r || x < int(panel.fs) || x >= int(panel.end_fs) || y < int(panel.ss) ||
        y >= int(panel.end_ss))
      continue;
    const std::uint32_t pixel = std::uint32_t(y) * width + std::uint32_t(x), ring = scene.places[pixel] & 0xffff;
    if (ring == kMasked) continue;
    const double v = double(scene.frame[pixel]);
    if (!(v < double(scene.limits[ring].upper)) || !scene.usable(pixel)) continue;
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
  // The seed takes the place of the panel: the host derives the panel and the order of the scan from it.
  found[atomicAdd(&counts->peaks, 1u)] = {float(x + 0.5), float(y + 0.5), float(sums.more), float(maximum), float(snr),
                                          size,           seed,           float(mean)};
}

template <class T>
__global__ __launch_bounds__(kBlobThreads) void measure_blobs(Search<T> search) {
  EWALD_SHARED_VALUE(Flood, flood);
  EWALD_SHARED(std::uint32_t, blob, kMaxBlob);
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const ewald_peaks_params& params = search.params;
  const std::uint32_t count = seat.counts->seeds;
  for (std::uint32_t k = blockIdx.x; k < count; k += gridDim.x) {
    const std::uint32_t seed = seat.seeds[k];
    const ewald_peaks_panel panel = search.panels[scene.places[seed] >> kPanelShift];
    const unsigned size =
        flood_from(seed, panel, scene.width, Above<T>{scene}, params.max_pix_count, seat.owners, flood);
    if (size >= params.min_pix_count && size > 0) {
      sort_blob(flood, size, blob);
      measure(blob, size, seed, panel, scene, params, seat.counts, static_cast<ewald_peak*>(seat.found));
    }
    __syncthreads();
  }
}

}  // namespace

template <class T>
void launch_blobs(cudaStream_t stream, const Search<T>& search) {
  EWALD_LAUNCH((find_seeds<T>), dim3(search.blocks / 8 + 1, 1, search.frames), kSeedThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((measure_blobs<T>), dim3(search.blocks, 1, search.frames), kBlobThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) template void launch_blobs<T>(cudaStream_t, const Search<T>&);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
