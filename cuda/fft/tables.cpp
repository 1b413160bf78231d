#include "tables.h"

#include <new>
#include <stdexcept>

#include "fft/twiddles.h"
#include "lengths.h"

namespace ewald::cuda::fft {
namespace {

// Roots of the n-th part of the circle, with the memory they need.
struct Circle {
  explicit Circle(std::uint64_t n) : twiddles(n, store) {
    if (!twiddles.ok()) throw std::bad_alloc();
  }
  void get(std::uint64_t k, double* root) const { twiddles.get(k, root); }
  ewald::fft::Store store;
  ewald::fft::Twiddles twiddles;
};

// k^2 mod 2 n for each k < n, by differences, without computing squares.
template <class Each>
void each_square(std::uint64_t n, Each each) {
  std::uint64_t square = 0;
  for (std::uint64_t k = 0; k < n; k++) {
    each(k, square);
    square = (square + 2 * k + 1) % (2 * n);
  }
}

// A transform of a length 2^a 3^b 5^c in float64, in place: Stockham stages of radices 2, 3 and 5.
void transform(std::vector<double>& values, std::uint64_t n) {
  const Circle circle(n);
  std::vector<double> other(values.size()), root(2 * n);
  for (std::uint64_t k = 0; k < n; k++) circle.get(k, &root[2 * k]);
  for (std::uint64_t span = 1; span < n;) {
    const std::uint64_t rest = n / span,
                        radix = rest % 2 == 0   ? 2
                                : rest % 3 == 0 ? 3
                                                : 5,
                        part = n / radix, step = n / (span * radix);
    for (std::uint64_t first = 0; first < part; first += span)
      for (std::uint64_t k = 0; k < span; k++) {
        double turned[5][2];
        for (std::uint64_t r = 0; r < radix; r++) {
          const double *w = &root[2 * r * k * step], *v = &values[2 * (first + k + r * part)];
          turned[r][0] = v[0] * w[0] - v[1] * w[1];
          turned[r][1] = v[0] * w[1] + v[1] * w[0];
        }
        for (std::uint64_t q = 0; q < radix; q++) {
          double* const sum = &other[2 * (first * radix + k + q * span)];
          sum[0] = turned[0][0];
          sum[1] = turned[0][1];
          for (std::uint64_t r = 1; r < radix; r++) {
            const double* w = &root[2 * (q * r % radix) * part];
            sum[0] += turned[r][0] * w[0] - turned[r][1] * w[1];
            sum[1] += turned[r][0] * w[1] + turned[r][1] * w[0];
          }
        }
      }
    span *= radix;
    values.swap(other);
  }
}

enum Kind : std::uint64_t { kRoots, kStage, kHalf, kChirp, kSpectrum };

}  // namespace

std::uint32_t Tables::add(const Key& key, std::uint64_t length, Fill fill) {
  const auto known = places_.find(key);
  if (known != places_.end()) return known->second;
  if (count_ + length >= ~std::uint32_t(0))
    throw std::length_error("the tables of a transform have more entries than 32 bits number");
  const std::uint32_t place = std::uint32_t(count_);
  places_[key] = place;
  entries_.push_back({count_, std::move(fill)});
  count_ += length;
  return place;
}

std::uint32_t Tables::roots(std::uint64_t n, std::uint64_t length, std::uint64_t step) {
  return add({kRoots, n, length, step}, length, [=](double* out) {
    const Circle circle(n);
    for (std::uint64_t k = 0; k < length; k++) circle.get(k * step, out + 2 * k);
  });
}

std::uint32_t Tables::stage(std::uint32_t radix, std::uint32_t span) {
  return add({kStage, radix, span, 0}, std::uint64_t(radix - 1) * span, [=](double* out) {
    const Circle circle(std::uint64_t(span) * radix);
    for (std::uint64_t q = 1; q < radix; q++)
      for (std::uint64_t k = 0; k < span; k++) circle.get(q * k, out + 2 * ((q - 1) * span + k));
  });
}

std::uint32_t Tables::half(std::uint64_t n, std::uint64_t length, std::uint32_t eighths) {
  return add({kHalf, n, length, eighths}, length, [=](double* out) {
    const Circle circle(16 * n);
    for (std::uint64_t k = 0; k < length; k++) circle.get(8 * k + eighths, out + 2 * k);
  });
}

std::uint32_t Tables::chirp(std::uint64_t n) {
  return add({kChirp, n, 0, 0}, n, [=](double* out) {
    const Circle circle(2 * n);
    each_square(n, [&](std::uint64_t k, std::uint64_t square) { circle.get(square, out + 2 * k); });
  });
}

std::uint32_t Tables::spectrum(std::uint64_t n, std::uint64_t length) {
  return add({kSpectrum, n, length, 0}, length, [=](double* out) {
    std::vector<double> values(2 * length, 0.0);
    const Circle circle(2 * n);
    each_square(n, [&](std::uint64_t k, std::uint64_t square) {
      double root[2];
      circle.get(square, root);
      for (const std::uint64_t at : {k, (length - k) % length}) {
        values[2 * at] = root[0] / double(length);
        values[2 * at + 1] = -root[1] / double(length);
      }
    });
    transform(values, length);
    for (std::size_t i = 0; i < values.size(); i++) out[i] = values[i];
  });
}

std::vector<double> Tables::fill() const {
  std::vector<double> all(2 * count_);
  for (const Entry& entry : entries_) entry.fill(all.data() + 2 * entry.offset);
  return all;
}

}  // namespace ewald::cuda::fft
