// One contiguous line of real numbers as a complex line of half its length: the last pass of that row combines each of
// its results with its mirror image while both are in registers. Done afterwards (half_after), 4096 real numbers take
// 1.17 times as long on AVX-512.
//
// With S points between the results of a butterfly, result j at point i is number j S + i; its mirror image is result
// R-1-j at point S-i. A vector of points from i on and the one that ends before S-i are thus transformed together, and
// the point S-i itself is left from the step before.
//
// Not in wasm: with 15 registers it takes as long as the two passes (2048 numbers: 1.03 times, 8192: 1.06).
#if !defined(__wasm_simd128__)
#include "fft/isa/butterfly.h"
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// Lane l of the result: the point after the vector `a` for column 0, which is the first one of `b`, and for column c
// the point c from the end of `a`.
template <class T, int W>
struct MirrorAcross {
  static constexpr int at(int lane) {
    const int column = int(fft::lane_column<T>(uint32_t(lane), W));
    return column == 0 ? W + FromLanes<T, W>::at(0) : FromLanes<T, W>::at(W - column);
  }
};

template <class T, int W>
EWALD_INLINE Complex<T, W> mirror_across(Complex<T, W> a, Complex<T, W> b) {
  return {shuffle<T, W, MirrorAcross<T, W>>(a.re, b.re), shuffle<T, W, MirrorAcross<T, W>>(a.im, b.im)};
}

// The number of column 0.
template <class T, int W>
EWALD_INLINE void store_number(Complex<T, W> a, T* out) {
  constexpr int lane = FromLanes<T, W>::at(0);
  out[0] = a.re[lane];
  out[1] = a.im[lane];
}

// X_k = E_k + w^k O_k and X*_(n-k) = E_k - w^k O_k of z_k and z_(n-k), as in half_after.
template <class T, int R>
EWALD_INLINE void fold_middle(size_t step, const T* w, const T (*z)[2], T* out) {
  for (size_t j = 0; j < R; j++, w += 2) {
    const size_t m = R - 1 - j;
    const T er = z[j][0] + z[m][0], ei = z[j][1] - z[m][1], dr = z[j][1] + z[m][1], di = z[m][0] - z[j][0];
    T* to = out + 2 * (j * step + step / 2);
    to[0] = er + dr * w[0] - di * w[1];
    to[1] = ei + dr * w[1] + di * w[0];
  }
}

template <class T, int W, int R>
void last_fold(const Stage<T>& stage, const T* table, const T* x, T* out, T scale) {
  constexpr size_t unit = 2 * W;
  const size_t vectors = stage.s, points = vectors * W, step = vectors * unit;
  const Vec<T, W> factor = splat<T, W>(scale);
  const auto transformed = [&](size_t vector, Complex<T, W>* c) {
#pragma GCC unroll 8
    for (int k = 0; k < R; k++) c[k] = scaled<T, W>(load_complex<T, W>(x + size_t(k) * step + vector * unit), factor);
    dft<T, W, R>(c);
  };
  Complex<T, W> before[R];  // the later vectors of the step before
  const T* w = table;
  for (size_t q = 0; 2 * q < vectors; q++) {
    Complex<T, W> low[R], high[R];
    transformed(q, low);
    transformed(vectors - 1 - q, high);
    if (q == 0) {
#pragma GCC unroll 8
      for (int j = 0; j < R; j++) before[j] = low[(j + 1) % R];
    }
#pragma GCC unroll 8
    for (int j = 0; j < R; j++, w += unit) {
      const int m = R - 1 - j;
      const Complex<T, W> a = low[j], b = mirror_across(high[m], before[m]);
      const Complex<T, W> e = {a.re + b.re, a.im - b.im};
      const Complex<T, W> o = times<T, W>({a.im + b.im, b.re - a.re}, load<T, W>(w), load<T, W>(w + W));
      store_interleaved<T, W, false>(out + 2 * (size_t(j) * points + q * W), e + o);
      store_mirrored<T, W>(out + 2 * (size_t(m) * points + points - q * W - W + 1), {e.re - o.re, o.im - e.im});
    }
#pragma GCC unroll 8
    for (int j = 0; j < R; j++) before[j] = high[j];
  }
  // The points in the middle are their own mirror images.
  T middle[R][2];
  for (int j = 0; j < R; j++) store_number(before[j], middle[j]);
  fold_middle<T, R>(points, w, middle, out);
}

}  // namespace

template <class T, int W>
void real_row(const RowPlan<T>& plan, const T* table, const T* in, T* out, T* work, T scale) {
  const T* a = row_passes<T, W>(plan, in, work, false);
  const Stage<T>& last = plan.stage[plan.stages - 1];
  switch (last.radix) {
    case 2:
      return last_fold<T, W, 2>(last, table, a, out, scale);
    case 4:
      return last_fold<T, W, 4>(last, table, a, out, scale);
  }
}

#define EWALD_INSTANTIATE(T, W) template void real_row<T, W>(const RowPlan<T>&, const T*, const T*, T*, T*, T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
#endif
