// Selects the kernel of a pass.
#pragma once
#include <utility>

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
    if (pass.fixed != nothing)
      return [&]<std::size_t... Row>(std::index_sequence<Row...>) {
        const auto row = [&]<std::uint32_t Length>(std::integral_constant<std::uint32_t, Length>) {
          if constexpr (fixed_convolves(Length))
            if (pass.spectrum != nothing) return start(convolve_fixed<T, Length>);
          start(transform_fixed<T, Length>);
        };
        ((Row == pass.fixed ? row(std::integral_constant<std::uint32_t, fixed_lengths[Row].length>{}) : void()), ...);
      }(std::make_index_sequence<fixed_count>{});
  }
  if (pass.plain)
    pass.powers_of_two ? start(transform_lines<T, true, true>) : start(transform_lines<T, true, false>);
  else
    pass.powers_of_two ? start(transform_lines<T, false, true>) : start(transform_lines<T, false, false>);
}

}  // namespace ewald::cuda::fft
