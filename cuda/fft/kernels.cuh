// Starting a pass; the kernels of each precision are compiled in a separate file.
#pragma once
#include <cuda_runtime.h>

#include "pass.h"

namespace ewald::cuda::fft {

void launch_pass(const Pass& pass, const void* in, void* out, const float2* roots, double scale, cudaStream_t stream);
void launch_pass(const Pass& pass, const void* in, void* out, const double2* roots, double scale, cudaStream_t stream);

}  // namespace ewald::cuda::fft
