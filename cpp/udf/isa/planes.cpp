// Sums of each pixel over frames. A group of frames is added in registers before the running sum is touched; integers
// of up to 16 bits in 32 bits (a group cannot overflow them), everything else in doubles, frames in order.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::group;

// Adds the frames of one group; G is a constant so that its loop is gone.
template <class T, uint32_t G>
EWALD_INLINE void add_group(const T* __restrict p, size_t pixels, size_t first, size_t end, double* __restrict sum) {
  if constexpr (sizeof(T) <= 2) {
    for (size_t i = first; i < end; i++) {
      RowSum<T> here = 0;
      for (uint32_t f = 0; f < G; f++) here += p[f * pixels + i];
      sum[i] += double(here);
    }
  } else if constexpr (std::is_floating_point_v<T>) {
    for (size_t i = first; i < end; i++) {
      double here = 0;
      for (uint32_t f = 0; f < G; f++) here += double(p[f * pixels + i]);
      sum[i] += here;
    }
  } else {
    for (size_t i = first; i < end; i++) {
      RowSum<T> here = 0;
      for (uint32_t f = 0; f < G; f++) here += p[f * pixels + i];
      sum[i] += double(here);
    }
  }
}

// Squares of 16-bit numbers have 32 bits: their halves are added apart, each exact in 32 bits.
template <class T, uint32_t G>
EWALD_INLINE void moments_group(const T* __restrict p, size_t pixels, size_t first, size_t end,
                                const double* __restrict shift, double* __restrict sum, double* __restrict second) {
  if constexpr (std::is_integral_v<T> && sizeof(T) <= 2) {
    for (size_t i = first; i < end; i++) {
      RowSum<T> here = 0;
      uint32_t low = 0, high = 0;
      for (uint32_t f = 0; f < G; f++) {
        const auto v = RowSum<T>(p[f * pixels + i]);
        const uint32_t square = uint32_t(v) * uint32_t(v);
        here += v;
        low += square & 0xffff;
        high += square >> 16;
      }
      sum[i] += double(here);
      second[i] += double(high) * 65536.0 + double(low);
    }
  } else {
    for (size_t i = first; i < end; i++) {
      double here = 0, squares = 0;
      const double middle = shift[i];
      for (uint32_t f = 0; f < G; f++) {
        const double v = double(p[f * pixels + i]) - middle;
        here += v;
        squares += v * v;
      }
      sum[i] += here;
      second[i] += squares;
    }
  }
}

template <class T>
void add(const T* p, uint32_t count, size_t pixels, size_t first, size_t end, double* sum) {
  uint32_t f = 0;
  for (; f + group <= count; f += group) add_group<T, group>(p + f * pixels, pixels, first, end, sum);
  for (; f < count; f++) add_group<T, 1>(p + f * pixels, pixels, first, end, sum);
}

template <class T>
void moments(const T* p, uint32_t count, size_t pixels, size_t first, size_t end, const double* shift, double* sum,
             double* second) {
  uint32_t f = 0;
  for (; f + group <= count; f += group)
    moments_group<T, group>(p + f * pixels, pixels, first, end, shift, sum, second);
  for (; f < count; f++) moments_group<T, 1>(p + f * pixels, pixels, first, end, shift, sum, second);
}

}  // namespace

void udf_add(uint32_t dtype, const void* frames, uint32_t count, size_t pixels, size_t first, size_t end, double* sum) {
  with_type(dtype, frames, [&](const auto* p) { add(p, count, pixels, first, end, sum); });
}

void udf_moments(uint32_t dtype, const void* frames, uint32_t count, size_t pixels, size_t first, size_t end,
                 const double* shift, double* sum, double* second) {
  with_type(dtype, frames, [&](const auto* p) { moments(p, count, pixels, first, end, shift, sum, second); });
}

}  // namespace ewald::EWALD_ISA
