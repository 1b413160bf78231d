// Sums of all usable pixels of the bins, none clipped: the radial profile of a frame before its corrections.
#include <algorithm>
#include <cstring>
#include <limits>

#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

// Sums of integers are exact, so that every backend has the same ones in whatever order it adds.
template <class T>
using Total = std::conditional_t<std::is_integral_v<T>, int64_t, double>;

// The valid range in the numbers that are compared.
template <class T>
struct Range {
  double low, high;
  explicit Range(const Valid& valid) : low(valid.low), high(valid.high) {}
  // NaN is outside.
  bool holds(T value) const { return double(value) >= low && double(value) <= high; }
};

// Of integers, one comparison: how far a pixel is above the lowest one, without a sign.
template <class T>
  requires std::is_integral_v<T>
struct Range<T> {
  using Distance = std::make_unsigned_t<T>;
  T low;
  Distance span;
  bool empty;
  explicit Range(const Valid& valid) {
    const double from = std::max(valid.low, double(std::numeric_limits<T>::min()));
    const double to = std::min(valid.high, double(std::numeric_limits<T>::max()));
    empty = to < from;
    low = empty ? 0 : T(from);
    span = empty ? 0 : Distance(int64_t(to) - int64_t(from));
  }
  bool holds(T value) const { return Distance(Distance(value) - Distance(low)) <= span && !empty; }
};

// The pass over a frame. Neighbours are mostly in one bin: with four tables an addition need not wait for the one
// before. Ignored pixels have a table of their own, which takes no branch.
template <class T, bool marked>
void scatter(const Plan& plan, const Frame<T>& frame, Total<T>* table, double* used) {
  const Range<T> range(frame.valid);
  const T* const value = frame.value;
  const uint16_t* const bin = plan.bin;
  const auto add = [&](size_t i, uint32_t lane) {
    if (__builtin_expect(range.holds(value[i]) && (!marked || frame.bad[i] == 0), 1)) {
      table[sum_lanes * size_t(bin[i]) + lane] += Total<T>(value[i]);
    } else if (bin[i] != masked) {
      used[bin[i]]--;
      plan.lose(i);
    }
  };
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  size_t i = 0;
  for (; i + sum_lanes <= pixels; i += sum_lanes)
    for (uint32_t lane = 0; lane < sum_lanes; lane++) add(i + lane, lane);
  for (; i < pixels; i++) add(i, 0);
}

}  // namespace

template <class T>
void sum_bins(Plan& plan, const Frame<T>& frame) {
  const uint32_t bins = plan.bins;
  auto* const table = static_cast<Total<T>*>(plan.tables);
  double *const sums = plan.sums, *const used = sums + bins;
  std::memset(static_cast<void*>(table), 0, sum_lanes * size_t(bins) * sizeof(Total<T>));
  std::memset(static_cast<void*>(table + sum_lanes * size_t(masked)), 0, sum_lanes * sizeof(Total<T>));
  for (uint32_t b = 0; b < bins; b++) used[b] = double(plan.pixels_of[b]);
  sums[2 * size_t(bins)] = 0;
  if (frame.bad == nullptr)
    scatter<T, false>(plan, frame, table, used);
  else
    scatter<T, true>(plan, frame, table, used);
  for (uint32_t b = 0; b < bins; b++) {
    const Total<T>* const four = table + sum_lanes * size_t(b);
    sums[b] = double(four[0] + four[1] + four[2] + four[3]);
  }
}

template <class T>
void sum_judged(Plan& plan, const Frame<T>& frame) {
  const auto* const inside = static_cast<const Moments<T>*>(plan.inside);
  for (uint32_t b = 0; b < plan.bins; b++) {
    Total<T> sum = 0;
    double used = 0;
    if (plan.bars[b].plain) {
      // Its pixels were not summed.
      const uint32_t* const pixel = plan.pixels_in(b);
      for (uint32_t k = 0; k < plan.pixels_of[b]; k++) {
        const T value = frame.value[pixel[k]];
        if (!frame.usable(pixel[k], double(value))) continue;
        sum += Total<T>(value);
        used++;
      }
    } else {
      sum = Total<T>(inside[b].sum);
      used = double(inside[b].n) + double(plan.start[b + 1] - plan.start[b]);
      for (uint32_t k = plan.start[b]; k < plan.start[b + 1]; k++)
        sum += Total<T>(plan.outliers[plan.by_bin[k]].value);
    }
    plan.sums[b] = double(sum);
    plan.sums[plan.bins + b] = used;
  }
}

#define EWALD_INSTANTIATE(T)                         \
  template void sum_bins(Plan&, const Frame<T>&);    \
  template void sum_judged(Plan&, const Frame<T>&);
EWALD_EACH_PIXEL_TYPE(EWALD_INSTANTIATE)

}  // namespace ewald::peaks
