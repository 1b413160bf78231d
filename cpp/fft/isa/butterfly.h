// Transforms of R numbers in registers, one in each lane: the radices of every pass.
//
// 2, 4, 8 and 16 are built from each other; 3, 5, 7, 11 and 13 use the symmetry of x_k and x_(R-k), which halves the
// products.
#pragma once
#include "fft/isa/complex.h"

namespace ewald::EWALD_ISA {

// cos and sin of 2 pi k / R, k = 1 .. (R - 1) / 2.
template <int R>
struct Root;
template <>
struct Root<3> {
  static constexpr double cosine[1] = {-0.5};
  static constexpr double sine[1] = {0.8660254037844386467637};
};
template <>
struct Root<5> {
  static constexpr double cosine[2] = {0.3090169943749474241023, -0.8090169943749474241023};
  static constexpr double sine[2] = {0.9510565162951535721164, 0.5877852522924731291687};
};
template <>
struct Root<7> {
  static constexpr double cosine[3] = {0.623489801858733530525, -0.2225209339563144042889, -0.9009688679024191262361};
  static constexpr double sine[3] = {0.7818314824680298087084, 0.9749279121818236070181, 0.4338837391175581204758};
};
template <>
struct Root<11> {
  static constexpr double cosine[5] = {0.8412535328311811688618, 0.4154150130018864255293, -0.1423148382732851404438,
                                       -0.6548607339452850640569, -0.9594929736144973898904};
  static constexpr double sine[5] = {0.5406408174555975821076, 0.9096319953545183714117, 0.9898214418809327323761,
                                     0.755749574354258283774, 0.2817325568414296977114};
};
template <>
struct Root<13> {
  static constexpr double cosine[6] = {0.8854560256532098959004,  0.5680647467311558025118,  0.1205366802553230533491,
                                       -0.3546048870425356259696, -0.7485107481711010986346, -0.970941817426052027157};
  static constexpr double sine[6] = {0.464723172043768545656,  0.8229838658936563945796, 0.9927088740980539928008,
                                     0.9350162426854148234398, 0.6631226582407952023768, 0.2393156642875577671488};
};

template <class T, int W>
EWALD_INLINE void dft2(Complex<T, W>& a, Complex<T, W>& b) {
  const Complex<T, W> t = a - b;
  a = a + b;
  b = t;
}

template <class T, int W>
EWALD_INLINE void dft4(Complex<T, W>& a, Complex<T, W>& b, Complex<T, W>& c, Complex<T, W>& d) {
  const Complex<T, W> p = a + c, q = a - c, r = b + d, t = b - d;
  a = p + r;
  c = p - r;
  b = {q.re + t.im, q.im - t.re};
  d = {q.re - t.im, q.im + t.re};
}

template <class T, int W>
EWALD_INLINE void dft8(Complex<T, W>& a, Complex<T, W>& b, Complex<T, W>& c, Complex<T, W>& d, Complex<T, W>& e,
                       Complex<T, W>& f, Complex<T, W>& g, Complex<T, W>& h) {
  dft4(a, c, e, g);
  dft4(b, d, f, h);
  const Vec<T, W> half = splat<T, W>(T(0.70710678118654752440));
  const Complex<T, W> b1 = {b.re, b.im}, d1 = {d.re + d.im, d.im - d.re}, f1 = {f.im, -f.re},
                      h1 = {h.im - h.re, -(h.re + h.im)};
  // natural order: even results are in a c e g, odd ones in b d f h
  const Complex<T, W> a0 = a, c0 = c, e0 = e, g0 = g;
  a = a0 + b1;
  e = a0 - b1;
  b = {c0.re + half * d1.re, c0.im + half * d1.im};
  f = {c0.re - half * d1.re, c0.im - half * d1.im};
  c = e0 + f1;
  g = e0 - f1;
  d = {g0.re + half * h1.re, g0.im + half * h1.im};
  h = {g0.re - half * h1.re, g0.im - half * h1.im};
}

// Multiplications by exp(-2 pi i k / 16) with the minimum number of products.
template <class T, int W, int k>
EWALD_INLINE Complex<T, W> turn16(Complex<T, W> x) {
  constexpr double c1 = 0.92387953251128675613, s1 = 0.38268343236508977173, half = 0.70710678118654752440;
  if constexpr (k == 0) return x;
  if constexpr (k == 1) return times<T, W>(x, splat<T, W>(T(c1)), splat<T, W>(T(-s1)));
  if constexpr (k == 2) return scaled<T, W>({x.re + x.im, x.im - x.re}, splat<T, W>(T(half)));
  if constexpr (k == 3) return times<T, W>(x, splat<T, W>(T(s1)), splat<T, W>(T(-c1)));
  if constexpr (k == 4) return {x.im, -x.re};
  if constexpr (k == 6) return scaled<T, W>({x.im - x.re, -(x.re + x.im)}, splat<T, W>(T(half)));
  if constexpr (k == 9) return times<T, W>(x, splat<T, W>(T(-c1)), splat<T, W>(T(s1)));
}

template <class T, int W>
EWALD_INLINE void dft16(Complex<T, W>* c) {
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) dft4(c[k], c[k + 4], c[k + 8], c[k + 12]);
  // c[k + 4 j] = result j of column k
  c[5] = turn16<T, W, 1>(c[5]);
  c[6] = turn16<T, W, 2>(c[6]);
  c[7] = turn16<T, W, 3>(c[7]);
  c[9] = turn16<T, W, 2>(c[9]);
  c[10] = turn16<T, W, 4>(c[10]);
  c[11] = turn16<T, W, 6>(c[11]);
  c[13] = turn16<T, W, 3>(c[13]);
  c[14] = turn16<T, W, 6>(c[14]);
  c[15] = turn16<T, W, 9>(c[15]);
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) dft4(c[4 * j], c[4 * j + 1], c[4 * j + 2], c[4 * j + 3]);
    // result j + 4 i is at 4 j + i: transpose the square
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
#pragma GCC unroll 4
    for (int i = 0; i < j; i++) {
      const Complex<T, W> t = c[4 * j + i];
      c[4 * j + i] = c[4 * i + j];
      c[4 * i + j] = t;
    }
  }
}

template <class T, int W, int R>
EWALD_INLINE void dft_odd(Complex<T, W>* c) {
  constexpr int h = (R - 1) / 2;
  Complex<T, W> sum[h], difference[h];
  const Complex<T, W> first = c[0];
#pragma GCC unroll 8
  for (int k = 0; k < h; k++) {
    sum[k] = c[k + 1] + c[R - 1 - k];
    difference[k] = c[k + 1] - c[R - 1 - k];
    c[0] = c[0] + sum[k];
  }
#pragma GCC unroll 8
  for (int j = 1; j <= h; j++) {
    Complex<T, W> a = first, b = {};
#pragma GCC unroll 8
    for (int k = 1; k <= h; k++) {
      const int e = j * k % R, i = e <= h ? e : R - e;
      const Vec<T, W> cosine = splat<T, W>(T(Root<R>::cosine[i - 1])),
                      sine = splat<T, W>(T(e <= h ? Root<R>::sine[i - 1] : -Root<R>::sine[i - 1]));
      a.re += cosine * sum[k - 1].re;
      a.im += cosine * sum[k - 1].im;
      if (k == 1)
        b = {sine * difference[0].re, sine * difference[0].im};
      else {
        b.re += sine * difference[k - 1].re;
        b.im += sine * difference[k - 1].im;
      }
    }
    c[j] = {a.re + b.im, a.im - b.re};
    c[R - j] = {a.re - b.im, a.im + b.re};
  }
}

// Forward transform of c[0 .. R-1], in natural order.
template <class T, int W, int R>
EWALD_INLINE void dft(Complex<T, W>* c) {
  if constexpr (R == 2)
    dft2(c[0], c[1]);
  else if constexpr (R == 4)
    dft4(c[0], c[1], c[2], c[3]);
  else if constexpr (R == 8)
    dft8(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
  else if constexpr (R == 16)
    dft16(c);
  else
    dft_odd<T, W, R>(c);
}

}  // namespace ewald::EWALD_ISA
