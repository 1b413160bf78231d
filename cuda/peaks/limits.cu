// The limits of a ring after five clips, and the pixels above them: one block per ring and frame.
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

struct Answers {
  Seat seats[kMostFrames];
  unsigned char* to;
  std::uint32_t bytes, at_once, record_bytes;
};

template <class T>
__global__ __launch_bounds__(kRingThreads) void find_limits(Search<T> search) {
  EWALD_SHARED_VALUE(Limits, clip);
  const Scene<T> scene = search.scene();
  const Seat& seat = search.seats[blockIdx.z];
  const std::uint32_t* const order = search.order;
  T* const numbers = static_cast<T*>(seat.numbers);
  const std::uint32_t begin = search.first[blockIdx.x] + threadIdx.x, end = search.first[blockIdx.x + 1];
  // Usable numbers, gathered once: each thread reads only what it wrote.
  unsigned mine = 0;
  for (std::uint32_t k = begin; k < end; k += kRingThreads) {
    const T v = scene.frame[order[k]];
    if (scene.usable(order[k], v)) numbers[begin + mine++ * kRingThreads] = v;
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
      const T number = numbers[begin + k * kRingThreads];
      if constexpr (kNarrow<T>) {
        // All numbers of these types are exact as floats.
        const int v = number;
        if (!(float(v) > within.lower && float(v) < within.upper)) continue;
        sum += v;
        squares += unsigned(v) * unsigned(v);
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
    if (threadIdx.x == 0) clip = conclude(total, centre, double(all), double(all_squares), search.params);
    __syncthreads();
  }
  if (threadIdx.x == 0) seat.limits[blockIdx.x] = clip;
  const float upper = clip.upper;
  for (std::uint32_t k = begin; k < end; k += kRingThreads) {
    const std::uint32_t pixel = order[k];
    const T v = scene.frame[pixel];
    if (exceeds(v, upper) && scene.usable(pixel, v)) seat.candidates[atomicAdd(&seat.counts->candidates, 1u)] = pixel;
  }
}

// One block per frame: what the host needs, in one piece of memory for all frames.
__global__ __launch_bounds__(kRingThreads) void answer(Answers of) {
  const Seat& seat = of.seats[blockIdx.x];
  EWALD_SHARED_VALUE(Counts, counts);
  if (threadIdx.x == 0) counts = *seat.counts;
  __syncthreads();
  auto* const to = reinterpret_cast<std::uint32_t*>(of.to + std::size_t(blockIdx.x) * of.bytes);
  const auto* const from = static_cast<const std::uint32_t*>(seat.found);
  const unsigned head = sizeof(Counts) / 4, words = min(counts.peaks, of.at_once) * of.record_bytes / 4;
  for (unsigned w = threadIdx.x; w < words; w += kRingThreads) to[head + w] = from[w];
  if (threadIdx.x != 0) return;
  to[0] = counts.candidates;
  to[1] = counts.seeds;
  to[2] = counts.peaks;
  to[3] = 0;
  *seat.counts = {0, 0, 0, 0};
}

}  // namespace

void launch_answer(cudaStream_t stream, const Seat* seats, unsigned frames, std::uint32_t at_once,
                   std::uint32_t record_bytes, unsigned char* answers, std::uint32_t bytes) {
  Answers of{{}, answers, bytes, at_once, record_bytes};
  for (unsigned f = 0; f < frames; ++f) of.seats[f] = seats[f];
  EWALD_LAUNCH(answer, frames, kRingThreads, 0, stream, of);
  EWALD_CUDA(cudaGetLastError());
}

template <class T>
void launch_limits(cudaStream_t stream, const Search<T>& search) {
  if (search.rings == 0) return;
  EWALD_LAUNCH((find_limits<T>), dim3(search.rings, 1, search.frames), kRingThreads, 0, stream, search);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) template void launch_limits<T>(cudaStream_t, const Search<T>&);
EWALD_CUDA_PEAKS_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::peaks
