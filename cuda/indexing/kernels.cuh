// The kernels: one block of kThreads per image, and as many blocks as the GPU holds, each taking the next image when it
// has finished one.
#pragma once
#include "plan.cuh"

namespace ewald::cuda::indexing {

__global__ void index_fast(const __grid_constant__ Plan plan);
__global__ void index_exhaustive(const __grid_constant__ Plan plan);

}  // namespace ewald::cuda::indexing
