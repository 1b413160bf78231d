// dispersion: the counterpart of wgsl/peaks/windows.wgsl, spot_seeds.wgsl and spots.wgsl in float64, with the sums and
// the comparisons of cpp/peaks/dispersion.cpp in its order. Compiled without fused products (cuda/CMakeLists.txt),
// which would round differently.
#include "../common/check.h"
#include "finder.cuh"
#include "flood.cuh"

namespace ewald::cuda::peaks {
namespace {

constexpr unsigned kRowThreads = 128;
// Columns of the windows of a block's pixels: its own, and the widest reach on each side.
constexpr unsigned kMostReach = 66, kColumns = kRowThreads + 2 * kMostReach;

// The pixels used in a stage's windows, and the values that are summed.
enum class Stage { varied, within, strong };

struct Marks {
  std::uint8_t *varied, *within, *strong;
};

// Compares variance over mean with the expectation for counts of this gain; both sides are multiplied by n (n - 1) and
// the mean.
__device__ bool varies(double n, double sum, double squares, const ewald_peaks_params& params) {
  const double gain = double(params.gain) * sum;
  return n * squares - sum * sum - gain * (n - 1) > gain * double(params.sigma_background) * sqrt(2 * (n - 1));
}

// Above the threshold, and above the mean by sigmas of counts of this gain.
__device__ bool stands_out(double v, double n, double sum, const ewald_peaks_params& params) {
  return v > double(params.threshold) &&
         n * v - sum > double(params.sigma_strong) * sqrt(double(params.gain) * sum * n);
}

template <class T>
__device__ bool good(const Scene<T>& scene, std::uint32_t pixel) {
  return (scene.places[pixel] & 0xffff) != kMasked && scene.usable(pixel);
}

template <class T>
__device__ Marks marks_of(const Search<T>& search) {
  std::uint8_t* const marks = search.seats[blockIdx.z].marks;
  return {marks, marks + search.pixels, marks + 2 * std::size_t(search.pixels)};
}

// One thread per pixel of a row: first the columns of the block's windows, each once, then the window of each pixel.
template <class T, Stage stage>
__global__ __launch_bounds__(kRowThreads) void mark_pixels(Search<T> search, bool extended) {
  EWALD_SHARED(double, n, kColumns);
  EWALD_SHARED(double, sum, kColumns);
  EWALD_SHARED(double, squares, kColumns);
  const Scene<T> scene = search.scene();
  const Marks marks = marks_of(search);
  const ewald_peaks_params& params = search.params;
  const ewald_peaks_panel* const panels = search.panels;
  const std::uint32_t width = scene.width, height = search.height;
  const int reach = int(params.kernel_size) + (stage == Stage::strong ? 2 : 0);
  const int left = int(blockIdx.x * kRowThreads) - reach;
  for (std::uint32_t y = blockIdx.y; y < height; y += gridDim.y) {
    for (int c = int(threadIdx.x); c < int(kRowThreads) + 2 * reach; c += kRowThreads) {
      double count = 0, total = 0, total_squares = 0;
      const int x = left + c;
      if (x >= 0 && x < int(width)) {
        // A column without a panel is in no window; it may use the panel of another.
        const ewald_peaks_panel panel = panels[scene.places[y * width + unsigned(x)] >> kPanelShift];
        const int end = min(int(panel.end_ss), int(y) + reach + 1);
        for (int row = max(int(panel.ss), int(y) - reach); row < end; ++row) {
          const std::uint32_t pixel = unsigned(row) * width + unsigned(x);
          double v = double(scene.frame[pixel]);
          if (!good(scene, pixel)) continue;
          if constexpr (stage == Stage::within) v = marks.varied[pixel];
          if constexpr (stage == Stage::strong)
            if (marks.within[pixel] != 0) continue;
          count += 1;
          total += v;
          total_squares += v * v;
        }
      }
      n[c] = count;
      sum[c] = total;
      squares[c] = total_squares;
    }
    __syncthreads();
    const std::uint32_t x = blockIdx.x * kRowThreads + threadIdx.x;
    if (x < width) {
      const std::uint32_t pixel = y * width + x;
      const double v = double(scene.frame[pixel]);
      const bool takes_part = good(scene, pixel);
      double all = 0, total = 0, total_squares = 0;
      if (takes_part) {
        const ewald_peaks_panel panel = panels[scene.places[pixel] >> kPanelShift];
        const int end = min(int(panel.end_fs), int(x) + reach + 1);
        for (int column = max(int(panel.fs), int(x) - reach); column < end; ++column) {
          all += n[column - left];
          total += sum[column - left];
          total_squares += squares[column - left];
        }
      }
      if constexpr (stage == Stage::varied) {
        const double least = double(max(2u, params.min_count));
        const bool is = takes_part && all >= least && total > 0 && varies(all, total, total_squares, params);
        marks.varied[pixel] = is;
        marks.strong[pixel] = is && !extended && stands_out(v, all, total, params);
      } else if constexpr (stage == Stage::within) {
        marks.within[pixel] = takes_part && total == all;
      } else {
        const bool asked = takes_part && marks.varied[pixel] != 0 && all >= double(params.min_count) && total >= 0;
        marks.strong[pixel] = asked && stands_out(v, all, total, params);
      }
    }
    __syncthreads();
  }
}

// Strong pixels that may be the first of their spot in the order of the scan: pixels without a strong one to the left
// or above. Also resets every strong pixel's owner.
template <class T>
__global__ __launch_bounds__(kSeedThreads) void find_spot_seeds(Search<T> search) {
  const std::uint8_t* const strong = marks_of(search).strong;
  const Seat& seat = search.seats[blockIdx.z];
  const std::uint32_t width = search.width, pixels = search.pixels;
  for (std::uint32_t pixel = blockIdx.x * kSeedThreads + threadIdx.x; pixel < pixels;
       pixel += gridDim.x * kSeedThreads) {
    if (strong[pixel] == 0) continue;
    seat.owners[pixel] = kNobody;
    const ewald_peaks_panel panel = search.panels[search.places[pixel] >> kPanelShift];
    if (pixel % width > panel.fs && strong[pixel - 1] != 0) continue;
    if (pixel / width > panel.ss && strong[pixel - width] != 0) continue;
    seat.seeds[atomicAdd(&seat.counts->seeds, 1u)] = pixel;
  }
}

// The shape of a spot, for the flood: strong pixels that share a side.
struct Strong {
  static constexpr unsigned neighbours = 4;
  const std::uint8_t* strong;

  static __device__ unsigned cell_of(unsigned which) { return 2 * which + 1; }
  __device__ bool belongs(std::uint32_t pixel) const { return strong[pixel] != 0; }
  __device__ bool begins(std::uint32_t) const { return true; }
};

struct Box {
  unsigned left, right, top, bottom;
};

// Measures a spot against the surrounding pixels that are not strong; counterpart of `measure` in
// cpp/peaks/dispersion.cpp. The whole block must call it.
template <class T>
__device__ void measure(const std::uint32_t* blob, unsigned size, std::uint32_t seed, const ewald_peaks_panel& panel,
                        const Scene<T>& scene, const ewald_peaks_params& params, const std::uint8_t* strong,
                        Counts* counts, ewald_peak* found, unsigned room) {
  EWALD_SHARED_VALUE(Box, box);
  const std::uint32_t width = scene.width;
  if (threadIdx.x == 0) box = {panel.end_fs, 0, panel.end_ss, 0};
  __syncthreads();
  for (unsigned k = threadIdx.x; k < size; k += kBlobThreads) {
    atomicMin(&box.left, blob[k] % width);
    atomicMax(&box.right, blob[k] % width);
    atomicMin(&box.top, blob[k] / width);
    atomicMax(&box.bottom, blob[k] / width);
  }
  __syncthreads();
  const Box spot = box;
  const int reach = int(params.kernel_size);
  const int left = max(int(panel.fs), int(spot.left) - reach),
            right = min(int(panel.end_fs) - 1, int(spot.right) + reach);
  const int top = max(int(panel.ss), int(spot.top) - reach),
            bottom = min(int(panel.end_ss) - 1, int(spot.bottom) + reach);
  Sums own{0, 0, 0, 0, 0};
  for (int k = int(threadIdx.x); k < (right - left + 1) * (bottom - top + 1); k += kBlobThreads) {
    const int x = left + k % (right - left + 1), y = top + k / (right - left + 1);
    const std::uint32_t pixel = unsigned(y) * width + unsigned(x);
    const double v = double(scene.frame[pixel]);
    if (strong[pixel] != 0 || !good(scene, pixel)) continue;
    own.total += 1;
    own.x += v;
    own.y += v * v;
  }
  const Sums around = gather(own);
  if (around.total == 0) return;
  const double mean = around.x / around.total, variance = around.y / around.total - mean * mean;
  const double sigma = variance > 0 ? sqrt(variance) : 0;
  own = {0, 0, 0, 0, 0};
  for (unsigned k = threadIdx.x; k < size; k += kBlobThreads) {
    const double w = double(scene.frame[blob[k]]) - mean;
    own.total += w;
    own.x += w * double(blob[k] % width - spot.left);
    own.y += w * double(blob[k] / width - spot.top);
    own.top = fmax(own.top, w);
  }
  const Sums sums = gather(own);
  if (threadIdx.x != 0 || !(sums.total > 0)) return;
  const double x = sums.x / sums.total, y = sums.y / sums.total;
  if (!(x >= 0 && x <= double(spot.right - spot.left) && y >= 0 && y <= double(spot.bottom - spot.top))) return;
  const unsigned slot = atomicAdd(&counts->peaks, 1u);
  // The host refuses frames that have more.
  if (slot >= room) return;
  // The seed takes the place of the panel: the host derives the panel and the order of the scan from it.
  found[slot] = {float(double(spot.left) + x + 0.5),
                 float(double(spot.top) + y + 0.5),
                 float(sums.total),
                 float(sums.top),
                 float(sums.total / (sigma * sqrt(double(size)))),
                 size,
                 seed,
                 float(mean)};
}

template <class T>
__global__ __launch_bounds__(kBlobThreads) void measure_spots(Search<T> search) {
  EWALD_SHARED_VALUE(Flood, flood);
  EWALD_SHARED(std::uint32_t, blob, kMaxBlob);
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const std::uint8_t* const strong = marks_of(search).strong;
  const ewald_peaks_params& params = search.params;
  auto* const found = static_cast<ewald_peak*>(seat.found);
  const std::uint32_t count = seat.counts->seeds;
  for (std::uint32_t k = blockIdx.x; k < count; k += gridDim.x) {
    const std::uint32_t seed = seat.seeds[k];
    const ewald_peaks_panel panel = search.panels[scene.places[seed] >> kPanelShift];
    const unsigned size =
        flood_from(seed, panel, scene.width, Strong{strong}, params.max_pix_count, seat.owners, flood);
    if (size >= params.min_pix_count && size > 0) {
      sort_blob(flood, size, blob);
      measure(blob, size, seed, panel, scene, params, strong, seat.counts, found, search.room);
    }
    __syncthreads();
  }
}

}  // namespace

template <class T>
void launch_dispersion(cudaStream_t stream, const Search<T>& search, bool extended) {
  const dim3 rows((search.width + kRowThreads - 1) / kRowThreads, search.height < 65535 ? search.height : 65535,
                  search.frames),
      blocks(search.blocks, 1, search.frames);
  EWALD_LAUNCH((mark_pixels<T, Stage::varied>), rows, kRowThreads, 0, stream, search, extended);
  if (extended) {
    EWALD_LAUNCH((mark_pixels<T, Stage::within>), rows, kRowThreads, 0, stream, search, extended);
    EWALD_LAUNCH((mark_pixels<T, Stage::strong>), rows, kRowThreads, 0, stream, search, extended);
  }
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((find_spot_seeds<T>), blocks, kSeedThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((measure_spots<T>), blocks, kBlobThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) template void launch_dispersion<T>(cudaStream_t, const Search<T>&, bool);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
