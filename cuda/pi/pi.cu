#include "pi.cuh"

#include <algorithm>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/launch.h"
#include "../common/memory.h"
#include "../common/warp.cuh"

namespace ewald::cuda::pi {

__global__ __launch_bounds__(kThreads) void count(ewald_pi_params params, unsigned long long first,
                                                  unsigned long long last, unsigned long long* hits) {
  const uint2 key = make_uint2(params.seed_lo, params.seed_hi);
  const unsigned long long lastBlock = last >> 2;
  const unsigned long long stride = static_cast<unsigned long long>(gridDim.x) * kThreads;
  unsigned long long found = 0;
  unsigned long long b = (first >> 2) + static_cast<unsigned long long>(blockIdx.x) * kThreads + threadIdx.x;
  // Rounds are counted instead of comparing with b + stride, because that sum would wrap at the end of the 64-bit
  // range.
  unsigned long long rounds = b > lastBlock ? 0 : (lastBlock - b) / stride + 1;
  for (; rounds > 0; --rounds, b += stride) {
    const uint4 words = philox(make_uint4(unsigned(b), unsigned(b >> 32), params.stream, 0u), key);
    // The first and the last block may be needed only in part.
    const unsigned from = b == first >> 2 ? unsigned(first) & 3u : 0u;
    const unsigned to = b == lastBlock ? unsigned(last) & 3u : 3u;
    unsigned in = inside(words.x) | inside(words.y) << 1 | inside(words.z) << 2 | inside(words.w) << 3;
    in &= (0xfu << from) & (0xfu >> (3u - to));
    found += __popc(in);
  }
  found = blockSum<kThreads>(found);
  if (threadIdx.x == 0 && found) atomicAdd(hits, found);
}

}  // namespace ewald::cuda::pi

using namespace ewald::cuda;

extern "C" int32_t ewald_cuda_pi_count(ewald_cuda_context* context, const ewald_pi_params* params, uint64_t* hits) {
  return guarded([&] {
    if (!params || !hits) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_pi_count: a pointer is null");
    *hits = 0;
    const unsigned long long first = static_cast<unsigned long long>(params->first_hi) << 32 | params->first_lo;
    const unsigned long long points = static_cast<unsigned long long>(params->points_hi) << 32 | params->points_lo;
    if (points == 0) return;
    // The last point of a stream has the index 2^64 - 1, behind which there is no other.
    if (first + (points - 1) < first)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_pi_count: the last point is beyond 2^64 - 1");
    useContext(context, [&] {
      const unsigned long long last = first + (points - 1);
      const unsigned long long blocksOfPoints = (last >> 2) - (first >> 2) + 1;
      const unsigned long long enough = static_cast<unsigned long long>(context->multiprocessors) * 8;
      const unsigned grid = unsigned(std::min(enough, (blocksOfPoints - 1) / pi::kThreads + 1));
      unsigned long long* const counter = context->counter->data();
      unsigned long long* const onHost = context->counterOnHost->data();
      EWALD_CUDA(cudaMemsetAsync(counter, 0, sizeof *counter, context->stream));
      EWALD_LAUNCH(pi::count, grid, pi::kThreads, 0, context->stream, *params, first, last, counter);
      EWALD_CUDA(cudaGetLastError());
      EWALD_CUDA(cudaMemcpyAsync(onHost, counter, sizeof *counter, cudaMemcpyDeviceToHost, context->stream));
      EWALD_CUDA(cudaStreamSynchronize(context->stream));
      *hits = *onHost;
    });
  });
}
