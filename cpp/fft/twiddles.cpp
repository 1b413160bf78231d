#include "fft/twiddles.h"

namespace ewald::fft {
namespace {

// A sum of two doubles that do not overlap: 106 bits (Dekker, Numer. Math. 18, 1971, 224).
struct Double2 {
  double high, low;
};

inline Double2 quick_sum(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}

inline Double2 sum(double a, double b) {
  const double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// Where fma is one instruction the compiler may fuse anything, so the exact product must be requested; elsewhere
// Dekker's splitting is used.
inline Double2 product(double a, double b) {
  const double p = a * b;
#if defined(__FP_FAST_FMA) || defined(__aarch64__)
  return {p, __builtin_fma(a, b, -p)};
#else
  constexpr double splitter = 134217729.0;  // 2^27 + 1
  const double ta = splitter * a, tb = splitter * b;
  const double ah = ta - (ta - a), al = a - ah, bh = tb - (tb - b), bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}

inline Double2 operator+(Double2 a, Double2 b) {
  const Double2 s = sum(a.high, b.high);
  return quick_sum(s.high, s.low + a.low + b.low);
}

inline Double2 operator*(Double2 a, Double2 b) {
  const Double2 p = product(a.high, b.high);
  return quick_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

// a / b for whole numbers below 2^53.
inline Double2 ratio(double a, double b) {
  const double q = a / b;
  const Double2 back = product(q, b);
  return quick_sum(q, ((a - back.high) - back.low) / b);
}

constexpr Double2 two_pi = {6.283185307179586, 2.4492935982947064e-16};

// 1 / k! for the Taylor series, as pairs; computed by division, because the compiler cannot be trusted to read literals
// with this many digits.
struct Factorials {
  Double2 inverse[24];
  Factorials() {
    inverse[0] = {1.0, 0.0};
    for (int k = 1; k < 24; k++) {
      // divide the pair by k
      const double q = inverse[k - 1].high / k;
      const Double2 back = product(q, double(k));
      inverse[k] = quick_sum(q, ((inverse[k - 1].high - back.high) - back.low + inverse[k - 1].low) / k);
    }
  }
};

// cos and sin of x in [0, pi / 4].
void circle(Double2 x, const Factorials& f, Double2* cosine, Double2* sine) {
  const Double2 square = x * x, minus = {-square.high, -square.low};
  Double2 c = f.inverse[22], s = f.inverse[23];
  for (int k = 20; k >= 0; k -= 2) {
    c = f.inverse[k] + minus * c;
    s = f.inverse[k + 1] + minus * s;
  }
  *cosine = c;
  *sine = s * x;
}

}  // namespace

struct Twiddles::Series : Factorials {};

Twiddles::Entry Twiddles::exact(uint64_t k, uint64_t n, const Series& f) {
  // Folds the circle eight times: the angle is then 2 pi a / (8 n) with 8 a <= 8 n / 8.
  uint64_t a = 8 * (k % n);  // in units of 1 / (8 n)
  bool minus_im = true, minus_re = false, exchange = false;
  if (a > 4 * n) {
    a = 8 * n - a;
    minus_im = false;
  }
  if (a > 2 * n) {
    a = 4 * n - a;
    minus_re = true;
  }
  if (a > n) {
    a = 2 * n - a;
    exchange = true;
  }
  Double2 c, s;
  circle(two_pi * ratio(double(a), double(8 * n)), f, &c, &s);
  if (exchange) {
    const Double2 t = c;
    c = s;
    s = t;
  }
  if (minus_re) c = {-c.high, -c.low};
  if (minus_im) s = {-s.high, -s.low};
  return {c.high, c.low, s.high, s.low};
}

Twiddles::Twiddles(uint64_t n, Store& store) : n_(n), shift_(0) {
  while ((uint64_t(1) << (2 * shift_)) < n) shift_++;
  const uint64_t low_count = uint64_t(1) << shift_, high_count = (n >> shift_) + 1;
  low_ = store.take<Entry>(size_t(low_count));
  high_ = store.take<Entry>(size_t(high_count));
  if (!ok()) return;
  const Series series;
  fill(low_, low_count, 0, series);
  fill(high_, high_count, shift_, series);
}

// table[k] = root k << shift: about 2 sqrt(count) of them from the series, the rest as products of two, which lose 2 of
// 106 bits.
void Twiddles::fill(Entry* table, uint64_t count, uint32_t shift, const Series& series) {
  uint64_t step = 1;
  while (step * step < count) step *= 2;
  for (uint64_t k = 0; k < count; k++) {
    if (k < step || k % step == 0) {
      table[k] = exact(k << shift, n_, series);
      continue;
    }
    const Entry &a = table[k - k % step], &b = table[k % step];
    const Double2 ar = {a.re, a.re_low}, ai = {a.im, a.im_low}, br = {b.re, b.re_low}, bi = {b.im, b.im_low},
                  ii = ai * bi;
    const Double2 re = ar * br + Double2{-ii.high, -ii.low}, im = ar * bi + ai * br;
    table[k] = {re.high, re.low, im.high, im.low};
  }
}

void Twiddles::get(uint64_t k, float* root) const {
  if (k >= n_) k %= n_;
  const Entry &a = high_[k >> shift_], &b = low_[k & ((uint64_t(1) << shift_) - 1)];
  root[0] = float(a.re * b.re - a.im * b.im);
  root[1] = float(a.re * b.im + a.im * b.re);
}

void Twiddles::get(uint64_t k, double* root) const {
  if (k >= n_) k %= n_;
  const Entry &a = high_[k >> shift_], &b = low_[k & ((uint64_t(1) << shift_) - 1)];
  const Double2 ar = {a.re, a.re_low}, ai = {a.im, a.im_low}, br = {b.re, b.re_low}, bi = {b.im, b.im_low};
  const Double2 ii = ai * bi;
  root[0] = (ar * br + Double2{-ii.high, -ii.low}).high;
  root[1] = (ar * bi + ai * br).high;
}

}  // namespace ewald::fft
