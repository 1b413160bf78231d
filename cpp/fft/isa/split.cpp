// Four steps for a line that is long, or whose length is not a multiple of a vector: n = n1 n2, j = j1 n2 + j2, k = k2
// n1 + k1 (Bailey, FFTs in external or hierarchical memory, J. Supercomputing 4, 1990, 23).
//
//   X[k2 n1 + k1] = sum_j2 w2^(j2 k2) [ w^(k1 j2) sum_j1 w1^(j1 k1) x[j1 n2 + j2] ]
//
// The first pass transforms blocks of neighbouring columns j2, applies the twiddles and transposes W x W squares, so
// that the resulting block has the lanes along k1; the second pass then reads scratch in order and stores whole vectors
// of neighbours k1.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {

template <class T, int W>
void split_first(const SplitPlan<T>& plan, const T* in, T* mid, size_t block, T* work, bool swap) {
  constexpr size_t unit = 2 * W;
  const size_t n1 = plan.n1, n2 = plan.n2, width = plan.vectors1 * W, first = block * width;
  // The last block holds the remaining columns.
  const size_t left = n2 - first, vectors = left < width ? (left + W - 1) / W : plan.vectors1;
  const ColumnPlan<T>& columns = *plan.plan1;
  T* a = work;
  T* b = work + columns.rows * vectors * unit;
  const T* from = in + 2 * first;
  const T* c;
  if (left >= vectors * W && columns.stages > 1 &&
      first_stage<T, W>(columns.stage[0], vectors, from, 2 * n2, Placement{}, a, swap)) {
    for (uint32_t t = 1; t < columns.stages; t++) {
      inner_stage<T, W>(columns.stage[t], vectors, a, b);
      T* d = a;
      a = b;
      b = d;
    }
    c = a;
  } else {
    gather<T, W>(a, vectors, from, n1, {n2, 1}, left, swap ? Form::swapped : Form::complex);
    c = transform<T, W>(columns, a, b, vectors);
  }

  const size_t row_blocks = (n1 + W - 1) / W, blocks1 = (n2 + width - 1) / width, vectors2 = plan.vectors2;
  for (size_t kb = 0; kb < row_blocks; kb++) {
    const size_t rest = row_blocks - kb / vectors2 * vectors2,
                 step = rest < vectors2 ? rest : vectors2;  // vectors of the block it is for
    T* to = mid + (kb / vectors2 * n2 * vectors2 + kb % vectors2) * unit;
    for (size_t v = 0; v < vectors; v++) {
      const size_t start = first + v * W;
      if (start >= n2) break;
      Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
      for (int l = 0; l < W; l++) {
        const size_t k1 = kb * W + fft::lane_column<T>(uint32_t(l), W);
        Complex<T, W> z = {};
        if (k1 < n1) {
          const Complex<T, W> near = load_complex<T, W>(plan.near + (k1 * plan.vectors1 + v) * unit);
          const Complex<T, W> w = times<T, W>(near, plan.far + 2 * (k1 * blocks1 + block));
          z = times<T, W>(load_complex<T, W>(c + (k1 * vectors + v) * unit), w.re, w.im);
        }
        re[l] = z.re;
        im[l] = z.im;
      }
      transpose<T, W>(re);
      transpose<T, W>(im);
#pragma GCC unroll 16
      for (int l = 0; l < W; l++) {
        const size_t j2 = start + fft::lane_column<T>(uint32_t(l), W);
        if (j2 < n2) store_complex<T, W>(to + j2 * step * unit, {re[l], im[l]});
      }
    }
  }
}

template <class T, int W>
void split_second(const SplitPlan<T>& plan, const T* mid, T* out, size_t block, T* work, bool swap, T scale) {
  constexpr size_t unit = 2 * W;
  const size_t n1 = plan.n1, width = plan.vectors2 * W, first = block * width, left = n1 - first;
  const size_t vectors = left < width ? (left + W - 1) / W : plan.vectors2;
  const ColumnPlan<T>& columns = *plan.plan2;
  T* a = work;
  T* b = work + columns.rows * vectors * unit;
  const T* c = mid + block * plan.n2 * plan.vectors2 * unit;
  const bool whole = left >= vectors * W;
  const uint32_t inner = whole ? columns.stages - 1 : columns.stages;
  for (uint32_t t = 0; t < inner; t++) {
    inner_stage<T, W>(columns.stage[t], vectors, c, a);
    c = a;
    a = b;
    b = const_cast<T*>(c);
  }
  if (whole)
    last_stage<T, W>(columns.stage[inner], vectors, c, out + 2 * first, 2 * n1, Placement{}, swap, scale);
  else
    scatter<T, W>(c, vectors, out + 2 * first, plan.n2, {n1, 1}, left, swap ? Form::swapped : Form::complex, scale);
}

#define EWALD_INSTANTIATE(T, W)                                                         \
  template void split_first<T, W>(const SplitPlan<T>&, const T*, T*, size_t, T*, bool); \
  template void split_second<T, W>(const SplitPlan<T>&, const T*, T*, size_t, T*, bool, T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)

}  // namespace ewald::EWALD_ISA
