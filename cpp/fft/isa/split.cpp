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
namespace {

// `columns` columns in vectors, the last of which overlaps its neighbour where they do not fill it.
template <int W>
Placement overlapping(size_t columns, size_t vectors) {
  return columns == vectors * W ? Placement{} : Placement{0, 2 * (columns - W)};
}

// Whether the last vector of n1 columns in the second pass overlaps its neighbour. They must be of one block, because
// threads share the blocks; otherwise the vector has empty lanes.
template <class T, int W>
bool overlaps_second(const SplitPlan<T>& plan) {
  const size_t width = plan.vectors2 * W;
  return plan.n1 % W != 0 && (plan.n1 - 1) % width + 1 >= W;
}

// Turns a W x W square of the results of the first pass so that the lanes are along k1, after their twiddles. Rows are
// `from`, `near_step` and `far_step` numbers apart; only `rows` x `columns` of the square exist if it is not `whole`.
template <class T, int W, bool whole>
EWALD_INLINE void turn_square(const T* c, size_t from, const T* near, size_t near_step, const T* far, size_t far_step,
                              size_t rows, T* to, size_t to_step, size_t columns) {
  Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
  for (int l = 0; l < W; l++) {
    const size_t k = fft::lane_column<T>(uint32_t(l), W);
    Complex<T, W> z = {};
    if (whole || k < rows) {
      const Complex<T, W> w = times<T, W>(load_complex<T, W>(near + k * near_step), far + k * far_step);
      z = times<T, W>(load_complex<T, W>(c + k * from), w.re, w.im);
    }
    re[l] = z.re;
    im[l] = z.im;
  }
  transpose<T, W>(re);
  transpose<T, W>(im);
#pragma GCC unroll 16
  for (int l = 0; l < W; l++) {
    const size_t j = fft::lane_column<T>(uint32_t(l), W);
    if (whole || j < columns) store_complex<T, W>(to + j * to_step, {re[l], im[l]});
  }
}

}  // namespace

template <class T, int W>
void split_first(const SplitPlan<T>& plan, const T* in, T* mid, size_t block, T* work, bool swap) {
  constexpr size_t unit = 2 * W;
  const size_t n1 = plan.n1, n2 = plan.n2, width = plan.vectors1 * W, first = block * width;
  // The last block holds the remaining columns.
  const size_t left = n2 - first < width ? n2 - first : width, vectors = (left + W - 1) / W;
  const ColumnPlan<T>& columns = *plan.plan1;
  T* a = work;
  T* b = work + columns.rows * vectors * unit;
  const T* from = in + 2 * first;
  const T* c;
  const bool direct =
      left >= W && columns.stages > 1 &&
      first_stage<T, W>(columns.stage[0], vectors, from, 2 * n2, overlapping<W>(left, vectors), a, swap);
  if (direct) {
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
  const bool overlap = overlaps_second<T, W>(plan);
  for (size_t kb = 0; kb < row_blocks; kb++) {
    const size_t rest = row_blocks - kb / vectors2 * vectors2,
                 step = rest < vectors2 ? rest : vectors2;  // vectors of the block it is for
    const size_t k1 = overlap && (kb + 1) * W > n1 ? n1 - W : kb * W;
    T* to = mid + (kb / vectors2 * n2 * vectors2 + kb % vectors2) * unit;
    for (size_t v = 0; v < vectors; v++) {
      // The columns that end with n2 have a far factor of their own, for the first vector of near ones.
      const bool end = direct && (v + 1) * W > left;
      const size_t start = end ? n2 - W : first + v * W, near = end ? 0 : v, far = end ? blocks1 : block;
      const T* square = c + (k1 * vectors + v) * unit;
      const T* near_at = plan.near + (k1 * plan.vectors1 + near) * unit;
      const T* far_at = plan.far + 2 * (k1 * (blocks1 + 1) + far);
      T* at = to + start * step * unit;
      if (k1 + W <= n1 && start + W <= n2)
        turn_square<T, W, true>(square, vectors * unit, near_at, plan.vectors1 * unit, far_at, 2 * (blocks1 + 1), W, at,
                                step * unit, W);
      else
        turn_square<T, W, false>(square, vectors * unit, near_at, plan.vectors1 * unit, far_at, 2 * (blocks1 + 1),
                                 n1 - k1, at, step * unit, n2 - start);
    }
  }
}

template <class T, int W>
void split_second(const SplitPlan<T>& plan, const T* mid, T* out, size_t block, T* work, bool swap, T scale) {
  constexpr size_t unit = 2 * W;
  const size_t n1 = plan.n1, width = plan.vectors2 * W, first = block * width;
  const size_t left = n1 - first < width ? n1 - first : width, vectors = (left + W - 1) / W;
  const ColumnPlan<T>& columns = *plan.plan2;
  T* a = work;
  T* b = work + columns.rows * vectors * unit;
  const T* c = mid + block * plan.n2 * plan.vectors2 * unit;
  const bool direct = left >= W;
  const uint32_t inner = direct ? columns.stages - 1 : columns.stages;
  for (uint32_t t = 0; t < inner; t++) {
    inner_stage<T, W>(columns.stage[t], vectors, c, a);
    c = a;
    a = b;
    b = const_cast<T*>(c);
  }
  if (direct)
    last_stage<T, W>(columns.stage[inner], vectors, c, out + 2 * first, 2 * n1, overlapping<W>(left, vectors), swap,
                     scale);
  else
    scatter<T, W>(c, vectors, out + 2 * first, plan.n2, {n1, 1}, left, swap ? Form::swapped : Form::complex, scale);
}

#define EWALD_INSTANTIATE(T, W)                                                         \
  template void split_first<T, W>(const SplitPlan<T>&, const T*, T*, size_t, T*, bool); \
  template void split_second<T, W>(const SplitPlan<T>&, const T*, T*, size_t, T*, bool, T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
