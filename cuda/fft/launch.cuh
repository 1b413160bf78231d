// Selects the kernel of a pass.
#pragma once
#include "../common/launch.h"
#include "fixed.cuh"

namespace ewald::cuda::fft {

// Starts the pass on a stream.
template <class T>
void launch(const Pass& pass, const void* in, void* out, const Complex<T>* roots, T scale, cudaStream_t stream) {
  const std::size_t shared = sizeof(Complex<T>) * pass.held + sizeof(LinePlace) * pass.lanes;
  const auto start = [&](auto kernel) {
    EWALD_LAUNCH(kernel, pass.blocks, pass.threads, shared, stream, pass, in, out, roots, scale);
  };
  if constexpr (sizeof(T) == 4) {
    if (pass.fixed) {
      const bool within = pass.element_step > 1;
      if (pass.length == 256 && within && pass.lanes == 16) return start(transform_fixed<T, 256, 16>);
#define EWALD_FIXED(N) \
  if (pass.length == N) return within ? start(transform_fixed<T, N, fixed_lanes(N)>) : start(transform_fixed<T, N, 0>);
      EWALD_FIXED(64)
      EWALD_FIXED(128)
      EWALD_FIXED(256)
      EWALD_FIXED(512)
      EWALD_FIXED(1024)
      EWALD_FIXED(2048)
#undef EWALD_FIXED
      // A block holds one line of this length, whether lines are adjacent or not.
      return start(transform_fixed<T, 4096, 0>);
    }
  }
  if (pass.plain)
    pass.powers_of_two ? start(transform_lines<T, true, true>) : start(transform_lines<T, true, false>);
  else
    pass.powers_of_two ? start(transform_lines<T, false, true>) : start(transform_lines<T, false, false>);
}

}  // namespace ewald::cuda::fft
