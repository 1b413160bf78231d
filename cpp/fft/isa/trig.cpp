// Sine and cosine transforms of kinds I to IV: the numbers of a line are permuted and turned, transformed as complex
// ones, and combined.
//
// Definitions and scale are FFTW's: kind II is y_k = 2 sum_j x_j cos(pi (j + 1/2) k / n), and so on. II and III: a real
// transform of the line with its even numbers up and its odd ones down (Makhoul, A fast cosine transform in one and two
// dimensions, IEEE Trans. ASSP 28, 1980, 27). IV: a complex transform of half the length, of even numbers from the
// front and odd ones from the back. I is the real transform of the even or odd extension, because its shortcuts lose
// accuracy. A sine kind is the cosine kind of reversed or alternating numbers. An odd line of the kinds II to IV is
// transformed as a complex one.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// Row of the complex transform of an odd line that holds input j: even ones from the front, odd ones from the back.
EWALD_INLINE size_t folded(size_t n, size_t j) { return j % 2 == 0 ? j / 2 : n - 1 - j / 2; }

template <class T, int W>
EWALD_INLINE void copy(const T* from, T* to, size_t width, T sign) {
  const Vec<T, W> s = splat<T, W>(sign);
  for (size_t q = 0; q < width; q += W) store<T, W>(to + q, s * load<T, W>(from + q));
}

// Number m of packed lines, `width` numbers a row; those of vector v are 2 v W further.
template <class T, int W>
EWALD_INLINE const T* number(const T* a, size_t width, size_t m) {
  return a + m / 2 * width + m % 2 * W;
}
template <class T, int W>
EWALD_INLINE T* number(T* a, size_t width, size_t m) {
  return a + m / 2 * width + m % 2 * W;
}

// Rows of numbers of `a`: those at `first` and `second`, times a sign.
template <class T, int W>
EWALD_INLINE void take(const T* first, T first_sign, const T* second, T second_sign, T* to, size_t width) {
  const Vec<T, W> a = splat<T, W>(first_sign), b = splat<T, W>(second_sign);
  for (size_t q = 0; q < width; q += 2 * W)
    store_complex<T, W>(to + q, {a * load<T, W>(first + q), b * load<T, W>(second + q)});
}

// The extension of kind I: number m of it is number `extended` of the line.
template <class T, int W>
void extend(bool sine, size_t n, const T* a, T* b, size_t width) {
  const size_t half = sine ? n + 1 : n - 1;
  for (size_t j = 0; j < half; j++) {
    T* to = b + j * width;
    for (size_t part = 0; part < 2; part++) {
      const size_t m = 2 * j + part;
      T* at = to + part * W;
      if (!sine) {
        const T* from = number<T, W>(a, width, m < n ? m : 2 * half - m);
        for (size_t q = 0; q < width; q += 2 * W) store<T, W>(at + q, load<T, W>(from + q));
      } else if (m % half == 0) {
        for (size_t q = 0; q < width; q += 2 * W) store<T, W>(at + q, splat<T, W>(T(0)));
      } else {
        const T* from = number<T, W>(a, width, (m < half ? m : 2 * half - m) - 1);
        const Vec<T, W> sign = splat<T, W>(m < half ? T(1) : T(-1));
        for (size_t q = 0; q < width; q += 2 * W) store<T, W>(at + q, sign * load<T, W>(from + q));
      }
    }
  }
}

// The transform of the extension is real (cosine) or imaginary (sine); twice of it.
template <class T, int W>
void after_one(bool sine, size_t n, const T* roots, const T* a, T* b, size_t width) {
  const size_t half = sine ? n + 1 : n - 1;
  const Vec<T, W> two = splat<T, W>(T(2));
  if (!sine) {
    T *first = b, *last = number<T, W>(b, width, half);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Complex<T, W> z = load_complex<T, W>(a + q);
      store<T, W>(first + q, two * (z.re + z.im));
      store<T, W>(last + q, two * (z.re - z.im));
    }
  }
  for (size_t k = 1; 2 * k <= half; k++) {
    const T *low = a + k * width, *high = a + (half - k) * width;
    T *to = number<T, W>(b, width, sine ? k - 1 : k), *mirrored = number<T, W>(b, width, half - k - (sine ? 1 : 0));
    const Vec<T, W> re = splat<T, W>(roots[2 * k]), im = splat<T, W>(roots[2 * k + 1]);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Halves<T, W> x = unpacked<T, W>(load_complex<T, W>(low + q), load_complex<T, W>(high + q), re, im);
      store<T, W>(to + q, sine ? -x.low.im : x.low.re);
      store<T, W>(mirrored + q, sine ? -x.high.im : x.high.re);
    }
  }
}

// y_k = Re w_k E_k and y_(n-k) = -Im w_k E_k of the doubled real transform E, w_k = exp(-i pi k / 2n). table: w_k,
// w_(h-k) and the root of the half-length trick for k from 0.
template <class T, int W>
void after_two(bool sine, size_t n, const T* table, const T* a, T* b, size_t width) {
  const size_t half = n / 2;
  const auto result = [&](size_t k) { return number<T, W>(b, width, sine ? n - 1 - k : k); };
  {
    T *first = result(0), *middle = result(half);
    const Vec<T, W> two = splat<T, W>(T(2)), turned = splat<T, W>(2 * table[2]);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Complex<T, W> z = load_complex<T, W>(a + q);
      store<T, W>(first + q, two * (z.re + z.im));
      store<T, W>(middle + q, turned * (z.re - z.im));
    }
  }
  for (size_t k = 1; 2 * k <= half; k++) {
    const T *low = a + k * width, *high = a + (half - k) * width, *w = table + 6 * k;
    T *p = result(k), *p_mirrored = result(n - k), *r = result(half - k), *r_mirrored = result(half + k);
    const Vec<T, W> re = splat<T, W>(w[4]), im = splat<T, W>(w[5]);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Halves<T, W> x = unpacked<T, W>(load_complex<T, W>(low + q), load_complex<T, W>(high + q), re, im);
      const Complex<T, W> y = times<T, W>(x.low, w), z = times<T, W>(x.high, w + 2);
      store<T, W>(p + q, y.re);
      store<T, W>(p_mirrored + q, -y.im);
      store<T, W>(r + q, z.re);
      store<T, W>(r_mirrored + q, -z.im);
    }
  }
}

// The transpose: U_k = exp(i pi k / 2n) (x_k - i x_(n-k)) is half a spectrum.
template <class T, int W>
void before_three(bool sine, size_t n, const T* table, const T* a, T* b, size_t width) {
  const size_t half = n / 2;
  const auto given = [&](size_t k) { return number<T, W>(a, width, sine ? n - 1 - k : k); };
  {
    const T *first = given(0), *middle = given(half);
    const Vec<T, W> turned = splat<T, W>(2 * table[2]);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Vec<T, W> x = load<T, W>(first + q), y = turned * load<T, W>(middle + q);
      store_complex<T, W>(b + q, {x + y, x - y});
    }
  }
  for (size_t k = 1; 2 * k <= half; k++) {
    const T *p = given(k), *p_mirrored = given(n - k), *r = given(half - k), *r_mirrored = given(half + k),
            *w = table + 6 * k;
    T *low = b + k * width, *high = b + (half - k) * width;
    const Vec<T, W> re = splat<T, W>(w[4]), im = splat<T, W>(w[5]);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Complex<T, W> x = times_conjugate<T, W>({load<T, W>(p + q), -load<T, W>(p_mirrored + q)}, w),
                          y = times_conjugate<T, W>({load<T, W>(r + q), -load<T, W>(r_mirrored + q)}, w + 2);
      const Halves<T, W> z = packed<T, W>(x, y, re, im);
      store_complex<T, W>(low + q, z.high);
      store_complex<T, W>(high + q, z.low);
    }
  }
}

// (x_2j + i x_(n-1-2j)) exp(-i pi (j + 1/8) / n), and u = exp(-i pi (k + 1/8) / n) Z_k gives y_2k = 2 Re u and
// y_(n-1-2k) = -2 Im u.
template <class T, int W>
void before_four(bool sine, size_t n, const T* table, const T* a, T* b, size_t width) {
  for (size_t j = 0; 2 * j < n; j++) {
    const T* front = number<T, W>(a, width, sine ? n - 1 - 2 * j : 2 * j);
    const T* back = number<T, W>(a, width, sine ? 2 * j : n - 1 - 2 * j);
    for (size_t q = 0; q < width; q += 2 * W)
      store_complex<T, W>(b + j * width + q,
                          times<T, W>({load<T, W>(front + q), load<T, W>(back + q)}, table + 2 * j));
  }
}
template <class T, int W>
void after_four(bool sine, size_t n, const T* table, const T* a, T* b, size_t width) {
  const Vec<T, W> two = splat<T, W>(T(2)), other = splat<T, W>(sine ? T(2) : T(-2));
  for (size_t k = 0; 2 * k < n; k++) {
    T *front = number<T, W>(b, width, 2 * k), *back = number<T, W>(b, width, n - 1 - 2 * k);
    for (size_t q = 0; q < width; q += 2 * W) {
      const Complex<T, W> u = times<T, W>(load_complex<T, W>(a + k * width + q), table + 2 * k);
      store<T, W>(front + q, two * u.re);
      store<T, W>(back + q, other * u.im);
    }
  }
}

// Odd lines as complex ones.
template <class T, int W>
void odd_before(Trig kind, size_t n, const T* table, const T* a, T* b, size_t width) {
  constexpr size_t unit = 2 * W;
  const bool sine = kind == Trig::dst2 || kind == Trig::dst3 || kind == Trig::dst4;
  for (size_t j = 0; j < n; j++) {
    if (kind == Trig::dct2 || kind == Trig::dst2) {
      copy<T, W>(a + j * width, b + folded(n, j) * width, width, sine && j % 2 == 1 ? T(-1) : T(1));
      continue;
    }
    const T* x = a + (sine ? n - 1 - j : j) * width;
    if (kind == Trig::dct4 || kind == Trig::dst4) {
      // row m is +-x times exp(-i pi m / n), which is in the second half of the table
      const size_t m = folded(n, j);
      const Vec<T, W> sign = splat<T, W>(j % 2 == 0 ? T(1) : T(-1));
      for (size_t q = 0; q < width; q += unit)
        store_complex<T, W>(b + m * width + q,
                            times<T, W>(scaled<T, W>(load_complex<T, W>(x + q), sign), table + 2 * (n + m)));
      continue;
    }
    // u_k = exp(i pi k / 2n) (x_k - i x_(n-k)) in reverse order of rows, for a backward transform; table[k] = exp(-i pi
    // k / 2n)
    T* to = b + (j == 0 ? 0 : n - j) * width;
    if (j == 0) {
      copy<T, W>(x, to, width, T(1));
      continue;
    }
    const T* y = a + (sine ? j - 1 : n - j) * width;
    for (size_t q = 0; q < width; q += unit) {
      const Complex<T, W> p = load_complex<T, W>(x + q), r = load_complex<T, W>(y + q);
      store_complex<T, W>(to + q, times_conjugate<T, W>({p.re + r.im, p.im - r.re}, table + 2 * j));
    }
  }
}

template <class T, int W>
void odd_after(Trig kind, size_t n, const T* table, const T* a, T* b, size_t width) {
  constexpr size_t unit = 2 * W;
  const bool sine = kind == Trig::dst2 || kind == Trig::dst3 || kind == Trig::dst4;
  for (size_t k = 0; k < n; k++) {
    const T sign = sine && k % 2 == 1 ? T(-1) : T(1);
    if (kind == Trig::dct3 || kind == Trig::dst3) {
      copy<T, W>(a + folded(n, k) * width, b + k * width, width, sign);
      continue;
    }
    // table[k] = exp(-i pi k / 2n) in kind II, exp(-i pi (k + 1/2) / 2n) in kind IV
    const bool four = kind == Trig::dct4 || kind == Trig::dst4;
    T* to = b + (kind == Trig::dst2 ? n - 1 - k : k) * width;
    const T* mirrored = a + (four ? n - 1 - k : k == 0 ? 0 : n - k) * width;
    const Vec<T, W> factor = splat<T, W>(four ? sign : T(1));
    for (size_t q = 0; q < width; q += unit) {
      const Complex<T, W> y = times<T, W>(load_complex<T, W>(a + k * width + q), table + 2 * k) +
                              times_conjugate<T, W>(load_complex<T, W>(mirrored + q), table + 2 * k);
      store_complex<T, W>(to + q, scaled<T, W>(y, factor));
    }
  }
}

}  // namespace

template <class T, int W>
void trig_before(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors) {
  const size_t width = vectors * 2 * W, half = n / 2;
  if (!fft::packs(kind, n)) return odd_before<T, W>(kind, n, table, a, b, width);
  const bool sine = kind >= Trig::dst1;
  switch (kind) {
    case Trig::dct1:
    case Trig::dst1:
      return extend<T, W>(sine, n, a, b, width);
    case Trig::dct2:
    case Trig::dst2: {
      const auto from = [&](size_t m) { return number<T, W>(a, width, m < half ? 2 * m : 2 * (n - 1 - m) + 1); };
      const auto sign = [&](size_t m) { return sine && m >= half ? T(-1) : T(1); };
      for (size_t j = 0; j < half; j++)
        take<T, W>(from(2 * j), sign(2 * j), from(2 * j + 1), sign(2 * j + 1), b + j * width, width);
      return;
    }
    case Trig::dct3:
    case Trig::dst3:
      return before_three<T, W>(sine, n, table, a, b, width);
    case Trig::dct4:
    case Trig::dst4:
      return before_four<T, W>(sine, n, table, a, b, width);
  }
}

template <class T, int W>
void trig_after(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors) {
  const size_t width = vectors * 2 * W;
  if (!fft::packs(kind, n)) return odd_after<T, W>(kind, n, table, a, b, width);
  const bool sine = kind >= Trig::dst1;
  switch (kind) {
    case Trig::dct1:
    case Trig::dst1:
      return after_one<T, W>(sine, n, table, a, b, width);
    case Trig::dct2:
    case Trig::dst2:
      return after_two<T, W>(sine, n, table, a, b, width);
    case Trig::dct3:
    case Trig::dst3:
      for (size_t m = 0; 2 * m < n; m++)
        take<T, W>(number<T, W>(a, width, m), T(1), number<T, W>(a, width, n - 1 - m), sine ? T(-1) : T(1),
                   b + m * width, width);
      return;
    case Trig::dct4:
    case Trig::dst4:
      return after_four<T, W>(sine, n, table, a, b, width);
  }
}

#define EWALD_INSTANTIATE(T, W)                                                  \
  template void trig_before<T, W>(Trig, size_t, const T*, const T*, T*, size_t); \
  template void trig_after<T, W>(Trig, size_t, const T*, const T*, T*, size_t);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
