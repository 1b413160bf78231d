// Transform of one contiguous line with the vectors along it.
//
// The first pass takes W neighbours p .. p+W-1 of each of `first` parts of the line, does W butterflies at once, and
// transposes the W x W squares of results, so that the lanes correspond to the result index of the first radix. From
// there on no lane reads another, and the last pass stores in natural order: there is no other shuffle in the whole
// transform.
#include "fft/isa/butterfly.h"
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

template <class T, int W, int R, bool swap>
void turn(size_t m, const T* twiddle, const T* in, T* y) {
  constexpr int squares = R / W;
  const T* w = twiddle;
  for (size_t start = 0; start < m; start += W, w += 2 * W * (R - 1)) {
    const size_t p = start + W <= m ? start : m - W;  // the last vector overlaps the one before
    Complex<T, W> c[R];
#pragma GCC unroll 16
    for (int k = 0; k < R; k++) c[k] = load_interleaved<T, W, swap>(in + 2 * (p + m * size_t(k)));
    dft<T, W, R>(c);
#pragma GCC unroll 16
    for (int j = 1; j < R; j++)
      c[j] = times<T, W>(c[j], load<T, W>(w + 2 * W * (j - 1)), load<T, W>(w + 2 * W * (j - 1) + W));
#pragma GCC unroll 8
    for (int square = 0; square < squares; square++) {
      Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
      for (int l = 0; l < W; l++) {
        re[l] = c[square * W + int(fft::lane_column<T>(uint32_t(l), W))].re;
        im[l] = c[square * W + int(fft::lane_column<T>(uint32_t(l), W))].im;
      }
      transpose<T, W>(re);
      transpose<T, W>(im);
#pragma GCC unroll 16
      for (int l = 0; l < W; l++)
        store_complex<T, W>(y + 2 * W * (squares * (p + fft::lane_column<T>(uint32_t(l), W)) + square), {re[l], im[l]});
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

}  // namespace

template <class T, int W>
void row(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale) {
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
  last_stage<T, W>(plan.stage[plan.stages - 1], 1, a, out, 2 * W, Placement{}, swap, scale);
}

#define EWALD_INSTANTIATE(T, W) template void row<T, W>(const RowPlan<T>&, const T*, T*, T*, bool, T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)

}  // namespace ewald::EWALD_ISA
