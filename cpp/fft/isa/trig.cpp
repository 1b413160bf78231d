// Sine and cosine transforms of kinds I to IV: rows are permuted and turned, transformed as complex numbers, and
// combined.
//
// Every formula is linear in the numbers, so it holds for complex ones as well, and one complex transform of length n
// serves two real lines (Form::pairs) whatever n is. Definitions and scale are FFTW's: kind II is y_k = 2 sum_j x_j
// cos(pi (j + 1/2) k / n), and so on. II and III: Makhoul, A fast cosine transform in one and two dimensions, IEEE
// Trans. ASSP 28, 1980, 27. IV has the same permutation with a rotation before and after. I uses the even or odd
// extension, because its shortcuts lose accuracy. A sine kind is the cosine kind of reversed or alternating numbers.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// Row of the complex transform that holds input j: even ones from the front, odd ones from the back.
EWALD_INLINE size_t folded(size_t n, size_t j) { return j % 2 == 0 ? j / 2 : n - 1 - j / 2; }

template <class T, int W>
EWALD_INLINE void copy(const T* from, T* to, size_t width, T sign) {
  const Vec<T, W> s = splat<T, W>(sign);
  for (size_t q = 0; q < width; q += W) store<T, W>(to + q, s * load<T, W>(from + q));
}

}  // namespace

template <class T, int W>
void trig_before(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  switch (kind) {
    case Trig::dct1:
      for (size_t j = 0; j < n; j++) copy<T, W>(a + j * width, b + j * width, width, T(1));
      for (size_t j = 1; j + 1 < n; j++) copy<T, W>(a + j * width, b + (2 * (n - 1) - j) * width, width, T(1));
      break;
    case Trig::dst1:
      memset(b, 0, width * sizeof(T));
      memset(b + (n + 1) * width, 0, width * sizeof(T));
      for (size_t j = 0; j < n; j++) {
        copy<T, W>(a + j * width, b + (j + 1) * width, width, T(1));
        copy<T, W>(a + j * width, b + (2 * n + 1 - j) * width, width, T(-1));
      }
      break;
    case Trig::dct2:
      for (size_t j = 0; j < n; j++) copy<T, W>(a + j * width, b + folded(n, j) * width, width, T(1));
      break;
    case Trig::dst2:
      for (size_t j = 0; j < n; j++)
        copy<T, W>(a + j * width, b + folded(n, j) * width, width, j % 2 == 0 ? T(1) : T(-1));
      break;
    case Trig::dct3:
    case Trig::dst3:
      // u_k = exp(i pi k / 2n) (x_k - i x_(n-k)) in reverse order of rows, for a backward transform; table[k] = exp(-i
      // pi k / 2n)
      for (size_t k = 0; k < n; k++) {
        const T* x = a + (kind == Trig::dct3 ? k : n - 1 - k) * width;
        T* to = b + (k == 0 ? 0 : n - k) * width;
        if (k == 0) {
          copy<T, W>(x, to, width, T(1));
          continue;
        }
        const T* y = a + (kind == Trig::dct3 ? n - k : k - 1) * width;
        for (size_t q = 0; q < width; q += unit) {
          const Complex<T, W> p = load_complex<T, W>(x + q), r = load_complex<T, W>(y + q);
          store_complex<T, W>(to + q, times_conjugate<T, W>({p.re + r.im, p.im - r.re}, table + 2 * k));
        }
      }
      break;
    case Trig::dct4:
    case Trig::dst4:
      // row m is +-x times exp(-i pi m / n), which is in the second half of the table
      for (size_t j = 0; j < n; j++) {
        const size_t m = folded(n, j);
        const T* x = a + (kind == Trig::dct4 ? j : n - 1 - j) * width;
        const Vec<T, W> sign = splat<T, W>(j % 2 == 0 ? T(1) : T(-1));
        for (size_t q = 0; q < width; q += unit)
          store_complex<T, W>(b + m * width + q,
                              times<T, W>(scaled<T, W>(load_complex<T, W>(x + q), sign), table + 2 * (n + m)));
      }
      break;
  }
}

template <class T, int W>
void trig_after(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors) {
  constexpr size_t unit = 2 * W;
  const size_t width = vectors * unit;
  switch (kind) {
    case Trig::dct1:
      for (size_t k = 0; k < n; k++) copy<T, W>(a + k * width, b + k * width, width, T(1));
      break;
    case Trig::dst1:
      for (size_t k = 0; k < n; k++)
        for (size_t q = 0; q < width; q += unit) {
          const Complex<T, W> f = load_complex<T, W>(a + (k + 1) * width + q);
          store_complex<T, W>(b + k * width + q, {-f.im, f.re});
        }
      break;
    case Trig::dct2:
    case Trig::dst2:
      for (size_t k = 0; k < n; k++) {
        T* to = b + (kind == Trig::dct2 ? k : n - 1 - k) * width;
        const T* mirrored = a + (k == 0 ? 0 : n - k) * width;
        for (size_t q = 0; q < width; q += unit)
          store_complex<T, W>(to + q, times<T, W>(load_complex<T, W>(a + k * width + q), table + 2 * k) +
                                          times_conjugate<T, W>(load_complex<T, W>(mirrored + q), table + 2 * k));
      }
      break;
    case Trig::dct3:
    case Trig::dst3:
      for (size_t k = 0; k < n; k++)
        copy<T, W>(a + folded(n, k) * width, b + k * width, width, kind == Trig::dst3 && k % 2 == 1 ? T(-1) : T(1));
      break;
    case Trig::dct4:
    case Trig::dst4:
      // table[k] = exp(-i pi (k + 1/2) / 2n)
      for (size_t k = 0; k < n; k++) {
        const Vec<T, W> sign = splat<T, W>(kind == Trig::dst4 && k % 2 == 1 ? T(-1) : T(1));
        for (size_t q = 0; q < width; q += unit) {
          const Complex<T, W> y = times<T, W>(load_complex<T, W>(a + k * width + q), table + 2 * k) +
                                  times_conjugate<T, W>(load_complex<T, W>(a + (n - 1 - k) * width + q), table + 2 * k);
          store_complex<T, W>(b + k * width + q, scaled<T, W>(y, sign));
        }
      }
      break;
  }
}

#define EWALD_INSTANTIATE(T, W)                                                  \
  template void trig_before<T, W>(Trig, size_t, const T*, const T*, T*, size_t); \
  template void trig_after<T, W>(Trig, size_t, const T*, const T*, T*, size_t);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
