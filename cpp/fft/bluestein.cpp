#include "fft/bluestein.h"

#include <cstring>

#include "fft/lines.h"
#include "fft/twiddles.h"

namespace ewald::fft {
namespace {

// The second half mirrors the first: (n - j)^2 equals j^2 plus an even multiple of n, except for n^2.
template <class T>
void put_chirp(size_t n, size_t j, T re, T im, T* chirp) {
  const T sign = n % 2 == 0 ? T(1) : T(-1);
  chirp[2 * j] = re;
  chirp[2 * j + 1] = im;
  if (j > 0) {
    chirp[2 * (n - j)] = sign * re;
    chirp[2 * (n - j) + 1] = sign * im;
  }
}

bool make_chirp(size_t n, double* chirp) {
  Store temporary;
  const Twiddles twiddles(2 * uint64_t(n), temporary);
  if (!twiddles.ok()) return false;
  uint64_t square = 0;  // of j, modulo 2 n
  double root[2];
  for (size_t j = 0; 2 * j <= n; j++) {
    twiddles.get(square, root);
    put_chirp(n, j, root[0], root[1], chirp);
    square += 2 * j + 1;
    if (square >= 2 * uint64_t(n)) square -= 2 * uint64_t(n);
  }
  return true;
}

// Double has more digits than float needs: (s + i)^2 = s^2 + 2 s i + i^2, so a root is a product of four, few of which
// are looked up.
bool make_chirp(size_t n, float* chirp) {
  constexpr size_t rows = 16, columns = 32, block = rows * columns;
  Store temporary;
  const uint64_t circle = 2 * uint64_t(n);
  const Twiddles twiddles(circle, temporary);
  if (!twiddles.ok()) return false;
  struct Complex {
    double re, im;
  };
  const auto root = [&](uint64_t k) {
    double pair[2];
    twiddles.get(k % circle, pair);
    return Complex{pair[0], pair[1]};
  };
  double near_re[block], near_im[block], column_re[columns], column_im[columns];
  for (size_t i = 0; i < block; i++) {
    const Complex z = root(uint64_t(i) * i);
    near_re[i] = z.re;
    near_im[i] = z.im;
  }
  for (size_t start = 0; 2 * start <= n; start += block) {
    const Complex first = root(uint64_t(start) * start);
    for (size_t q = 0; q < columns; q++) {
      const Complex z = root(2 * uint64_t(start) * q);
      column_re[q] = z.re;
      column_im[q] = z.im;
    }
    for (size_t p = 0; p < rows; p++) {
      const Complex step = root(2 * uint64_t(start) * (p * columns));
      const double re = first.re * step.re - first.im * step.im, im = first.re * step.im + first.im * step.re;
      float out_re[columns], out_im[columns];
      for (size_t q = 0; q < columns; q++) {
        const double a = re * column_re[q] - im * column_im[q], b = re * column_im[q] + im * column_re[q];
        const double c = near_re[p * columns + q], d = near_im[p * columns + q];
        out_re[q] = float(a * c - b * d);
        out_im[q] = float(a * d + b * c);
      }
      const size_t j = start + p * columns;
      for (size_t q = 0; q < columns && 2 * (j + q) <= n; q++) put_chirp(n, j + q, out_re[q], out_im[q], chirp);
    }
  }
  return true;
}

// A wrapped chirp is an even line: x[j] = x[length - j], and so is its transform. Of such lines only 0 .. length / 2
// are stored.

// Results 1, 5, 9 .. of its transform are that of a quarter of the length, of t[j] = w^j sum_q (-i)^q x[j + q length /
// 4].
template <class T>
bool quarter(const T* x, size_t length, T* t) {
  constexpr size_t block = 512;  // w^j is the product of a root at a multiple of this and one of these
  const size_t quarter = length / 4, half = length / 2;
  double near_re[block], near_im[block], far[2];
  T turn_re[block], turn_im[block];
  Store temporary;
  const Twiddles twiddles(length, temporary);
  if (!twiddles.ok()) return false;
  for (size_t j = 0; j < block && j < quarter; j++) {
    double root[2];
    twiddles.get(j, root);
    near_re[j] = root[0];
    near_im[j] = root[1];
  }
  for (size_t start = 0; start < quarter; start += block) {
    twiddles.get(start, far);
    const size_t count = quarter - start < block ? quarter - start : block;
    for (size_t i = 0; i < block; i++) {
      turn_re[i] = T(far[0] * near_re[i] - far[1] * near_im[i]);
      turn_im[i] = T(far[0] * near_im[i] + far[1] * near_re[i]);
    }
    const T *a = x + 2 * start, *b = x + 2 * (quarter + start), *c = x + 2 * (half - start),
            *d = x + 2 * (quarter - start);
    T* __restrict to = t + 2 * start;
    for (ptrdiff_t i = 0; i < ptrdiff_t(count); i++) {
      const T re = (a[2 * i] - c[-2 * i]) + (b[2 * i + 1] - d[1 - 2 * i]),
              im = (a[2 * i + 1] - c[1 - 2 * i]) - (b[2 * i] - d[-2 * i]);
      to[2 * i] = re * turn_re[i] - im * turn_im[i];
      to[2 * i + 1] = re * turn_im[i] + im * turn_re[i];
    }
  }
  return true;
}

// A temporary transform.
template <class T>
struct Temporary {
  Store store;
  const Line<T>* line;
  Temporary(size_t n, const Engines<T>& engines, uint32_t tune) : line(plan_line<T>(n, engines, tune, store)) {}
  size_t work() const { return line == nullptr ? 0 : line->work; }
  bool ok() const { return line != nullptr && store.ok(); }
  void run(T* x, T* work, T scale) const { run_line<T>(*line, x, x, work, false, scale, {}); }
};

// Completes a line from its first half. (With memcpy in place of the assignments, GCC 12 omits the loop at -O1.)
template <class T>
void complete(T* x, size_t n) {
  for (size_t j = n / 2 + 1; j < n; j++) {
    x[2 * j] = x[2 * (n - j)];
    x[2 * j + 1] = x[2 * (n - j) + 1];
  }
}

// Below this many complex numbers one full transform is as fast as three partial ones.
constexpr size_t worth_parting = 1 << 16;

// The transform of an even line. Long lines are split: the odd results come from a quarter of the length, the even ones
// from the line folded in half, whose odd results come from an eighth and whose even ones again from a quarter: 5 / 8
// of the work, in less memory.
template <class T>
bool transform_even(const T* x, size_t length, const Engines<T>& engines, uint32_t tune, T scale, T* out) {
  Store temporary;
  if (length % 8 != 0 || length < worth_parting) {
    T* t = temporary.take_raw<T>(2 * length);
    const Temporary<T> all(length, engines, tune);
    T* work = temporary.take_raw<T>(all.work());
    if (!temporary.ok() || !all.ok()) return false;
    std::memcpy(t, x, 2 * (length / 2 + 1) * sizeof(T));
    complete(t, length);
    all.run(t, work, scale);
    std::memcpy(out, t, 2 * (length / 2 + 1) * sizeof(T));
    return true;
  }
  const size_t fourth = length / 4, eighth = length / 8;
  // New memory costs as much as the work on it, so little is used: the line is folded in place.
  T *odd = temporary.take_raw<T>(2 * fourth), *twice_odd = temporary.take_raw<T>(2 * eighth),
    *rest = temporary.take_raw<T>(2 * (fourth + 1));
  const Temporary<T> of_fourth(fourth, engines, tune), of_eighth(eighth, engines, tune);
  T* work = temporary.take_raw<T>(of_fourth.work() > of_eighth.work() ? of_fourth.work() : of_eighth.work());
  if (!temporary.ok() || !of_fourth.ok() || !of_eighth.ok()) return false;
  const auto fold = [&](const T* from, size_t n) {
    for (size_t j = 0; j <= n / 4; j++) {
      rest[2 * j] = from[2 * j] + from[2 * (n / 2 - j)];
      rest[2 * j + 1] = from[2 * j + 1] + from[2 * (n / 2 - j) + 1];
    }
  };
  if (!quarter(x, length, odd)) return false;
  of_fourth.run(odd, work, scale);
  fold(x, length);
  if (!quarter(rest, length / 2, twice_odd)) return false;
  of_eighth.run(twice_odd, work, scale);
  fold(rest, length / 2);
  complete(rest, fourth);
  of_fourth.run(rest, work, scale);
  // Results 8 m .. 8 m + 7; those of the second half mirror the first.
  const auto put = [&](size_t k, const T* from) { std::memcpy(out + 2 * k, from, 2 * sizeof(T)); };
  for (size_t k = 0; k <= length / 2; k += 8) {
    const size_t m = k / 4;
    put(k, rest + 2 * m);
    if (k == length / 2) break;
    put(k + 1, odd + 2 * m);
    put(k + 2, twice_odd + m);
    put(k + 3, odd + 2 * (fourth - 1 - m));
    put(k + 4, rest + 2 * (m + 1));
    if (k + 4 == length / 2) break;
    put(k + 5, odd + 2 * (m + 1));
    put(k + 6, twice_odd + 2 * (eighth - 1 - m / 2));
    put(k + 7, odd + 2 * (fourth - 2 - m));
  }
  return true;
}

}  // namespace

template <class T>
bool plan_bluestein(size_t n, size_t length, const Engines<T>& engines, uint32_t tune, const T*& chirp,
                    const T*& filter, Store& store) {
  T* c = store.take<T>(2 * (length / 2 + 1));  // zeros beyond n
  T* f = store.take_raw<T>(2 * (length / 2 + 1));
  chirp = c;
  filter = f;
  return store.ok() && make_chirp(n, c) && transform_even(c, length, engines, tune, T(1) / T(length), f);
}

template <class T>
bool plan_bluestein_grid(size_t n, size_t n1, size_t n2, const Engines<T>& engines, uint32_t tune, const T*& chirp,
                         const T*& filter, Store& store) {
  // Squares of these sides are read and written where cache lines are.
  constexpr size_t high = 8, wide = 64;
  const size_t length = n1 * n2, rows = n1 / 2 + 1;
  T* c = store.take_raw<T>(2 * (n / 2 + 1));
  T* f = store.take_raw<T>(2 * rows * n2);
  Store temporary;
  const T *whole, *half;
  if (!store.ok() || !plan_bluestein<T>(n, length, engines, tune, whole, half, temporary)) return false;
  std::memcpy(c, whole, 2 * (n / 2 + 1) * sizeof(T));
  for (size_t start = 0; start < n2; start += wide)
    for (size_t first = 0; first < rows; first += high)
      for (size_t k1 = first; k1 < first + high && k1 < rows; k1++)
        for (size_t k2 = start; k2 < start + wide && k2 < n2; k2++) {
          const size_t k = k1 + n1 * k2;
          std::memcpy(f + 2 * (k1 * n2 + k2), half + 2 * (2 * k <= length ? k : length - k), 2 * sizeof(T));
        }
  chirp = c;
  filter = f;
  return true;
}

template bool plan_bluestein_grid<float>(size_t, size_t, size_t, const Engines<float>&, uint32_t, const float*&,
                                         const float*&, Store&);
template bool plan_bluestein_grid<double>(size_t, size_t, size_t, const Engines<double>&, uint32_t, const double*&,
                                          const double*&, Store&);
template bool plan_bluestein<float>(size_t, size_t, const Engines<float>&, uint32_t, const float*&, const float*&,
                                    Store&);
template bool plan_bluestein<double>(size_t, size_t, const Engines<double>&, uint32_t, const double*&, const double*&,
                                     Store&);

}  // namespace ewald::fft
