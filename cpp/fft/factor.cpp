#include "fft/factor.h"

#include <initializer_list>

namespace ewald::fft {

bool is_smooth(size_t n) {
  for (size_t p : {size_t(2), size_t(3), size_t(5), size_t(7), size_t(11), size_t(13)})
    while (n % p == 0) n /= p;
  return n == 1;
}

Factors factorize(size_t n, uint32_t largest, bool after_turn) {
  Factors f = {};
  uint32_t twos = 0;
  while (n % 2 == 0) {
    n /= 2;
    twos++;
  }
  const auto odd = [&] {
    for (uint32_t p : {3u, 5u, 7u, 11u, 13u})
      while (n % p == 0) {
        n /= p;
        f.radix[f.count++] = p;
      }
  };
  // The first pass of columns reads memory, which only the short radices support; the last pass of a row may have radix
  // 8 in wasm too.
  if (after_turn) odd();
  const uint32_t bits = largest >= 8 ? 3 : 2;
  const uint32_t passes = (twos + bits - 1) / bits;
  for (uint32_t k = 0; k < passes && twos > 0; k++) {
    // The shares are as equal as possible, except that radix 4 may end with a single 2.
    uint32_t share = bits == 2 ? (twos < 2 ? twos : 2) : (twos + (passes - k) - 1) / (passes - k);
    if (after_turn && twos == 3) share = 3;
    f.radix[f.count++] = 1u << share;
    twos -= share;
  }
  odd();
  return f;
}

void small_first(Factors& f) {
  uint32_t powers = 0;
  while (powers < f.count && (f.radix[powers] & (f.radix[powers] - 1)) == 0) powers++;
  for (uint32_t a = 0; a + 1 < powers - a; a++) {
    const uint32_t b = powers - 1 - a, radix = f.radix[a];
    f.radix[a] = f.radix[b];
    f.radix[b] = radix;
  }
}

bool read_radices(uint32_t tune, size_t n, uint32_t largest, Factors& factors) {
  factors = {};
  for (int shift = 28; shift >= 0; shift -= 4) {
    uint32_t radix = tune >> shift & 15;
    if (radix == 0 && factors.count == 0) continue;
    if (radix == 15) radix = 16;
    if (radix < 2 || radix == 6 || radix == 9 || radix == 10 || radix == 12 || radix == 14 || n % radix != 0)
      return false;
    if ((radix == 8 && largest < 8) || (radix == 16 && factors.count > 0)) return false;
    n /= radix;
    factors.radix[factors.count++] = radix;
  }
  return n == 1;
}

double cost(size_t n) {
  double sum = 0;
  const double size = double(n);
  // One pass of radix 8 costs 1, so a factor of two costs a third; odd radices cost one pass each, by their products.
  while (n % 2 == 0) {
    n /= 2;
    sum += 0.34;
  }
  while (n % 3 == 0) {
    n /= 3;
    sum += 0.65;
  }
  while (n % 5 == 0) {
    n /= 5;
    sum += 0.9;
  }
  while (n % 7 == 0) {
    n /= 7;
    sum += 1.3;
  }
  while (n % 11 == 0) {
    n /= 11;
    sum += 2.2;
  }
  while (n % 13 == 0) {
    n /= 13;
    sum += 2.7;
  }
  return (sum + 0.5) * size;
}

size_t good_length(size_t shortest, size_t multiple) {
  size_t best = multiple;
  while (best < shortest) best *= 2;
  double best_cost = cost(best);
  for (size_t seven = 1; seven <= 7; seven *= 7)
    for (size_t five = 1; five <= 25; five *= 5)
      for (size_t three = 1; three <= 27; three *= 3) {
        size_t n = multiple * seven * five * three;
        while (n < shortest) n *= 2;
        const double c = cost(n);
        if (c < best_cost) {
          best_cost = c;
          best = n;
        }
      }
  return best;
}

size_t split_divisor(size_t n) {
  size_t middle = 1;
  for (size_t d = 1; d * d <= n; d++)
    if (n % d == 0) middle = d;
  for (size_t d = middle; 3 * d * d >= 2 * n; d--)
    if (n % d == 0 && (d % 16 == 0 || n / d % 16 == 0)) return d;
  return middle;
}

}  // namespace ewald::fft
