// Transform of one contiguous line with the vectors along it.
//
// The first pass takes W neighbours p .. p+W-1 of each of `first` parts of the line, does W butterflies at once, and
// transposes the W x W squares of results, so that the lanes correspond to the result index of the first radix. From
// there on no lane reads another, and the last pass stores in natural order: there is no other shuffle in the whole
// transform. Where the second pass is the last one and takes a single vector of each row, both are done in registers.
#include "fft/isa/butterfly.h"
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// The first butterfly of W neighbours, whose R points lie `step` numbers apart, and its twiddles.
template <class T, int W, int R, bool swap>
EWALD_INLINE void first_butterfly(const T* in, size_t step, const T* w, Complex<T, W>* c) {
#pragma GCC unroll 16
  for (int k = 0; k < R; k++) c[k] = load_interleaved<T, W, swap>(in + step * size_t(k));
  dft<T, W, R>(c);
#pragma GCC unroll 16
  for (int j = 1; j < R; j++)
    c[j] = times<T, W>(c[j], load<T, W>(w + 2 * W * (j - 1)), load<T, W>(w + 2 * W * (j - 1) + W));
}

// Results l of W neighbours become results 0 .. W-1 of neighbour l.
template <class T, int W>
EWALD_INLINE void transpose_square(Complex<T, W>* c) {
  Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
  for (int l = 0; l < W; l++) {
    re[l] = c[fft::lane_column<T>(uint32_t(l), W)].re;
    im[l] = c[fft::lane_column<T>(uint32_t(l), W)].im;
  }
  transpose<T, W>(re);
  transpose<T, W>(im);
#pragma GCC unroll 16
  for (int l = 0; l < W; l++) c[fft::lane_column<T>(uint32_t(l), W)] = {re[l], im[l]};
}

template <class T, int W, int R, bool swap>
void turn(size_t m, const T* twiddle, const T* in, T* y) {
  constexpr int squares = R / W;
  const T* w = twiddle;
  for (size_t start = 0; start < m; start += W, w += 2 * W * (R - 1)) {
    const size_t p = start + W <= m ? start : m - W;  // the last vector overlaps the one before
    Complex<T, W> c[R];
    first_butterfly<T, W, R, swap>(in + 2 * p, 2 * m, w, c);
#pragma GCC unroll 8
    for (int square = 0; square < squares; square++) {
      transpose_square<T, W>(c + square * W);
#pragma GCC unroll 16
      for (int l = 0; l < W; l++)
        store_complex<T, W>(y + 2 * W * (squares * (p + size_t(l)) + square), c[square * W + l]);
    }
  }
}

template <class T, int W, bool swap>
void turn_first(const RowPlan<T>& plan, const T* in, T* y) {
  const size_t m = plan.n / plan.first;
  switch (plan.first) {
#define EWALD_CASE(R)                                                                                         \
  case R:                                                                                                     \
    if constexpr (R % W == 0 && (R == W || R <= 8)) return turn<T, W, R, swap>(m, plan.first_twiddle, in, y); \
    break;
    EWALD_CASE(2)
    EWALD_CASE(4)
#if !defined(__wasm_simd128__)
    EWALD_CASE(8)
    EWALD_CASE(16)
#endif
#undef EWALD_CASE
  }
}

// The last butterfly, of W results each, whose vectors of neighbouring results lie `step` numbers apart.
template <class T, int W, int R, bool swap, bool scales>
EWALD_INLINE void store_butterfly(Complex<T, W>* c, T* out, size_t step, Vec<T, W> factor) {
  dft<T, W, R>(c);
#pragma GCC unroll 16
  for (int j = 0; j < R; j++)
    store_interleaved<T, W, swap>(out + step * size_t(j), scales ? scaled<T, W>(c[j], factor) : c[j]);
}

// R W points: the first pass as in `turn`, whose results the second one, of radix W, takes from the registers. Where W
// is 2 R, transposed vectors hold two of the W points for each of R results: the second pass begins with radix 2, whose
// odd results are turned, and ends with radix R.
template <class T, int W, int R, bool swap, bool scales>
void in_registers(const RowPlan<T>& plan, const T* in, T* out, T scale) {
  Complex<T, W> c[R];
  first_butterfly<T, W, R, swap>(in, 2 * W, plan.first_twiddle, c);
  const Vec<T, W> factor = splat<T, W>(scale);
  if constexpr (2 * R == W) {
    Vec<T, W> re[R], im[R];
#pragma GCC unroll 8
    for (int j = 0; j < R; j++) {
      re[j] = c[j].re;
      im[j] = c[j].im;
    }
    transpose_halves<T, W>(re);
    transpose_halves<T, W>(im);
    const T* w = plan.half_twiddle;
    c[0] = {re[0], im[0]};
#pragma GCC unroll 8
    for (int i = 1; i < R; i++, w += 2 * W) c[i] = times<T, W>({re[i], im[i]}, load<T, W>(w), load<T, W>(w + W));
    store_butterfly<T, W, R, swap, scales>(c, out, 2 * W, factor);
  } else {
#pragma GCC unroll 8
    for (int square = 0; square < R / W; square++) {
      transpose_square<T, W>(c + square * W);
      store_butterfly<T, W, W, swap, scales>(c + square * W, out + 2 * square * W, 2 * R, factor);
    }
  }
}

template <class T, int W, int R>
void in_registers(const RowPlan<T>& plan, const T* in, T* out, bool swap, T scale) {
  if (scale != T(1))
    return swap ? in_registers<T, W, R, true, true>(plan, in, out, scale)
                : in_registers<T, W, R, false, true>(plan, in, out, scale);
  return swap ? in_registers<T, W, R, true, false>(plan, in, out, scale)
              : in_registers<T, W, R, false, false>(plan, in, out, scale);
}

}  // namespace

template <class T, int W>
void short_row(const RowPlan<T>& plan, const T* in, T* out, T*, bool swap, T scale) {
  switch (plan.first) {
#define EWALD_CASE(R)                                             \
  case R:                                                         \
    if constexpr (fft::fits_registers(R, W, largest_short_first)) \
      return in_registers<T, W, R>(plan, in, out, swap, scale);   \
    break;
    EWALD_CASE(2)
    EWALD_CASE(4)
    EWALD_CASE(8)
    EWALD_CASE(16)
#undef EWALD_CASE
  }
}

template <class T, int W>
T* row_passes(const RowPlan<T>& plan, const T* in, T* work, bool swap) {
  T* a = work;
  T* b = work + 2 * plan.n;
  if (swap)
    turn_first<T, W, true>(plan, in, a);
  else
    turn_first<T, W, false>(plan, in, a);
  for (uint32_t t = 0; t + 1 < plan.stages; t++) {
    inner_stage<T, W>(plan.stage[t], 1, a, b);
    T* c = a;
    a = b;
    b = c;
  }
  return a;
}

template <class T, int W>
void row(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale) {
  const T* a = row_passes<T, W>(plan, in, work, swap);
  last_stage<T, W>(plan.stage[plan.stages - 1], 1, a, out, 2 * W, Placement{}, swap, scale);
}

#define EWALD_INSTANTIATE(T, W)                                                         \
  template void row<T, W>(const RowPlan<T>&, const T*, T*, T*, bool, T);                \
  template void short_row<T, W>(const RowPlan<T>&, const T*, T*, T*, bool, T);          \
  template T* row_passes<T, W>(const RowPlan<T>&, const T*, T*, bool);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
