// Transforms down columns, the same in every lane: Stockham passes, decimation in frequency, from memory or scratch to
// scratch or memory.
//
// A Stockham pass needs no bit reversal: it sorts while it computes (Van Loan, Computational frameworks for the FFT,
// 1992, section 1.7).
#include "fft/isa/butterfly.h"
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// The source of a pass: scratch, or rows of interleaved complex numbers.
template <class T, int W>
struct FromScratch {
  EWALD_INLINE Complex<T, W> at(const T* p) { return load_complex<T, W>(p); }
};
template <class T, int W, bool swap>
struct FromMemory {
  EWALD_INLINE Complex<T, W> at(const T* p) { return load_interleaved<T, W, swap>(p); }
};

// One butterfly: inputs `step` apart, results `out_step` apart in scratch.
template <class T, int W, int R, class From, bool turn>
EWALD_INLINE void butterfly(const T* x, size_t step, T* y, size_t out_step, const T* w) {
  Complex<T, W> c[R];
#pragma GCC unroll 16
  for (int k = 0; k < R; k++) c[k] = From::at(x + size_t(k) * step);
  dft<T, W, R>(c);
#pragma GCC unroll 16
  for (int j = 0; j < R; j++) {
    if (turn && j > 0) c[j] = times<T, W>(c[j], w + 2 * (j - 1));
    store_complex<T, W>(y + size_t(j) * out_step, c[j]);
  }
}

template <class T, int W, int R>
void inner(const Stage<T>& stage, size_t vectors, const T* x, T* y) {
  constexpr size_t unit = 2 * W;
  const size_t m = stage.m, width = stage.s * vectors * unit, step = m * width;
  for (size_t q = 0; q < width; q += unit)
    butterfly<T, W, R, FromScratch<T, W>, false>(x + q, step, y + q, width, nullptr);
  const T* w = stage.twiddle;
  if (R <= 8 && width == unit) {  // adjacent results
    for (size_t p = 1; p < m; p++, w += 2 * (R - 1))
      butterfly<T, W, R, FromScratch<T, W>, true>(x + p * unit, step, y + p * R * unit, unit, w);
    return;
  }
  for (size_t p = 1; p < m; p++, w += 2 * (R - 1)) {
    const T* from = x + p * width;
    T* to = y + p * R * width;
    for (size_t q = 0; q < width; q += unit)
      butterfly<T, W, R, FromScratch<T, W>, true>(from + q, step, to + q, width, w);
  }
}

// A Placement without shift, in fewer instructions: the last vector of a row overlaps its neighbour by `back` numbers.
// (With a Placement in its stead the columns of 128 x 128 x 65 take 1.05 times as long.)
template <size_t unit>
struct Overlap {
  size_t width, back;
  inline __attribute__((always_inline)) size_t operator()(size_t q) const { return q + unit == width ? q - back : q; }
};
template <size_t unit>
Overlap<unit> overlap_of(Placement place, size_t width) {
  return {width, place.plain() ? 0 : width - unit - place.limit};
}

template <class T, int W, int R, bool swap, class Place>
void first(const Stage<T>& stage, size_t vectors, const T* in, size_t in_stride, Place place, T* y) {
  constexpr size_t unit = 2 * W;
  const size_t m = stage.m, width = vectors * unit, step = m * in_stride;
  for (size_t q = 0; q < width; q += unit)
    butterfly<T, W, R, FromMemory<T, W, swap>, false>(in + place(q), step, y + q, width, nullptr);
  const T* w = stage.twiddle;
  for (size_t p = 1; p < m; p++, w += 2 * (R - 1)) {
    const T* from = in + p * in_stride;
    T* to = y + p * R * width;
    for (size_t q = 0; q < width; q += unit)
      butterfly<T, W, R, FromMemory<T, W, swap>, true>(from + place(q), step, to + q, width, w);
  }
}

// Rows of memory without overlap.
template <class T, int W, bool swap>
void rows(size_t vectors, const T* in, size_t n, size_t in_stride, Placement place, T* y) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  for (size_t j = 0; j < n; j++)
    for (size_t q = 0; q < width; q += unit)
      store_complex<T, W>(y + j * width + q, load_interleaved<T, W, swap>(in + j * in_stride + place(q)));
}

template <class T, int W, int R, bool swap, bool past>
EWALD_INLINE void last_butterfly(const T* from, size_t step, T* to, size_t out_step, Vec<T, W> factor) {
  Complex<T, W> c[R];
#pragma GCC unroll 16
  for (int k = 0; k < R; k++) c[k] = load_complex<T, W>(from + size_t(k) * step);
  dft<T, W, R>(c);
#pragma GCC unroll 16
  for (int j = 0; j < R; j++)
    store_interleaved<T, W, swap, past>(to + size_t(j) * out_step, scaled<T, W>(c[j], factor));
}

template <class T, int W, int R, bool swap>
void last(const Stage<T>& stage, size_t vectors, const T* x, T* out, size_t out_stride, Placement place, T scale) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit, step = stage.s * width, out_step = stage.s * out_stride;
  const Vec<T, W> factor = splat<T, W>(scale);
  // A row, or columns without a gap, is one long loop.
  const bool together = width == out_stride && place.plain();
  const size_t rows = together ? 1 : stage.s, length = together ? step : width;
  const Overlap<unit> at = overlap_of<unit>(place, length);
  for (size_t u = 0; u < rows; u++)
    for (size_t q = 0; q < length; q += unit)
      last_butterfly<T, W, R, swap, false>(x + u * width + q, step, out + u * out_stride + at(q), out_step, factor);
}

// The same past the cache. All rows begin at the same place of a cache line. A vector that does not begin a line is the
// first or the last one of a row, and only what its neighbour leaves is stored: a line that is both stored past the
// cache and held in it is slow (128^3 on AVX-512: 1.3 times as long as without any of this).
template <class T, int W, int R, bool swap>
void last_past(const Stage<T>& stage, size_t vectors, const T* x, T* out, size_t out_stride, Placement place, T scale) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit, step = stage.s * width, out_step = stage.s * out_stride;
  const Vec<T, W> factor = splat<T, W>(scale);
  for (size_t u = 0; u < stage.s; u++)
    for (size_t q = 0; q < width; q += unit) {
      const T* from = x + u * width + q;
      T* to = out + u * out_stride + place(q);
      if (reinterpret_cast<uintptr_t>(to) % 64 == 0) {
        last_butterfly<T, W, R, swap, true>(from, step, to, out_step, factor);
        continue;
      }
      alignas(64) T part[R * unit];
      last_butterfly<T, W, R, swap, false>(from, step, part, unit, factor);
      const size_t begin = q > 0 ? place(q - unit) + unit - place(q) : 0,
                   end = q > 0 || vectors == 1 ? unit : place(unit);
      for (size_t j = 0; j < R; j++)
        for (size_t i = begin; i < end; i++) to[j * out_step + i] = part[j * unit + i];
    }
  end_stream();
}

}  // namespace

#if defined(__wasm_simd128__)
// In wasm a radix of 8 only pays as the last pass of a line, where it saves one of radix 2 and needs no twiddles.
#define EWALD_RADICES(X) X(2) X(3) X(4) X(5) X(7) X(11) X(13)
#else
#define EWALD_RADICES(X) X(2) X(3) X(4) X(5) X(7) X(8) X(11) X(13)
#endif

template <class T, int W>
void inner_stage(const Stage<T>& stage, size_t vectors, const T* x, T* y) {
  switch (stage.radix) {
#define EWALD_CASE(R) \
  case R:             \
    return inner<T, W, R>(stage, vectors, x, y);
    EWALD_RADICES(EWALD_CASE)
#undef EWALD_CASE
  }
}

// 11 and 13 are long and rare: they have no kernel that reads memory.
template <class T, int W>
bool first_stage(const Stage<T>& stage, size_t vectors, const T* in, size_t in_stride, Placement place, T* y,
                 bool swap) {
  const Overlap<2 * W> overlap = overlap_of<2 * W>(place, vectors * 2 * W);
  switch (stage.radix) {
#define EWALD_CASE(R)                                                                     \
  case R:                                                                                 \
    if constexpr (R <= 8) {                                                               \
      if (streams<T, W> && place.shift > 0) {                                             \
        if (swap)                                                                         \
          first<T, W, R, true, Placement>(stage, vectors, in, in_stride, place, y);       \
        else                                                                              \
          first<T, W, R, false, Placement>(stage, vectors, in, in_stride, place, y);      \
      } else if (swap) {                                                                  \
        first<T, W, R, true, Overlap<2 * W>>(stage, vectors, in, in_stride, overlap, y);  \
      } else {                                                                            \
        first<T, W, R, false, Overlap<2 * W>>(stage, vectors, in, in_stride, overlap, y); \
      }                                                                                   \
      return true;                                                                        \
    }                                                                                     \
    break;
    EWALD_RADICES(EWALD_CASE)
#undef EWALD_CASE
  }
  return false;
}

template <class T, int W>
void last_stage(const Stage<T>& stage, size_t vectors, const T* x, T* out, size_t out_stride, Placement place,
                bool swap, T scale, bool past) {
  switch (stage.radix) {
#define EWALD_CASE(R)                                                                              \
  case R:                                                                                          \
    if constexpr (streams<T, W>)                                                                   \
      if (past)                                                                                    \
        return swap ? last_past<T, W, R, true>(stage, vectors, x, out, out_stride, place, scale)   \
                    : last_past<T, W, R, false>(stage, vectors, x, out, out_stride, place, scale); \
    return swap ? last<T, W, R, true>(stage, vectors, x, out, out_stride, place, scale)            \
                : last<T, W, R, false>(stage, vectors, x, out, out_stride, place, scale);
    EWALD_RADICES(EWALD_CASE)
#if defined(__wasm_simd128__)
    EWALD_CASE(8)
#endif
#undef EWALD_CASE
  }
}

template <class T, int W>
void columns(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride, size_t lanes, T* work,
             bool swap, T scale, bool past, size_t head) {
  const size_t shift = head > 0 ? W - head : 0, vectors = (lanes + shift + W - 1) / W;
  const Placement place = vectors * W == lanes ? Placement{} : Placement{2 * shift, 2 * (lanes - W)};
  T* a = work;
  T* b = work + plan.rows * vectors * 2 * W;
  in_stride *= 2;
  out_stride *= 2;
  uint32_t t = 0;
  if (plan.stages > 1 && first_stage<T, W>(plan.stage[0], vectors, in, in_stride, place, a, swap))
    t = 1;
  else if (swap)
    rows<T, W, true>(vectors, in, plan.n, in_stride, place, a);
  else
    rows<T, W, false>(vectors, in, plan.n, in_stride, place, a);
  for (; t + 1 < plan.stages; t++) {
    inner_stage<T, W>(plan.stage[t], vectors, a, b);
    T* c = a;
    a = b;
    b = c;
  }
  last_stage<T, W>(plan.stage[plan.stages - 1], vectors, a, out, out_stride, place, swap, scale, past);
}

namespace {

// Bluestein: j k = (j^2 + k^2 - (k - j)^2) / 2 makes the transform a convolution with a chirp (IEEE Trans. Audio 18,
// 1970, 451).
template <class T, int W>
T* convolve(const ColumnPlan<T>& plan, T* a, T* b, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit, length = plan.inner->n;
  for (size_t j = 0; j < plan.n; j++)
    for (size_t q = 0; q < width; q += unit) {
      T* p = a + j * width + q;
      store_complex<T, W>(p, times<T, W>(load_complex<T, W>(p), plan.chirp + 2 * j));
    }
  memset(a + plan.n * width, 0, (length - plan.n) * width * sizeof(T));
  T* c = transform<T, W>(*plan.inner, a, b, vectors);
  for (size_t j = 0; j < length; j++)
    for (size_t q = 0; q < width; q += unit) {
      T* p = c + j * width + q;
      const Complex<T, W> z =
          times_conjugate<T, W>(load_complex<T, W>(p), plan.filter + 2 * (2 * j <= length ? j : length - j));
      store_complex<T, W>(p, {z.im, z.re});  // the backward transform by way of the forward one
    }
  T* d = transform<T, W>(*plan.inner, c, c == a ? b : a, vectors);
  for (size_t k = 0; k < plan.n; k++)
    for (size_t q = 0; q < width; q += unit) {
      T* p = d + k * width + q;
      const Complex<T, W> z = load_complex<T, W>(p);
      store_complex<T, W>(p, times<T, W>({z.im, z.re}, plan.chirp + 2 * k));
    }
  return d;
}

}  // namespace

template <class T, int W>
T* transform(const ColumnPlan<T>& plan, T* a, T* b, size_t vectors) {
  if (plan.inner != nullptr) return convolve<T, W>(plan, a, b, vectors);
  for (uint32_t t = 0; t < plan.stages; t++) {
    inner_stage<T, W>(plan.stage[t], vectors, a, b);
    T* c = a;
    a = b;
    b = c;
  }
  return a;
}

#define EWALD_INSTANTIATE(T, W)                                                                                       \
  template T* transform<T, W>(const ColumnPlan<T>&, T*, T*, size_t);                                                  \
  template void columns<T, W>(const ColumnPlan<T>&, const T*, size_t, T*, size_t, size_t, T*, bool, T, bool, size_t); \
  template void inner_stage<T, W>(const Stage<T>&, size_t, const T*, T*);                                             \
  template bool first_stage<T, W>(const Stage<T>&, size_t, const T*, size_t, Placement, T*, bool);                    \
  template void last_stage<T, W>(const Stage<T>&, size_t, const T*, T*, size_t, Placement, bool, T, bool);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)

}  // namespace ewald::EWALD_ISA
