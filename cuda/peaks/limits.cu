// The limits of a ring after five clips, and the pixels above them: one block per ring.
#include <cfloat>

#include "../common/check.h"
#include "finder.cuh"

namespace ewald::cuda::peaks {
namespace {

// Integers of 16 bits are summed exactly, without double precision, which is slow on desktop GPUs; others as doubles,
// from the mean of the pass before.
template <class T>
constexpr bool kNarrow = std::is_integral_v<T> && sizeof(T) <= 2;
template <class T>
using Sum = std::conditional_t<kNarrow<T>, long long, double>;
template <class T>
using Squares = std::conditional_t<kNarrow<T>, unsigned long long, double>;

// Counterpart of limits_of in cpp/peaks/limits.cpp.
__device__ Limits conclude(unsigned n, double centre, double sum, double squares, const ewald_peaks_params& params) {
  if (n == 0) return {0, 0, -FLT_MAX, FLT_MAX};
  const double off = sum / double(n), variance = squares / double(n) - off * off;
  const double mean = centre + off, sigma = variance > 0 ? sqrt(variance) : 0;
  const float upper = float(mean + double(params.min_snr) * sigma);
  return {float(mean), float(sigma), float(mean - double(params.min_snr) * sigma),
          upper > params.threshold ? upper : params.threshold};
}

template <class T>
__global__ __launch_bounds__(kRingThreads) void find_limits(Scene<T> scene, RingTables<T> tables,
                                                            ewald_peaks_params params, Limits* limits,
                                                            std::uint32_t* candidates, Counts* counts) {
  EWALD_SHARED_VALUE(Limits, clip);
  const std::uint32_t begin = tables.first[blockIdx.x] + threadIdx.x, end = tables.first[blockIdx.x + 1];
  // Usable numbers, gathered once: each thread reads only what it wrote.
  unsigned mine = 0;
  for (std::uint32_t k = begin; k < end; k += kRingThreads) {
    const T v = scene.frame[tables.order[k]];
    if (scene.usable(tables.order[k], double(v))) tables.numbers[begin + mine++ * kRingThreads] = v;
  }
  if (threadIdx.x == 0) clip = {0, 0, -1e9f, 1e9f};
  __syncthreads();
  for (int pass = 0; pass < kPasses; ++pass) {
    const Limits within = clip;
    const double centre = kNarrow<T> ? 0 : double(within.mean);
    unsigned n = 0;
    Sum<T> sum = 0;
    Squares<T> squares = 0;
    for (unsigned k = 0; k < mine; ++k) {
      const T number = tables.numbers[begin + k * kRingThreads];
      if constexpr (kNarrow<T>) {
        // All numbers of these types are exact as floats.
        const int v = number;
        if (!(float(v) > within.lower && float(v) < within.upper)) continue;
        sum += v;
        squares += static_cast<unsigned>(v * static_cast<long long>(v));
      } else {
        const double v = double(number);
        if (!(v > double(within.lower) && v < double(within.upper))) continue;
        sum += v - centre;
        squares += (v - centre) * (v - centre);
      }
      ++n;
    }
    const unsigned total = blockSum<kRingThreads>(n);
    const Sum<T> all = blockSum<kRingThreads>(sum);
    const Squares<T> all_squares = blockSum<kRingThreads>(squares);
    if (threadIdx.x == 0) clip = conclude(total, centre, double(all), double(all_squares), params);
    __syncthreads();
  }
  if (threadIdx.x == 0) limits[blockIdx.x] = clip;
  const double upper = double(clip.upper);
  for (std::uint32_t k = begin; k < end; k += kRingThreads) {
    const std::uint32_t pixel = tables.order[k];
    const double v = double(scene.frame[pixel]);
    if (v > upper && scene.usable(pixel, v)) candidates[atomicAdd(&counts->candidates, 1u)] = pixel;
  }
}

}  // namespace

template <class T>
void launch_limits(cudaStream_t stream, const Scene<T>& scene, const RingTables<T>& tables,
                   const ewald_peaks_params& params, std::uint32_t rings, Limits* limits, std::uint32_t* candidates,
                   Counts* counts) {
  if (rings == 0) return;
  EWALD_LAUNCH((find_limits<T>), rings, kRingThreads, 0, stream, scene, tables, params, limits, candidates, counts);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T)                                                                                        \
  template void launch_limits<T>(cudaStream_t, const Scene<T>&, const RingTables<T>&, const ewald_peaks_params&, \
                                 std::uint32_t, Limits*, std::uint32_t*, Counts*);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
