// Sums of each pixel over frames, in doubles, for 32-bit numbers and floats, with frames in order. A group of frames is
// added in registers before the sum is touched. Integers of up to 16 bits use running.cpp.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::group;
using ewald::udf::Stack;

// Adds the frames of one group; G is a constant, so that its loop is unrolled.
template <class T, uint32_t G>
EWALD_INLINE void add_group(const T* __restrict p, size_t pixels, size_t first, size_t end, double* __restrict sum) {
  for (size_t i = first; i < end; i++) {
    Total<T> here = 0;
    for (uint32_t f = 0; f < G; f++) here += p[f * pixels + i];
    sum[i] += double(here);
  }
}

template <class T, uint32_t G>
EWALD_INLINE void moments_group(const T* __restrict p, size_t pixels, size_t first, size_t end,
                                const double* __restrict shift, double* __restrict sum, double* __restrict second) {
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

template <class T>
void add(const Stack& s, double* sum) {
  const T* p = static_cast<const T*>(s.frames);
  uint32_t f = 0;
  for (; f + group <= s.count; f += group) add_group<T, group>(p + f * s.pixels, s.pixels, s.first, s.end, sum);
  for (; f < s.count; f++) add_group<T, 1>(p + f * s.pixels, s.pixels, s.first, s.end, sum);
}

template <class T>
void moments(const Stack& s, const double* shift, double* sum, double* second) {
  const T* p = static_cast<const T*>(s.frames);
  uint32_t f = 0;
  for (; f + group <= s.count; f += group)
    moments_group<T, group>(p + f * s.pixels, s.pixels, s.first, s.end, shift, sum, second);
  for (; f < s.count; f++) moments_group<T, 1>(p + f * s.pixels, s.pixels, s.first, s.end, shift, sum, second);
}

}  // namespace

void udf_planes(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) {
    using T = decltype(number);
    if constexpr (sizeof(T) == 4) {
      kernels.add = add<T>;
      kernels.moments = moments<T>;
    }
  });
}

}  // namespace ewald::EWALD_ISA
