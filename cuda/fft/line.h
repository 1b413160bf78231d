// How the kernel treats a line of an axis, by the kind of the transform.
#pragma once
#include <cstdint>

#include "fft/plan.h"
#include "pass.h"

namespace ewald::cuda::fft {

// How the lines of an axis are read and written, and the length of the complex transform in between.
struct Line {
  std::uint32_t axis, points;
  Source source = Source::complex;
  Sink sink = Sink::complex;
  bool sine = false, pairs = false, swap = false;
};

// `special`: the axis that changes between real and complex, or an axis of sines or cosines. `room`: complex numbers of
// a block.
Line line_of(const ewald::fft::Problem& problem, std::uint32_t dim, bool special, bool backward, std::uint32_t room);

}  // namespace ewald::cuda::fft
