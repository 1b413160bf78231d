// zaef: the counterpart of wgsl/peaks/feet.wgsl and summits.wgsl in float64, with the comparisons of
// cpp/peaks/summits.cpp. Compiled without fused products (cuda/CMakeLists.txt), which would round differently.
#include "../common/check.h"
#include "finder.cuh"
#include "flood.cuh"

namespace ewald::cuda::peaks {
namespace {

struct Point {
  int x, y;
};

template <class T>
struct Slopes {
  Scene<T> scene;
  ewald_peaks_panel panel;
  double inner, middle, outer;

  __device__ Slopes(const Scene<T>& of, const ewald_peaks_panel& on, const ewald_peaks_params& params)
      : scene(of),
        panel(on),
        inner(double(params.inner_radius)),
        middle(double(params.middle_radius)),
        outer(double(params.outer_radius)) {}

  __device__ std::uint32_t index(int x, int y) const { return unsigned(y) * scene.width + unsigned(x); }
  __device__ double value(int x, int y) const { return double(scene.frame[index(x, y)]); }
  __device__ bool on_panel(int x, int y) const {
    return x >= int(panel.fs) && x < int(panel.end_fs) && y >= int(panel.ss) && y < int(panel.end_ss);
  }
  __device__ bool good(int x, int y) const {
    const std::uint32_t i = index(x, y);
    return (scene.places[i] & 0xffff) != kMasked && scene.usable(i);
  }

  // Above the threshold, on a steep slope, with four good neighbours.
  __device__ bool is_foot(Point at, const ewald_peaks_params& params) const {
    const int x = at.x, y = at.y;
    const double v = value(x, y);
    if (!(v > double(params.threshold)) || !good(x, y)) return false;
    const double right = v - value(x + 1, y), left = v - value(x - 1, y);
    const double down = v - value(x, y + 1), up = v - value(x, y - 1);
    // For each direction, the mean of the squares on both sides.
    const double squared = (right * right + left * left + down * down + up * up) / 2;
    return squared >= double(params.min_squared_gradient) && good(x + 1, y) && good(x - 1, y) && good(x, y + 1) &&
           good(x, y - 1);
  }

  // Moves repeatedly to the highest surrounding pixel; false if that leads away from the foot.
  __device__ bool climb(Point& at) const {
    const Point foot = at;
    const int reach = int(inner);
    for (;;) {
      Point best = at;
      double top = value(at.x, at.y);
      for (int dy = -reach; dy <= reach; ++dy)
        for (int dx = -reach; dx <= reach; ++dx) {
          const int x = at.x + dx, y = at.y + dy;
          if (double(dx * dx + dy * dy) > inner * inner || !on_panel(x, y)) continue;
          if (!(value(x, y) > top) || !good(x, y)) continue;
          top = value(x, y);
          best = {x, y};
        }
      if (best.x == at.x && best.y == at.y) return true;
      at = best;
      const int dx = at.x - foot.x, dy = at.y - foot.y;
      if (double(dx * dx + dy * dy) > inner * inner) return false;
    }
  }
};

// One thread per pixel: climbs from a foot to its summit, which is listed once, with its first foot.
template <class T>
__global__ __launch_bounds__(kSeedThreads) void find_summits(Search<T> search) {
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const ewald_peaks_params& params = search.params;
  const std::uint32_t pixels = search.pixels;
  for (std::uint32_t pixel = blockIdx.x * kSeedThreads + threadIdx.x; pixel < pixels;
       pixel += gridDim.x * kSeedThreads) {
    // A pixel on the border would have neighbours on other panels.
    const std::uint32_t place = scene.places[pixel];
    if ((place & kBorder) != 0 || (place & 0xffff) == kMasked) continue;
    const Slopes<T> slopes(scene, search.panels[place >> kPanelShift], params);
    Point at = {int(pixel % scene.width), int(pixel / scene.width)};
    if (!slopes.is_foot(at, params) || !slopes.climb(at)) continue;
    const std::uint32_t summit = slopes.index(at.x, at.y);
    if (atomicMin(&seat.owners[summit], pixel) == kNobody) seat.seeds[atomicAdd(&seat.counts->seeds, 1u)] = summit;
  }
}

// Measures the disc around a summit against the ring beyond; counterpart of `measure` in cpp/peaks/summits.cpp. The
// whole block must call it. The host decides which peaks are too near to an earlier one, because each decision depends
// on the ones before.
template <class T>
__device__ void measure(std::uint32_t summit, const Slopes<T>& slopes, const ewald_peaks_params& params,
                        const Seat& seat, unsigned room) {
  const Point top = {int(summit % slopes.scene.width), int(summit / slopes.scene.width)};
  const double inner = slopes.inner, middle = slopes.middle, outer = slopes.outer;
  int reach = int(outer), side = 2 * reach + 1;
  Sums own{0, 0, 0, 0, 0};
  for (int k = int(threadIdx.x); k < side * side; k += kBlobThreads) {
    const int dx = k % side - reach, dy = k / side - reach, x = top.x + dx, y = top.y + dy;
    const double distance = double(dx * dx + dy * dy);
    if (distance > outer * outer) continue;
    const bool here = slopes.on_panel(x, y) && slopes.good(x, y);
    if (distance <= inner * inner && !here) own.more += 1;
    if (distance <= middle * middle || !here) continue;
    const double v = slopes.value(x, y);
    own.total += 1;
    own.x += v;
    own.y += v * v;
  }
  const Sums ring = gather(own);
  // A peak with a bad pixel has no sum.
  if (ring.total == 0 || ring.more > 0) return;
  const double mean = ring.x / ring.total, variance = ring.y / ring.total - mean * mean;
  const double sigma = variance > 0 ? sqrt(variance) : 0;
  reach = int(inner);
  side = 2 * reach + 1;
  own = {0, 0, 0, 0, 0};
  for (int k = int(threadIdx.x); k < side * side; k += kBlobThreads) {
    const int dx = k % side - reach, dy = k / side - reach;
    if (double(dx * dx + dy * dy) > inner * inner) continue;
    const double w = slopes.value(top.x + dx, top.y + dy) - mean;
    own.total += w;
    own.x += w * double(dx);
    own.y += w * double(dy);
    own.more += 1;
  }
  const Sums disc = gather(own);
  if (threadIdx.x != 0 || !(disc.total > 0)) return;
  const double wx = disc.x / disc.total, wy = disc.y / disc.total, x = double(top.x) + wx, y = double(top.y) + wy;
  const double snr = disc.total / (sigma * sqrt(disc.more));
  const ewald_peaks_panel& p = slopes.panel;
  if (!(snr >= double(params.min_snr)) || wx * wx + wy * wy > inner * inner) return;
  if (!(x >= p.fs && x <= p.end_fs - 1.0 && y >= p.ss && y <= p.end_ss - 1.0)) return;
  const unsigned slot = atomicAdd(&seat.counts->peaks, 1u);
  // The host refuses frames that have more.
  if (slot >= room) return;
  static_cast<Summit*>(seat.found)[slot] = {{float(x + 0.5), float(y + 0.5), float(disc.total),
                                             float(slopes.value(top.x, top.y) - mean),
                  float(snr), unsigned(disc.more), summit, float(mean)},
                 seat.owners[summit],
                 0,
                 x,
                 y};
}

template <class T>
__global__ __launch_bounds__(kBlobThreads) void measure_summits(Search<T> search) {
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const ewald_peaks_params& params = search.params;
  const std::uint32_t count = seat.counts->seeds;
  for (std::uint32_t k = blockIdx.x; k < count; k += gridDim.x) {
    const std::uint32_t summit = seat.seeds[k];
    const Slopes<T> slopes(scene, search.panels[scene.places[summit] >> kPanelShift], params);
    measure(summit, slopes, params, seat, search.room);
    __syncthreads();
  }
}

}  // namespace

template <class T>
void launch_summits(cudaStream_t stream, const Search<T>& search) {
  for (unsigned f = 0; f < search.frames; ++f)
    EWALD_CUDA(cudaMemsetAsync(search.seats[f].owners, 0xff, search.pixels * sizeof(std::uint32_t), stream));
  const dim3 blocks(search.blocks, 1, search.frames);
  EWALD_LAUNCH((find_summits<T>), blocks, kSeedThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
  EWALD_LAUNCH((measure_summits<T>), blocks, kBlobThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) template void launch_summits<T>(cudaStream_t, const Search<T>&);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
