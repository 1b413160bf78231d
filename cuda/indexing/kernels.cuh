// The kernels: a block of kThreads an image, as many blocks as the card holds, each taking the next image when it is
// done with one.
#pragma once
#include "plan.cuh"

namespace ewald::cuda::indexing {

__global__ void index_fast(const __grid_constant__ Plan plan);
__global__ void index_exhaustive(const __grid_constant__ Plan plan);

}  // namespace ewald::cuda::indexing
