// The kernels of double precision.
#include "kernels.cuh"
#include "launch.cuh"

void ewald::cuda::fft::launch_pass(const Pass& pass, const void* in, void* out, const double2* roots, double scale,
                                   cudaStream_t stream) {
  launch<double>(pass, in, out, roots, scale, stream);
}
