// How a length is split: into radices inside a block, into pieces that fit into a block, or by the length of a
// convolution.
#pragma once
#include <cstdint>
#include <vector>

namespace ewald::cuda::fft {

// The transform of a block: `points` numbers through a convolution of `length` where they differ.
struct Core {
  std::uint32_t points = 0, length = 0;
};

// The pieces of a line. If `convolution` is not 0, their product is that length instead of the line's.
struct Split {
  std::vector<Core> pieces;
  std::uint64_t convolution = 0;
};

// Radices in the order of the stages: odd ones first, then as few powers of two as radix 8 allows.
std::vector<std::uint32_t> radices_of(std::uint32_t n);
// The shortest length from `least` on of the form 2^a 3^b 5^c with b, c <= 3: powers of two alone would waste up to
// half.
std::uint64_t convolution_length(std::uint64_t shortest);
// The transform of `points` numbers in one block of `capacity`; length 0 if there is no such transform.
Core core_of(std::uint64_t points, std::uint32_t capacity);
// `side_by_side`: adjacent lines of a piece that a block should hold, so that memory is read in runs of 32 bytes.
Split split_of(std::uint64_t points, std::uint32_t capacity, std::uint32_t side_by_side);

}  // namespace ewald::cuda::fft
