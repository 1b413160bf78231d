// The kernels of single precision.
#include "kernels.cuh"
#include "launch.cuh"

void ewald::cuda::fft::launch_pass(const Pass& pass, const void* in, void* out, const float2* roots, double scale,
                                   cudaStream_t stream) {
  launch<float>(pass, in, out, roots, float(scale), stream);
}
