// Transforms of many planes at once: the tables of one axis. Lanes of a vector are planes, so that any radix fills
// every lane; isa/plane_transform.h holds the kernels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::udf {

// Largest prime factor of a length: a prime radix is a matrix product, in arrays of this size.
constexpr uint32_t most_radix = 127;

// Steps of a transform of `length` numbers.
struct Axis {
  uint32_t length, steps;
  uint32_t radix[32];
  // Of each step: the twiddles [L][radix] as cosine and sine, then the roots of unity [radix][radix].
  const float* table[32];
};

// Splits a length into radices; false if a prime factor is too large.
bool split(uint32_t length, Axis& axis);
// Floats of the tables of an axis, and the tables in memory of that size.
size_t table_floats(const Axis& axis);
void fill_tables(Axis& axis, float* memory);

}  // namespace ewald::udf
