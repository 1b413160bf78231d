// Roots of unity, correct to the last bit of float and (except in rare halfway cases) of double.
#pragma once
#include <cstddef>
#include <cstdint>

#include "fft/store.h"

namespace ewald::fft {

// exp(-2 pi i k / n) for any k, from two tables of about sqrt(n) entries kept in twice the precision of double. Each
// root takes one product, without a recurrence, so errors do not accumulate. Both tables come from Taylor series inside
// an eighth of the circle.
class Twiddles {
public:
  Twiddles(uint64_t n, Store& store);
  bool ok() const { return low_ != nullptr && high_ != nullptr; }

  void get(uint64_t k, float* root) const;
  void get(uint64_t k, double* root) const;

private:
  // value = re + re_low, im + im_low
  struct Entry {
    double re, re_low, im, im_low;
  };
  struct Series;
  static Entry exact(uint64_t k, uint64_t n, const Series& series);
  void fill(Entry* table, uint64_t count, uint32_t shift, const Series& series);

  uint64_t n_;
  uint32_t shift_;
  Entry* low_;
  Entry* high_;
};

}  // namespace ewald::fft
