// Where the lines of a block are in shared memory, and which thread takes which number, so that few warps meet a bank
// twice. For the kernels of fixed.h, whose order of accesses is known.
#pragma once
#include <cstdint>

#include "fixed.h"

namespace ewald::cuda::fft {

// The ends of a pass: complex lines, the spectrum of real lines separated at the end or joined at the beginning.
enum class LineEnds : std::uint32_t { complex, separates, joins, convolves };

struct Spacing {
  std::uint32_t pitch;               // complex numbers of shared memory from line to line
  std::uint32_t near[6], near_ends;  // see Pass
  std::uint32_t least, met;          // accesses of half warps for a block: without a bank met twice, and as they are
};

// The spacing with the fewest accesses, counted. Along an axis neighbouring threads take at most two lines, so that they
// read runs of 128 bytes; across it they take all lines of the block. Stages that read and write no memory may do either.
Spacing spacing_of(std::uint32_t row, std::uint32_t lanes, bool across_in, bool across_out, LineEnds ends);

}  // namespace ewald::cuda::fft
