#include "exhaustive.cuh"

#include "image.cuh"
#include "kernels.cuh"

namespace ewald::cuda::indexing {

__global__ __launch_bounds__(kThreads, kBlocksEach) void index_exhaustive(const __grid_constant__ Plan plan) {
  index_images(plan, [](const Block& b, Pool pool) { search_exhaustive(b, pool); });
}

}  // namespace ewald::cuda::indexing
