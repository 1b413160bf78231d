// Computes a transform of real numbers from one of complex numbers: a real line in a complex one of half its length, in
// every lane or along a line. Also the pointwise product of a convolution.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {

// X_k = E_k + w^k O_k, X*_(h-k) = E_k - w^k O_k with E, O the transforms of the even and odd numbers, w = exp(-i pi /
// h).
template <class T, int W>
void unpack(size_t half, const T* roots, T* a, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  const Vec<T, W> zero = splat<T, W>(T(0)), two = splat<T, W>(T(2));
  T* end = a + half * width;
  for (size_t q = 0; q < width; q += unit) {
    const Complex<T, W> z = load_complex<T, W>(a + q);
    store_complex<T, W>(a + q, {two * (z.re + z.im), zero});
    store_complex<T, W>(end + q, {two * (z.re - z.im), zero});
  }
  for (size_t k = 1; 2 * k <= half; k++) {
    T *low = a + k * width, *high = a + (half - k) * width;
    const Vec<T, W> re = splat<T, W>(roots[2 * k]), im = splat<T, W>(roots[2 * k + 1]);
    for (size_t q = 0; q < width; q += unit) {
      const Halves<T, W> x = unpacked<T, W>(load_complex<T, W>(low + q), load_complex<T, W>(high + q), re, im);
      store_complex<T, W>(low + q, x.low);
      store_complex<T, W>(high + q, x.high);
    }
  }
}

// The rows in reverse order: a forward transform of them is a backward one. Imaginary parts of the first and the last
// row, which a real line cannot have, are ignored.
template <class T, int W>
void pack(size_t half, const T* roots, T* a, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  const T* end = a + half * width;
  for (size_t q = 0; q < width; q += unit) {
    const Vec<T, W> first = load<T, W>(a + q), last = load<T, W>(end + q);
    store_complex<T, W>(a + q, {first + last, first - last});
  }
  for (size_t k = 1; 2 * k <= half; k++) {
    T *low = a + k * width, *high = a + (half - k) * width;
    const Vec<T, W> re = splat<T, W>(roots[2 * k]), im = splat<T, W>(roots[2 * k + 1]);
    for (size_t q = 0; q < width; q += unit) {
      const Halves<T, W> z = packed<T, W>(load_complex<T, W>(low + q), load_complex<T, W>(high + q), re, im);
      store_complex<T, W>(low + q, z.high);
      store_complex<T, W>(high + q, z.low);
    }
  }
}

// X_(n-k) = X*_k, in reverse order of rows as well.
template <class T, int W>
void unfold(size_t n, T* a, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  const Vec<T, W> zero = splat<T, W>(T(0));
  for (size_t q = 0; q < width; q += unit) store<T, W>(a + q + W, zero);
  for (size_t k = 1; 2 * k < n; k++)
    for (size_t q = 0; q < width; q += unit) {
      const Complex<T, W> x = load_complex<T, W>(a + k * width + q);
      store_complex<T, W>(a + (n - k) * width + q, x);
      store<T, W>(a + k * width + q + W, -x.im);
    }
}

namespace {

// Numbers k and half - k of the half-length trick.
template <class T>
EWALD_INLINE void after_pair(size_t k, size_t half, const T* w, T* z) {
  const T xr = z[2 * k], xi = z[2 * k + 1], yr = z[2 * (half - k)], yi = z[2 * (half - k) + 1];
  const T er = xr + yr, ei = xi - yi, dr = xi + yi, di = yr - xr;
  const T wr = w[2 * k], wi = w[2 * k + 1], tr = dr * wr - di * wi, ti = dr * wi + di * wr;
  z[2 * k] = er + tr;
  z[2 * k + 1] = ei + ti;
  z[2 * (half - k)] = er - tr;
  z[2 * (half - k) + 1] = ti - ei;
}

template <class T>
EWALD_INLINE void before_pair(size_t k, size_t half, const T* w, const T* in, T* z) {
  const T xr = in[2 * k], xi = in[2 * k + 1], yr = in[2 * (half - k)], yi = in[2 * (half - k) + 1];
  const T er = xr + yr, ei = xi - yi, tr = xr - yr, ti = xi + yi;
  const T wr = w[2 * k], wi = w[2 * k + 1], dr = tr * wr + ti * wi, di = ti * wr - tr * wi;
  z[2 * k] = er - di;
  z[2 * k + 1] = ei + dr;
  z[2 * (half - k)] = er + di;
  z[2 * (half - k) + 1] = dr - ei;
}

}  // namespace

// X_k = E_k + w^k O_k, X*_(h-k) = E_k - w^k O_k with E, O the transforms of the even and odd numbers, w = exp(-2 pi i /
// n), n = 2 h. The number in the middle may be in both vectors: they are loaded before either is stored, and both
// results for it are equal.
template <class T, int W>
void half_after(size_t half, const T* table, T* z) {
  const T first = 2 * z[0], second = 2 * z[1];
  const T* w = table + 2 * (half / 2 + 1);
  size_t k = 1;
  for (; 2 * (k + W - 1) <= half; k += W, w += 2 * W) {
    T* low = z + 2 * k;
    T* high = z + 2 * (half - k - W + 1);
    const Complex<T, W> x = load_interleaved<T, W, false>(low), y = load_mirrored<T, W>(high);
    const Halves<T, W> both = unpacked<T, W>(x, y, load<T, W>(w), load<T, W>(w + W));
    store_interleaved<T, W, false>(low, both.low);
    store_mirrored<T, W>(high, both.high);
  }
  for (; 2 * k <= half; k++) after_pair<T>(k, half, table, z);
  z[0] = first + second;
  z[1] = T(0);
  z[2 * half] = first - second;
  z[2 * half + 1] = T(0);
}

template <class T, int W>
void half_before(size_t half, const T* table, const T* in, T* z) {
  const T first = in[0], second = in[2 * half];
  const T* w = table + 2 * (half / 2 + 1);
  size_t k = 1;
  for (; 2 * k <= half && k + W <= half; k += W, w += 2 * W) {
    const size_t mirrored = half - k - W + 1;
    const Complex<T, W> x = load_interleaved<T, W, false>(in + 2 * k), y = load_mirrored<T, W>(in + 2 * mirrored);
    const Halves<T, W> both = packed<T, W>(x, y, load<T, W>(w), load<T, W>(w + W));
    store_interleaved<T, W, false>(z + 2 * k, both.low);
    store_mirrored<T, W>(z + 2 * mirrored, both.high);
  }
  for (; 2 * k <= half; k++) before_pair<T>(k, half, table, in, z);
  z[0] = first + second;
  z[1] = first - second;
}

namespace {

template <class T, int W, bool swap_in, bool swap_out>
void product(size_t n, const T* a, const T* w, T* out, T scale) {
  const Vec<T, W> factor = splat<T, W>(scale);
  size_t j = 0;
  for (; j + W <= n; j += W) {
    const Complex<T, W> x = load_interleaved<T, W, swap_in>(a + 2 * j), y = load_interleaved<T, W, false>(w + 2 * j);
    store_interleaved<T, W, swap_out>(out + 2 * j, scaled<T, W>(times<T, W>(x, y.re, y.im), factor));
  }
  for (; j < n; j++) {
    const T xr = a[2 * j + swap_in], xi = a[2 * j + 1 - swap_in], yr = w[2 * j], yi = w[2 * j + 1];
    out[2 * j + swap_out] = scale * (xr * yr - xi * yi);
    out[2 * j + 1 - swap_out] = scale * (xr * yi + xi * yr);
  }
}

}  // namespace

template <class T, int W>
void multiply(size_t n, const T* a, const T* w, T* out, bool swap_in, bool swap_out, T scale) {
  if (swap_in)
    return swap_out ? product<T, W, true, true>(n, a, w, out, scale) : product<T, W, true, false>(n, a, w, out, scale);
  return swap_out ? product<T, W, false, true>(n, a, w, out, scale) : product<T, W, false, false>(n, a, w, out, scale);
}

template <class T, int W>
void filter(size_t n, const T* a, const T* half, T* out) {
  const size_t middle = n / 2;
  const auto one = [&](size_t j) {
    const T *w = half + 2 * (j <= middle ? j : n - j), xr = a[2 * j], xi = a[2 * j + 1];
    out[2 * j] = xi * w[0] - xr * w[1];
    out[2 * j + 1] = xr * w[0] + xi * w[1];
  };
  const auto some = [&](size_t j, Complex<T, W> w) {
    store_interleaved<T, W, true>(out + 2 * j,
                                  times_conjugate<T, W>(load_interleaved<T, W, false>(a + 2 * j), w.re, w.im));
  };
  size_t j = 0;
  for (; j + W <= middle + 1; j += W) some(j, load_interleaved<T, W, false>(half + 2 * j));
  for (; j <= middle; j++) one(j);
  for (; j + W <= n; j += W) some(j, load_mirrored<T, W>(half + 2 * (n - j - W + 1)));
  for (; j < n; j++) one(j);
}

template <class T, int W>
void filter_row(size_t n, T* a, const T* w, bool mirrored) {
  for (size_t j = 0; j < n; j += W) {
    const Complex<T, W> f =
        mirrored ? load_mirrored<T, W>(w + 2 * (n - j - W)) : load_interleaved<T, W, false>(w + 2 * j);
    store_interleaved<T, W, true>(a + 2 * j,
                                  times_conjugate<T, W>(load_interleaved<T, W, false>(a + 2 * j), f.re, f.im));
  }
}

template <class T, int W>
void turn_row(size_t n, T* a, const T* near, size_t near_count, const T* far) {
  for (size_t start = 0; start < n; start += near_count, far += 2) {
    const size_t count = n - start < near_count ? n - start : near_count;
    for (size_t j = 0; j < count; j += W) {
      const Complex<T, W> w = times<T, W>(load_interleaved<T, W, false>(near + 2 * j), far);
      T* at = a + 2 * (start + j);
      store_interleaved<T, W, false>(at, times<T, W>(load_interleaved<T, W, false>(at), w.re, w.im));
    }
  }
}

#define EWALD_INSTANTIATE(T, W)                                                \
  template void unpack<T, W>(size_t, const T*, T*, size_t);                    \
  template void pack<T, W>(size_t, const T*, T*, size_t);                      \
  template void unfold<T, W>(size_t, T*, size_t);                              \
  template void half_after<T, W>(size_t, const T*, T*);                        \
  template void half_before<T, W>(size_t, const T*, const T*, T*);             \
  template void multiply<T, W>(size_t, const T*, const T*, T*, bool, bool, T); \
  template void filter<T, W>(size_t, const T*, const T*, T*);                  \
  template void filter_row<T, W>(size_t, T*, const T*, bool);                  \
  template void turn_row<T, W>(size_t, T*, const T*, size_t, const T*);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
