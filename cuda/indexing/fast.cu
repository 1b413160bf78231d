#include "fast.cuh"

#include "image.cuh"
#include "kernels.cuh"

namespace ewald::cuda::indexing {

__global__ __launch_bounds__(kThreads, kBlocksEach) void index_fast(const __grid_constant__ Plan plan) {
  index_images(plan, [](const Block& b, Pool pool) { search_fast(b, pool); });
}

}  // namespace ewald::cuda::indexing
