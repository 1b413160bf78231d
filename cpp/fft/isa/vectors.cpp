// Passes that hand vectors to each other: the array between them holds, in place of each W interleaved complex numbers,
// the vector of their real parts and that of their imaginary parts, with the lanes as in scratch. This saves the
// shuffles of a store and of a load.
//
// In wasm only: there the passes wait for the arithmetic, natively for memory.
#if defined(__wasm_simd128__)
#include "fft/isa/butterfly.h"
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// One butterfly from vectors to vectors.
template <class T, int W, int R, bool turn>
EWALD_INLINE void butterfly(const T* x, size_t step, T* y, size_t out_step, const T* w) {
  Complex<T, W> c[R];
#pragma GCC unroll 16
  for (int k = 0; k < R; k++) c[k] = load_complex<T, W>(x + size_t(k) * step);
  dft<T, W, R>(c);
#pragma GCC unroll 16
  for (int j = 0; j < R; j++) {
    if (turn && j > 0) c[j] = times<T, W>(c[j], w + 2 * (j - 1));
    store_complex<T, W>(y + size_t(j) * out_step, c[j]);
  }
}

// A pass with twiddles, from rows of vectors `in_stride` numbers apart. (Between the first and the last pass
// `inner_stage` gives the same results, but takes longer: in the far columns of 128^3 1.1 times.)
template <class T, int W, int R>
void turned(const Stage<T>& stage, size_t width, const T* in, size_t in_stride, T* y) {
  constexpr size_t unit = 2 * W;
  const size_t step = stage.m * in_stride;
  for (size_t q = 0; q < width; q += unit) butterfly<T, W, R, false>(in + q, step, y + q, width, nullptr);
  const T* w = stage.twiddle;
  for (size_t p = 1; p < stage.m; p++, w += 2 * (R - 1)) {
    const T* from = in + p * in_stride;
    T* to = y + p * R * width;
    for (size_t q = 0; q < width; q += unit) butterfly<T, W, R, true>(from + q, step, to + q, width, w);
  }
}

// The last pass, to rows of vectors. (With `inner_stage` in its stead, rows of 256 whose target is not in the cache
// take 1.4 times as long.)
template <class T, int W, int R>
void last(size_t rows, size_t width, const T* x, T* out, size_t out_stride) {
  const size_t step = rows * width, out_step = rows * out_stride;
  for (size_t u = 0; u < rows; u++)
    for (size_t q = 0; q < width; q += 2 * W)
      butterfly<T, W, R, false>(x + u * width + q, step, out + u * out_stride + q, out_step, nullptr);
}

template <class T, int W>
void last_to_vectors(uint32_t radix, size_t rows, size_t width, const T* x, T* out, size_t out_stride) {
  switch (radix) {
#define EWALD_CASE(R) \
  case R:             \
    return last<T, W, R>(rows, width, x, out, out_stride);
    EWALD_CASE(2)
    EWALD_CASE(3)
    EWALD_CASE(4)
    EWALD_CASE(5)
    EWALD_CASE(8)
#undef EWALD_CASE
  }
}

}  // namespace

template <class T, int W>
void row_to_vectors(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap) {
  const T* a = row_passes<T, W>(plan, in, work, swap);
  const Stage<T>& stage = plan.stage[plan.stages - 1];
  const size_t width = stage.s * 2 * W;
  last_to_vectors<T, W>(stage.radix, 1, width, a, out, width);
}

template <class T, int W>
void vector_columns(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride, size_t lanes,
                    T* work, bool from_vectors, bool to_vectors, bool swap, T scale) {
  const size_t vectors = lanes / W, width = 2 * lanes;
  T* a = work;
  T* b = work + plan.rows * width;
  in_stride *= 2;
  out_stride *= 2;
  if (from_vectors)
    turned<T, W, 4>(plan.stage[0], width, in, in_stride, a);
  else
    first_stage<T, W>(plan.stage[0], vectors, in, in_stride, Placement{}, a, swap);
  for (uint32_t t = 1; t + 1 < plan.stages; t++) {
    const Stage<T>& stage = plan.stage[t];
    if (stage.radix == 4)
      turned<T, W, 4>(stage, stage.s * width, a, stage.s * width, b);
    else
      inner_stage<T, W>(stage, vectors, a, b);
    T* c = a;
    a = b;
    b = c;
  }
  const Stage<T>& stage = plan.stage[plan.stages - 1];
  if (to_vectors)
    last_to_vectors<T, W>(stage.radix, stage.s, width, a, out, out_stride);
  else
    last_stage<T, W>(stage, vectors, a, out, out_stride, Placement{}, swap, scale);
}

#define EWALD_INSTANTIATE(T, W)                                                                                      \
  template void row_to_vectors<T, W>(const RowPlan<T>&, const T*, T*, T*, bool);                                     \
  template void vector_columns<T, W>(const ColumnPlan<T>&, const T*, size_t, T*, size_t, size_t, T*, bool, bool, bool, \
                                     T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
#endif
