// Transforms of planes whose pixels are vectors: each lane is one complex plane, or two real ones. Stockham's algorithm
// (radices 4, 2, 3, 5, and any prime as a matrix product), forward only: the backward transform is the forward one with
// real and imaginary parts exchanged.
#pragma once
#include <utility>

#include "common/simd.h"
#include "udf/plane_axis.h"

namespace ewald::EWALD_ISA {

struct C {
  F r, i;
};

EWALD_INLINE C operator+(C a, C b) { return {a.r + b.r, a.i + b.i}; }
EWALD_INLINE C operator-(C a, C b) { return {a.r - b.r, a.i - b.i}; }
EWALD_INLINE C times(C a, F c, F s) { return {fnma(a.i, s, a.r * c), fma(a.i, c, a.r * s)}; }
EWALD_INLINE C times(C a, float c, float s) { return times(a, splat(c), splat(s)); }
// a + f b, and a - i b
EWALD_INLINE C plus(C a, F f, C b) { return {fma(f, b.r, a.r), fma(f, b.i, a.i)}; }
EWALD_INLINE C minus_i(C a, C b) { return {a.r + b.i, a.i - b.r}; }
EWALD_INLINE C plus_i(C a, C b) { return {a.r - b.i, a.i + b.r}; }

template <int R>
EWALD_INLINE void butterfly(C* x, uint32_t radix, const float* roots) {
  if constexpr (R == 2) {
    const C a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  } else if constexpr (R == 4) {
    const C a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], d = x[1] - x[3];
    x[0] = a + c;
    x[1] = minus_i(b, d);
    x[2] = a - c;
    x[3] = plus_i(b, d);
  } else if constexpr (R == 3) {
    const F c = splat(-0.5f), s = splat(0.866025403784438647f);
    const C sum = x[1] + x[2], difference = x[1] - x[2], middle = plus(x[0], c, sum);
    const C turned{difference.r * s, difference.i * s};
    x[0] = x[0] + sum;
    x[1] = minus_i(middle, turned);
    x[2] = plus_i(middle, turned);
  } else if constexpr (R == 5) {
    const F c1 = splat(0.309016994374947424f), c2 = splat(-0.809016994374947424f);
    const F s1 = splat(0.951056516295153572f), s2 = splat(0.587785252292473129f);
    const C p = x[1] + x[4], q = x[2] + x[3], u = x[1] - x[4], v = x[2] - x[3];
    const C a = plus(plus(x[0], c1, p), c2, q), b = plus(plus(x[0], c2, p), c1, q);
    const C d{fma(s2, v.r, s1 * u.r), fma(s2, v.i, s1 * u.i)};
    const C e{fnma(s1, v.r, s2 * u.r), fnma(s1, v.i, s2 * u.i)};
    x[0] = x[0] + p + q;
    x[1] = minus_i(a, d);
    x[4] = plus_i(a, d);
    x[2] = minus_i(b, e);
    x[3] = plus_i(b, e);
  } else {
    C y[ewald::udf::most_radix];
    for (uint32_t p = 0; p < radix; p++) {
      C sum = x[0];
      for (uint32_t q = 1; q < radix; q++)
        sum = sum + times(x[q], roots[2 * (p * radix + q)], roots[2 * (p * radix + q) + 1]);
      y[p] = sum;
    }
    for (uint32_t p = 0; p < radix; p++) x[p] = y[p];
  }
}

// One step: element e of the axis is at e * stride, and `inner` transforms are next to each other.
template <int R>
void transform_step(const C* from, C* to, const ewald::udf::Axis& axis, uint32_t step, size_t done, size_t stride,
                    size_t inner) {
  const size_t radix = R ? R : axis.radix[step];
  const float *twiddles = axis.table[step], *roots = twiddles + 2 * done * radix;
  const size_t blocks = axis.length / (done * radix);
  C x[R ? R : ewald::udf::most_radix];
  for (size_t b = 0; b < blocks; b++)
    for (size_t j = 0; j < done; j++) {
      const float* t = twiddles + 2 * j * radix;
      const C* in = from + (b * done + j) * stride;
      C* out = to + (b * done * radix + j) * stride;
      for (size_t k = 0; k < inner; k++) {
        x[0] = in[k];
        for (size_t q = 1; q < radix; q++) {
          const C value = in[q * blocks * done * stride + k];
          x[q] = j == 0 ? value : times(value, t[2 * q], t[2 * q + 1]);
        }
        butterfly<R>(x, uint32_t(radix), roots);
        for (size_t p = 0; p < radix; p++) out[p * done * stride + k] = x[p];
      }
    }
}

// All steps; the result is in one of the two memories, which is returned.
EWALD_INLINE C* along(const ewald::udf::Axis& axis, C* from, C* to, size_t stride, size_t inner) {
  size_t done = 1;
  for (uint32_t s = 0; s < axis.steps; s++) {
    const uint32_t radix = axis.radix[s];
    if (radix == 4)
      transform_step<4>(from, to, axis, s, done, stride, inner);
    else if (radix == 2)
      transform_step<2>(from, to, axis, s, done, stride, inner);
    else if (radix == 3)
      transform_step<3>(from, to, axis, s, done, stride, inner);
    else if (radix == 5)
      transform_step<5>(from, to, axis, s, done, stride, inner);
    else
      transform_step<0>(from, to, axis, s, done, stride, inner);
    std::swap(from, to);
    done *= radix;
  }
  return from;
}

// Rows, then columns of [y.length][x.length]; the result is in one of the two memories, which is returned.
EWALD_INLINE C* transform_planes(const ewald::udf::Axis& y, const ewald::udf::Axis& x, C* from, C* to) {
  for (size_t r = 0; r < y.length; r++) along(x, from + r * x.length, to + r * x.length, 1, 1);
  if (x.steps & 1) std::swap(from, to);
  return along(y, from, to, x.length, x.length);
}

}  // namespace ewald::EWALD_ISA
