// Sums of the good pixels of rings, none clipped: one block per ring and frame. Those of integers are exact, and so the
// same as on every other backend.
#include "../common/check.h"
#include "finder.cuh"

namespace ewald::cuda::peaks {
namespace {

template <class T>
using Total = std::conditional_t<std::is_integral_v<T>, long long, double>;

template <class T>
__global__ __launch_bounds__(kRingThreads) void sum_rings(Search<T> search) {
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  Total<T> sum = 0;
  unsigned used = 0;
  const std::uint32_t end = search.first[blockIdx.x + 1];
  for (std::uint32_t k = search.first[blockIdx.x] + threadIdx.x; k < end; k += kRingThreads) {
    const std::uint32_t pixel = search.order[k];
    const T v = scene.frame[pixel];
    if (scene.usable(pixel, v)) {
      sum += Total<T>(v);
      ++used;
    } else {
      const unsigned at = atomicAdd(seat.lost, 1u);
      if (at < kMostLost) seat.lost[1 + at] = pixel;
    }
  }
  const unsigned total = blockSum<kRingThreads>(used);
  const Total<T> all = blockSum<kRingThreads>(sum);
  if (threadIdx.x != 0) return;
  seat.sums[blockIdx.x] = double(all);
  seat.sums[search.rings + blockIdx.x] = double(total);
}

}  // namespace

template <class T>
void launch_sums(cudaStream_t stream, const Search<T>& search) {
  for (unsigned f = 0; f < search.frames; ++f)
    EWALD_CUDA(cudaMemsetAsync(search.seats[f].lost, 0, sizeof(std::uint32_t), stream));
  if (search.rings == 0) return;
  EWALD_LAUNCH((sum_rings<T>), dim3(search.rings, 1, search.frames), kRingThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) template void launch_sums<T>(cudaStream_t, const Search<T>&);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
