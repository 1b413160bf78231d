// Sums of one frame over runs of pixels: disks and rings are a few runs per row, and nothing is multiplied. Sums of
// integers are exact; floats are added in doubles.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::Spans;

// Vectors of sums that stay in registers from run to run, in numbers that can hold `most` additions.
template <class T>
class Sum {
  using S = std::conditional_t<std::is_same_v<T, float>, double, Twice<T>>;
  static constexpr int lanes = lanes_of<S>;
  // An 8-bit number can be added 2^8 times to a 16-bit one, and a 16-bit number 2^16 times to a 32-bit one.
  static constexpr uint32_t most = sizeof(T) == 1 ? 128 : sizeof(T) == 2 ? 1u << 15 : ~0u;
  Lanes<S> a{}, b{};
  Total<T> total = 0;
  uint32_t additions = 0;

  [[gnu::always_inline]] void empty() {
    total += across<S>(a) + across<S>(b);
    a = b = Lanes<S>{};
    additions = 0;
  }

public:
  [[gnu::always_inline]] void add(const T* p, uint32_t n) {
    uint32_t i = 0;
    while (i + 2 * lanes <= n) {
      uint32_t pairs = (n - i) / (2 * lanes);
      if (pairs > most - additions) pairs = most - additions;
      additions += pairs;
      for (const uint32_t end = i + pairs * 2 * lanes; i < end; i += 2 * lanes) {
        if constexpr (std::is_same_v<S, double>) {
          Lanes<S> low, high;
          widen_two<S, lanes>(p + i, low, high);
          a += low;
          b += high;
        } else {
          a += widen<S>(p + i);
          b += widen<S>(p + i + lanes);
        }
      }
      if (additions == most) empty();
    }
    for (; i < n; i++) total += p[i];
  }
  [[gnu::always_inline]] double value() {
    empty();
    return double(total);
  }
};

// The gaps between the runs of a disk end what a processor recognises as a stream, so runs are prefetched explicitly:
// this many ahead, and of a long run only the first bytes, after which the processor has recognised it.
constexpr uint32_t runs_ahead = 12;
constexpr uint32_t fetched_bytes = 1024;

template <class T>
EWALD_INLINE void fetch(const T* p, const uint32_t* run) {
#ifndef __wasm__
  const char* byte = reinterpret_cast<const char*>(p + run[0]);
  const uint32_t bytes = (run[1] - run[0]) * uint32_t(sizeof(T));
  for (uint32_t i = 0; i < (bytes < fetched_bytes ? bytes : fetched_bytes); i += 64) __builtin_prefetch(byte + i);
#endif
}

template <class T>
void sums(const void* frame, Spans spans, double* out) {
  const T* p = static_cast<const T*>(frame);
  Sum<T> sum;
  for (uint32_t s = 0; s < spans.count; s++) {
    if (s + runs_ahead < spans.count) fetch(p, spans.pairs + 2 * (s + runs_ahead));
    sum.add(p + spans.pairs[2 * s], spans.pairs[2 * s + 1] - spans.pairs[2 * s]);
  }
  out[0] = sum.value();
}

template <class T>
void squares(const void* frame, Spans spans, double* out) {
  const T* p = static_cast<const T*>(frame);
  if constexpr (sizeof(T) <= 2) {
    // Neighbours are squared and added in one instruction: signed 16 bits, so unsigned ones about 2^15.
    constexpr int32_t middle = std::is_same_v<T, uint16_t> ? 32768 : 0;
    constexpr int step = 2 * width;
    int64_t sum = 0;
    uint64_t square = 0;
    uint64_t pixels = 0;
    for (uint32_t s = 0; s < spans.count; s++) {
      const uint32_t first = spans.pairs[2 * s], end = spans.pairs[2 * s + 1];
      pixels += end - first;
      uint32_t i = first;
      if (i + step <= end) {
        // A run has 2^16 pixels at most: sums fit into the words, and squares are summed in two halves.
        U here{}, low{}, high{};
        for (; i + step <= end; i += step) {
          U v;
          if constexpr (sizeof(T) == 1)
            v = (U)widened<int16_t, step>(p + i);
          else
            memcpy(&v, p + i, sizeof v);
          if constexpr (middle != 0) v ^= splat(uint32_t(0x80008000));
          const U both = dot16(v, v);
          here += dot16(v, splat(uint32_t(0x00010001)));
          low += both;
          high += both >> 16;
        }
        low -= high << 16;
        for (int k = 0; k < width; k++) {
          sum += int32_t(here[k]);
          square += (uint64_t(high[k]) << 16) + low[k];
        }
      }
      for (; i < end; i++) {
        const int32_t v = int32_t(p[i]) - middle;
        sum += v;
        square += uint32_t(v * v);
      }
    }
    const int64_t n = int64_t(pixels);
    out[0] = double(sum + middle * n);
    out[1] = double(int64_t(square) + 2 * middle * sum + int64_t(middle) * middle * n);
  } else {
    double total = 0, square = 0;
    for (uint32_t s = 0; s < spans.count; s++)
      for (uint32_t i = spans.pairs[2 * s]; i < spans.pairs[2 * s + 1]; i++) {
        const double v = double(p[i]);
        total += v;
        square += v * v;
      }
    out[0] = total;
    out[1] = square;
  }
}

template <class T, class W>
void sparse(const void* frame, const uint32_t* starts, const uint32_t* places, const W* weights, uint32_t masks,
            double* out) {
  const T* p = static_cast<const T*>(frame);
  for (uint32_t k = 0; k < masks; k++) {
    double sum = 0;
    for (uint32_t e = starts[k]; e < starts[k + 1]; e++) sum += double(weights[e]) * double(p[places[e]]);
    out[k] = sum;
  }
}

}  // namespace

void udf_spans(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) {
    using T = decltype(number);
    kernels.sums = sums<T>;
    kernels.squares = squares<T>;
    kernels.sparse = sparse<T, float>;
    kernels.sparse_double = sparse<T, double>;
  });
}

}  // namespace ewald::EWALD_ISA
