// Sine and cosine transforms along one contiguous line, by the formulas of trig.cpp: what is done before and after the
// complex transform, with vectors along the line.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// W numbers in reverse order to lanes, and back.
template <class T, int W>
struct ToLanesReversed {
  static constexpr int at(int lane) { return W - 1 - int(fft::lane_column<T>(uint32_t(lane), W)); }
};
template <class T, int W>
struct FromLanesReversed {
  static constexpr int at(int column) { return FromLanes<T, W>::at(W - 1 - column); }
};
template <class T, int W>
EWALD_INLINE Vec<T, W> load_numbers(const T* p) {
  return to_lanes<T, W>(load<T, W>(p));
}
template <class T, int W>
EWALD_INLINE Vec<T, W> load_reversed(const T* p) {
  const Vec<T, W> v = load<T, W>(p);
  return shuffle<T, W, ToLanesReversed<T, W>>(v, v);
}
template <class T, int W>
EWALD_INLINE void store_numbers(T* p, Vec<T, W> v) {
  store<T, W>(p, from_lanes<T, W>(v));
}
template <class T, int W>
EWALD_INLINE void store_reversed(T* p, Vec<T, W> v) {
  store<T, W>(p, shuffle<T, W, FromLanesReversed<T, W>>(v, v));
}

// Even numbers up, odd ones times a sign down; and back.
template <class T, int W>
void fold(bool sine, size_t n, const T* x, T* v) {
  const T sign = sine ? T(-1) : T(1);
  const Vec<T, W> signs = splat<T, W>(sign);
  size_t m = 0;
  for (; 2 * (m + W) <= n; m += W) {
    const Complex<T, W> c = load_interleaved<T, W, false>(x + 2 * m);
    store_numbers<T, W>(v + m, c.re);
    store_reversed<T, W>(v + n - m - W, signs * c.im);
  }
  for (; 2 * m < n; m++) {
    v[m] = x[2 * m];
    if (2 * m + 1 < n) v[n - 1 - m] = sign * x[2 * m + 1];
  }
}
template <class T, int W>
void unfold_numbers(bool sine, size_t n, const T* v, T* y) {
  const T sign = sine ? T(-1) : T(1);
  const Vec<T, W> signs = splat<T, W>(sign);
  size_t m = 0;
  for (; 2 * (m + W) <= n; m += W)
    store_interleaved<T, W, false>(y + 2 * m,
                                   {load_numbers<T, W>(v + m), signs * load_reversed<T, W>(v + n - m - W)});
  for (; 2 * m < n; m++) {
    y[2 * m] = v[m];
    y[2 * m + 1] = sign * v[n - 1 - m];
  }
}

// The even or odd extension of kind I: its second half mirrors the first.
template <class T, int W>
void extend_line(bool sine, size_t n, const T* x, T* e) {
  const size_t half = sine ? n + 1 : n - 1;
  T* first = sine ? e + 1 : e;
  memcpy(first, x, n * sizeof(T));
  if (sine) e[0] = e[half] = T(0);
  const T sign = sine ? T(-1) : T(1);
  const Vec<T, W> signs = splat<T, W>(sign);
  size_t m = 1;  // e[2 half - m] = +-e[m], m < half
  for (; m + W <= half; m += W) {
    const Vec<T, W> v = load<T, W>(e + m);
    T* to = e + 2 * half - m - W + 1;
    store_reversed<T, W>(to, signs * to_lanes<T, W>(v));
  }
  for (; m < half; m++) e[2 * half - m] = sign * e[m];
}

// Every other number from `part` on, times a sign.
template <class T, int W>
void take_parts(size_t count, const T* z, int part, T* y) {
  size_t k = 0;
  for (; k + W <= count; k += W) {
    const Complex<T, W> c = load_interleaved<T, W, false>(z + 2 * k);
    store_numbers<T, W>(y + k, part == 0 ? c.re : -c.im);
  }
  for (; k < count; k++) y[k] = part == 0 ? z[2 * k] : -z[2 * k + 1];
}

// y_k = Re w_k E_k, y_(n-k) = -Im w_k E_k; results backwards for a sine.
template <class T, int W>
void turn_after(bool sine, size_t n, const T* turn, const T* e, T* y) {
  const size_t half = n / 2;
  const auto at = [&](size_t k) { return sine ? n - 1 - k : k; };
  y[at(0)] = e[0];
  y[at(half)] = e[2 * half] * turn[2 * half];
  size_t k = 1;
  for (; k + W <= half; k += W) {
    const Complex<T, W> w = load_interleaved<T, W, false>(turn + 2 * k),
                        u = times<T, W>(load_interleaved<T, W, false>(e + 2 * k), w.re, w.im);
    if (sine) {
      store_reversed<T, W>(y + n - k - W, u.re);
      store_numbers<T, W>(y + k - 1, -u.im);
    } else {
      store_numbers<T, W>(y + k, u.re);
      store_reversed<T, W>(y + n - k - W + 1, -u.im);
    }
  }
  for (; k < half; k++) {
    const T er = e[2 * k], ei = e[2 * k + 1], wr = turn[2 * k], wi = turn[2 * k + 1];
    y[at(k)] = er * wr - ei * wi;
    y[at(n - k)] = -(er * wi + ei * wr);
  }
}

// U_k = exp(i pi k / 2n) (x_k - i x_(n-k)), k to n / 2; of the numbers backwards for a sine.
template <class T, int W>
void turn_before(bool sine, size_t n, const T* turn, const T* x, T* u) {
  const size_t half = n / 2;
  const auto at = [&](size_t k) { return x[sine ? n - 1 - k : k]; };
  u[0] = at(0);
  u[1] = T(0);
  u[2 * half] = 2 * at(half) * turn[2 * half];
  u[2 * half + 1] = T(0);
  size_t k = 1;
  for (; k + W <= half; k += W) {
    const Complex<T, W> w = load_interleaved<T, W, false>(turn + 2 * k);
    const Vec<T, W> p = sine ? load_reversed<T, W>(x + n - k - W) : load_numbers<T, W>(x + k),
                    q = sine ? load_numbers<T, W>(x + k - 1) : load_reversed<T, W>(x + n - k - W + 1);
    store_interleaved<T, W, false>(u + 2 * k, times_conjugate<T, W>({p, -q}, w.re, w.im));
  }
  for (; k < half; k++) {
    const T p = at(k), q = -at(n - k), wr = turn[2 * k], wi = turn[2 * k + 1];
    u[2 * k] = p * wr + q * wi;
    u[2 * k + 1] = q * wr - p * wi;
  }
}

// (x_2j + i x_(n-1-2j)) w_j, and back; x backwards, and results with signs, for a sine.
template <class T, int W>
void four_before(bool sine, size_t n, const T* turn, const T* x, T* z) {
  const size_t half = n / 2;
  size_t j = 0;
  for (; j + W <= half; j += W) {
    const Complex<T, W> w = load_interleaved<T, W, false>(turn + 2 * j);
    const Vec<T, W> front = load_interleaved<T, W, false>(x + 2 * j).re,
                    back = load_mirrored<T, W>(x + n - 2 * j - 2 * W).im;
    const Complex<T, W> c = {sine ? back : front, sine ? front : back};
    store_interleaved<T, W, false>(z + 2 * j, times<T, W>(c, w.re, w.im));
  }
  for (; j < half; j++) {
    const T front = x[2 * j], back = x[n - 1 - 2 * j], wr = turn[2 * j], wi = turn[2 * j + 1];
    const T re = sine ? back : front, im = sine ? front : back;
    z[2 * j] = re * wr - im * wi;
    z[2 * j + 1] = re * wi + im * wr;
  }
}
template <class T, int W>
void four_after(bool sine, size_t n, const T* turn, T* z, T* y) {
  const size_t half = n / 2;
  const auto one = [&](size_t k) {
    const T re = z[2 * k], im = z[2 * k + 1], wr = turn[2 * k], wi = turn[2 * k + 1];
    z[2 * k] = re * wr - im * wi;
    z[2 * k + 1] = re * wi + im * wr;
  };
  size_t k = 0;
  for (; k + W <= half; k += W) {
    const Complex<T, W> w = load_interleaved<T, W, false>(turn + 2 * k);
    store_interleaved<T, W, false>(z + 2 * k, times<T, W>(load_interleaved<T, W, false>(z + 2 * k), w.re, w.im));
  }
  for (; k < half; k++) one(k);
  const T sign = sine ? T(1) : T(-1);
  const Vec<T, W> signs = splat<T, W>(sign);
  for (k = 0; k + W <= half; k += W)
    store_interleaved<T, W, false>(y + 2 * k, {load_interleaved<T, W, false>(z + 2 * k).re,
                                               signs * load_mirrored<T, W>(z + 2 * (half - k - W)).im});
  for (; k < half; k++) {
    y[2 * k] = z[2 * k];
    y[2 * k + 1] = sign * z[2 * (half - 1 - k) + 1];
  }
}

// Roots of an odd line, of which the first half is given: exp(-i pi k / 2n), or with `halves` exp(-i pi (2 k + 1) /
// 4n), whose angles add up to a quarter of a turn with those that mirror them; and exp(-i pi m / n), to half a turn.
template <class T>
struct Root {
  T re, im;
};
template <class T>
EWALD_INLINE Root<T> quarter_root(const T* turn, size_t n, size_t k, bool halves) {
  if (2 * k <= n) return {turn[2 * k], turn[2 * k + 1]};
  const T* w = turn + 2 * (n - halves - k);
  return {-w[1], -w[0]};
}
template <class T>
EWALD_INLINE Root<T> half_root(const T* turn, size_t n, size_t m) {
  const T* w = turn + 2 * (n / 2 + 1 + (2 * m <= n ? m : n - m));
  return {2 * m <= n ? w[0] : -w[0], w[1]};
}

// Odd lines of the kinds II to IV as complex ones, of which real parts are wanted.
template <class T>
void odd_line_before(Trig kind, size_t n, const T* turn, const T* x, T* z) {
  const bool sine = kind >= Trig::dst1;
  for (size_t j = 0; j < n; j++) {
    if (kind == Trig::dct3 || kind == Trig::dst3) {
      const T y = (j == 0 ? T(1) : T(2)) * x[sine ? n - 1 - j : j];
      const Root<T> w = quarter_root(turn, n, j, false);
      z[2 * j] = y * w.re;
      z[2 * j + 1] = y * w.im;
      continue;
    }
    const size_t m = j % 2 == 0 ? j / 2 : n - 1 - j / 2;
    if (kind == Trig::dct2 || kind == Trig::dst2) {
      z[2 * m] = sine && j % 2 == 1 ? -x[j] : x[j];
      z[2 * m + 1] = T(0);
    } else {
      const T y = x[sine ? n - 1 - j : j] * (j % 2 == 0 ? T(1) : T(-1));
      const Root<T> w = half_root(turn, n, m);
      z[2 * m] = y * w.re;
      z[2 * m + 1] = y * w.im;
    }
  }
}
template <class T>
void odd_line_after(Trig kind, size_t n, const T* turn, const T* z, T* y) {
  const bool sine = kind >= Trig::dst1;
  const bool four = kind == Trig::dct4 || kind == Trig::dst4;
  const auto real = [&](size_t k, size_t of, T conjugate) {
    const Root<T> w = quarter_root(turn, n, of, four);
    return z[2 * k] * w.re - conjugate * z[2 * k + 1] * w.im;
  };
  for (size_t k = 0; k < n; k++) {
    const T sign = sine && k % 2 == 1 ? T(-1) : T(1);
    if (kind == Trig::dct3 || kind == Trig::dst3)
      y[k] = sign * z[2 * (k % 2 == 0 ? k / 2 : n - 1 - k / 2)];
    else if (kind == Trig::dct2 || kind == Trig::dst2)
      y[sine ? n - 1 - k : k] = 2 * real(k, k, T(1));
    else
      y[k] = sign * (real(k, k, T(1)) + real(n - 1 - k, k, T(-1)));
  }
}

}  // namespace

template <class T, int W>
void line_before(Trig kind, size_t n, const T* turn, const T* half, const T* x, T* a, T* b) {
  const bool sine = kind >= Trig::dst1;
  if (!fft::packs(kind, n)) return odd_line_before<T>(kind, n, turn, x, a);
  switch (kind) {
    case Trig::dct1:
    case Trig::dst1:
      return extend_line<T, W>(sine, n, x, a);
    case Trig::dct2:
    case Trig::dst2:
      return fold<T, W>(sine, n, x, a);
    case Trig::dct3:
    case Trig::dst3:
      turn_before<T, W>(sine, n, turn, x, b);
      return half_before<T, W>(n / 2, half, b, a);
    case Trig::dct4:
    case Trig::dst4:
      return four_before<T, W>(sine, n, turn, x, a);
  }
}

template <class T, int W>
void line_after(Trig kind, size_t n, const T* turn, const T* half, T* a, T* y) {
  const bool sine = kind >= Trig::dst1;
  if (!fft::packs(kind, n)) return odd_line_after<T>(kind, n, turn, a, y);
  switch (kind) {
    case Trig::dct1:
    case Trig::dst1:
      half_after<T, W>(fft::trig_points(kind, n), half, a);
      return take_parts<T, W>(n, sine ? a + 2 : a, sine, y);
    case Trig::dct2:
    case Trig::dst2:
      half_after<T, W>(n / 2, half, a);
      return turn_after<T, W>(sine, n, turn, a, y);
    case Trig::dct3:
    case Trig::dst3:
      return unfold_numbers<T, W>(sine, n, a, y);
    case Trig::dct4:
    case Trig::dst4:
      return four_after<T, W>(sine, n, turn, a, y);
  }
}

#define EWALD_INSTANTIATE(T, W)                                                                     \
  template void line_before<T, W>(Trig, size_t, const T*, const T*, const T*, T*, T*); \
  template void line_after<T, W>(Trig, size_t, const T*, const T*, T*, T*);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
