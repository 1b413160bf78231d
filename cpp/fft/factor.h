// Lengths as products of the radices.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::fft {

struct Factors {
  uint32_t count;
  uint32_t radix[32];
};

// Whether n is a product of 2, 3, 5, 7, 11 and 13.
bool is_smooth(size_t n);
// Radices of a smooth n, in the order of the passes. Powers of two take as few passes as radices up to `largest` (4 or
// 8) allow; with `after_turn` these are the passes of a row after the one that transposes squares.
Factors factorize(size_t n, uint32_t largest, bool after_turn = false);
// Reverses the leading powers of two, so that the smallest comes first.
void small_first(Factors& factors);
// Radices forced by the caller, one in each hexadecimal digit (f stands for 16, in the first pass only), the first pass
// in the highest nonzero digit. False if they are not radices whose product is n.
bool read_radices(uint32_t tune, size_t n, uint32_t largest, Factors& factors);
// Rough cost of a transform of smooth length n, in passes of a power of two.
double cost(size_t n);
// The cheapest smooth length of at least `shortest` that is a multiple of `multiple` (a power of two).
size_t good_length(size_t shortest, size_t multiple);
// For smooth n: the divisor n1 by which a line is split, with n1 and n / n1 closest to each other, n1 the smaller, and
// one of them a multiple of the longest vector where the larger one is then at most 1.5 times the smaller.
size_t split_divisor(size_t n);

}  // namespace ewald::fft
