#include "fft/chirp.h"

#include <cstring>

#include "fft/lines.h"
#include "fft/roots.h"

namespace ewald::fft {
namespace {

// The second half mirrors the first: (n - j)^2 is j^2 and an even multiple of n, but for n^2.
template <class T>
bool make_chirp(size_t n, T* chirp) {
  Store temporary;
  const Roots roots(2 * uint64_t(n), temporary);
  if (!roots.ok()) return false;
  const T sign = n % 2 == 0 ? T(1) : T(-1);
  uint64_t square = 0;  // of j, modulo 2 n
  for (size_t j = 0; 2 * j <= n; j++) {
    roots.get(square, chirp + 2 * j);
    if (j > 0) {
      chirp[2 * (n - j)] = sign * chirp[2 * j];
      chirp[2 * (n - j) + 1] = sign * chirp[2 * j + 1];
    }
    square += 2 * j + 1;
    if (square >= 2 * uint64_t(n)) square -= 2 * uint64_t(n);
  }
  return true;
}

// A wrapped chirp is an even line: x[j] = x[length - j], and so is its transform. Of such lines only 0 .. length / 2 are kept.

// Results 1, 5, 9 .. of its transform are that of a quarter of the length, of t[j] = w^j sum_q (-i)^q x[j + q length / 4].
template <class T>
bool quarter(const T* x, size_t length, T* t) {
  constexpr size_t block = 512;  // w^j is the product of a root every so many and one of these
  const size_t quarter = length / 4, half = length / 2;
  double near[2 * block], far[2];
  Store temporary;
  const Roots roots(length, temporary);
  if (!roots.ok()) return false;
  for (size_t j = 0; j < block && j < quarter; j++) roots.get(j, near + 2 * j);
  for (size_t start = 0; start < quarter; start += block) {
    roots.get(start, far);
    const size_t count = quarter - start < block ? quarter - start : block;
    for (size_t i = 0; i < count; i++) {
      const size_t j = start + i;
      const T *a = x + 2 * j, *b = x + 2 * (quarter + j), *c = x + 2 * (half - j), *d = x + 2 * (quarter - j);
      const T re = (a[0] - c[0]) + (b[1] - d[1]), im = (a[1] - c[1]) - (b[0] - d[0]);
      const T wr = T(far[0] * near[2 * i] - far[1] * near[2 * i + 1]), wi = T(far[0] * near[2 * i + 1] + far[1] * near[2 * i]);
      t[2 * j] = re * wr - im * wi;
      t[2 * j + 1] = re * wi + im * wr;
    }
  }
  return true;
}

// A transform for the time being.
template <class T>
struct Temporary {
  Store store;
  const Line<T>* line = nullptr;
  T* work = nullptr;
  Temporary(size_t n, const Engines<T>& engines, uint32_t tune) {
    line = plan_line<T>(n, engines, tune, store);
    if (line != nullptr) work = store.take_raw<T>(line->work);
  }
  bool ok() const { return line != nullptr && store.ok(); }
  void run(T* x, T scale) const { run_line<T>(*line, x, x, work, false, scale, nullptr); }
};

// A whole line from its half.
template <class T>
void whole(const T* x, size_t n, T* t) {
  for (size_t j = 0; j < n; j++) std::memcpy(t + 2 * j, x + 2 * (2 * j <= n ? j : n - j), 2 * sizeof(T));
}

// Below this many complex numbers one transform of everything is as quick as three of parts.
constexpr size_t worth_parting = 1 << 16;

// The transform of an even line. Long ones are parted: the odd results come from a quarter of the length, the even ones from the line folded
// in half, whose odd results come from an eighth and whose even ones from a quarter again: 5 / 8 of the work, in less memory.
template <class T>
bool transform_even(const T* x, size_t length, const Engines<T>& engines, uint32_t tune, T scale, T* out) {
  Store temporary;
  if (length % 8 != 0 || length < worth_parting) {
    T* t = temporary.take_raw<T>(2 * length);
    const Temporary<T> all(length, engines, tune);
    if (t == nullptr || !all.ok()) return false;
    whole(x, length, t);
    all.run(t, scale);
    std::memcpy(out, t, 2 * (length / 2 + 1) * sizeof(T));
    return true;
  }
  const size_t fourth = length / 4, eighth = length / 8;
  T *odd = temporary.take_raw<T>(2 * fourth), *twice_odd = temporary.take_raw<T>(2 * eighth), *rest = temporary.take_raw<T>(2 * fourth);
  T* folded = temporary.take_raw<T>(2 * (fourth + 1));
  const Temporary<T> of_fourth(fourth, engines, tune), of_eighth(eighth, engines, tune);
  if (!temporary.ok() || !of_fourth.ok() || !of_eighth.ok()) return false;
  const auto fold = [&](const T* from, size_t n) {
    for (size_t j = 0; j <= n / 4; j++) {
      folded[2 * j] = from[2 * j] + from[2 * (n / 2 - j)];
      folded[2 * j + 1] = from[2 * j + 1] + from[2 * (n / 2 - j) + 1];
    }
  };
  if (!quarter(x, length, odd)) return false;
  of_fourth.run(odd, scale);
  fold(x, length);
  if (!quarter(folded, length / 2, twice_odd)) return false;
  of_eighth.run(twice_odd, scale);
  fold(folded, length / 2);
  whole(folded, fourth, rest);
  of_fourth.run(rest, scale);
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
bool plan_chirp(size_t n, size_t length, const Engines<T>& engines, uint32_t tune, const T*& chirp, const T*& filter, Store& store) {
  T* c = store.take<T>(2 * (length / 2 + 1));  // zeros beyond n
  T* f = store.take_raw<T>(2 * (length / 2 + 1));
  chirp = c;
  filter = f;
  return store.ok() && make_chirp(n, c) && transform_even(c, length, engines, tune, T(1) / T(length), f);
}

template bool plan_chirp<float>(size_t, size_t, const Engines<float>&, uint32_t, const float*&, const float*&, Store&);
template bool plan_chirp<double>(size_t, size_t, const Engines<double>&, uint32_t, const double*&, const double*&, Store&);

}  // namespace ewald::fft
