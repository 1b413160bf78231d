// Sums of one frame over runs of pixels: disks and rings are a few runs a row, and nothing is multiplied. Sums of
// integers are exact; floats are added in vectors within a run, in doubles beyond it.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::Spans;

template <class T>
EWALD_INLINE RowSum<T> sum_of(const T* p, uint32_t n) {
  RowSum<T> sum = 0;
  for (uint32_t i = 0; i < n; i++) sum += p[i];
  return sum;
}

EWALD_INLINE double sum_of(const float* p, uint32_t n) {
  F a = zero(), b = zero(), c = zero(), d = zero();
  uint32_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    a += load(p + i);
    b += load(p + i + width);
    c += load(p + i + 2 * width);
    d += load(p + i + 3 * width);
  }
  for (; i + width <= n; i += width) a += load(p + i);
  double sum = ewald::EWALD_ISA::sum((a + b) + (c + d));
  for (; i < n; i++) sum += p[i];
  return sum;
}

template <class T>
void sums(const T* frame, Spans spans, double* out) {
  using Total = std::conditional_t<std::is_floating_point_v<T>, double,
                                   std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
  Total total = 0;
  for (uint32_t s = 0; s < spans.count; s++)
    total += sum_of(frame + spans.pairs[2 * s], spans.pairs[2 * s + 1] - spans.pairs[2 * s]);
  out[0] = double(total);
}

template <class T>
void squares(const T* frame, Spans spans, double* out) {
  if constexpr (std::is_integral_v<T> && sizeof(T) <= 2) {
    int64_t total = 0;
    uint64_t square = 0;
    for (uint32_t s = 0; s < spans.count; s++) {
      const uint32_t first = spans.pairs[2 * s], end = spans.pairs[2 * s + 1];
      total += int64_t(sum_of(frame + first, end - first));
      for (uint32_t i = first; i < end; i++) {
        // Unsigned: 65535 squared is beyond int32.
        const uint32_t v = uint32_t(RowSum<T>(frame[i]));
        square += v * v;
      }
    }
    out[0] = double(total);
    out[1] = double(square);
  } else {
    double total = 0, square = 0;
    for (uint32_t s = 0; s < spans.count; s++)
      for (uint32_t i = spans.pairs[2 * s]; i < spans.pairs[2 * s + 1]; i++) {
        const double v = double(frame[i]);
        total += v;
        square += v * v;
      }
    out[0] = total;
    out[1] = square;
  }
}

// Sums by row and by column: Σ y v and Σ x v follow from them without a product a pixel. `column` has a number a pixel
// of a row and is zero before and after.
template <class T, class C>
void com(const T* frame, uint32_t width_, Spans spans, C* __restrict column, double* out) {
  double total = 0, sy = 0, sx = 0;
  uint32_t low = width_, high = 0;
  // Columns of 16-bit numbers are emptied before 2^16 rows of them overflow.
  constexpr uint32_t rows_most = sizeof(T) <= 2 ? 1u << 15 : ~0u;
  uint32_t rows = 0;
  const auto empty = [&] {
    double here = 0;
    for (uint32_t x = low; x < high; x++) {
      here += double(x) * double(column[x]);
      column[x] = 0;
    }
    sx += here;
  };
  for (uint32_t s = 0; s < spans.count; s++) {
    const uint32_t first = spans.pairs[2 * s], n = spans.pairs[2 * s + 1] - first;
    const uint32_t y = first / width_, x = first % width_;
    const T* __restrict p = frame + first;
    C* __restrict c = column + x;
    double row;
    if constexpr (std::is_floating_point_v<T>) {
      F a = zero();
      uint32_t i = 0;
      for (; i + width <= n; i += width) {
        const F v = load(p + i);
        a += v;
        store(c + i, load(c + i) + v);
      }
      row = sum(a);
      for (; i < n; i++) {
        row += p[i];
        c[i] += p[i];
      }
    } else {
      RowSum<T> r = 0;
      for (uint32_t i = 0; i < n; i++) {
        const C v = C(p[i]);
        r += v;
        c[i] += v;
      }
      row = double(r);
    }
    total += row;
    sy += double(y) * row;
    if (x < low) low = x;
    if (x + n > high) high = x + n;
    if (++rows == rows_most) {
      empty();
      rows = 0;
    }
  }
  empty();
  out[0] = total;
  out[1] = sy;
  out[2] = sx;
}

}  // namespace

void udf_sums(uint32_t dtype, const void* frame, Spans spans, double* out) {
  with_type(dtype, frame, [&](const auto* p) { sums(p, spans, out); });
}

void udf_squares(uint32_t dtype, const void* frame, Spans spans, double* out) {
  with_type(dtype, frame, [&](const auto* p) { squares(p, spans, out); });
}

void udf_com(uint32_t dtype, const void* frame, uint32_t width_, Spans spans, void* column, double* out) {
  with_type(dtype, frame, [&](const auto* p) {
    using T = std::remove_cv_t<std::remove_pointer_t<decltype(p)>>;
    if constexpr (std::is_floating_point_v<T>)
      com(p, width_, spans, static_cast<float*>(column), out);
    else
      com(p, width_, spans, static_cast<RowSum<T>*>(column), out);
  });
}

void udf_sparse(uint32_t dtype, const void* frame, const uint32_t* starts, const uint32_t* places, const float* weights,
                uint32_t masks, double* out) {
  with_type(dtype, frame, [&](const auto* p) {
    for (uint32_t k = 0; k < masks; k++) {
      double sum = 0;
      for (uint32_t e = starts[k]; e < starts[k + 1]; e++) sum += double(weights[e]) * double(p[places[e]]);
      out[k] = sum;
    }
  });
}

}  // namespace ewald::EWALD_ISA
