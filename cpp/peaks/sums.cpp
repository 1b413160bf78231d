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

// The valid range in the numbers that are compared; those of integers need no conversion of a pixel.
template <class T>
struct Range {
  Total<T> low, high;
  explicit Range(const Valid& valid) {
    if constexpr (std::is_integral_v<T>) {
      low = int64_t(std::max(valid.low, double(std::numeric_limits<T>::min())));
      high = int64_t(std::min(valid.high, double(std::numeric_limits<T>::max())));
    } else {
      low = valid.low;
      high = valid.high;
    }
  }
  // NaN is outside.
  bool holds(T value) const { return Total<T>(value) >= low && Total<T>(value) <= high; }
};

}  // namespace

// Neighbours are mostly in one bin: with four tables an addition need not wait for the one before.
template <class T>
void sum_bins(Plan& plan, const Frame<T>& frame) {
  constexpr uint32_t lanes = 4;
  const uint32_t bins = plan.bins;
  auto* const table = static_cast<Total<T>*>(plan.tables);
  double *const sums = plan.sums, *const used = sums + bins;
  std::memset(static_cast<void*>(table), 0, lanes * (size_t(bins) + 1) * sizeof(Total<T>));
  for (uint32_t b = 0; b < bins; b++) used[b] = double(plan.pixels_of[b]);
  sums[2 * size_t(bins)] = 0;
  const Range<T> range(frame.valid);
  const uint16_t* const bin = plan.bin;
  const auto add = [&](size_t i, uint32_t lane) {
    const T value = frame.value[i];
    if (range.holds(value) && (frame.bad == nullptr || frame.bad[i] == 0)) {
      // Ignored pixels have a table of their own, which takes no branch.
      table[lanes * size_t(std::min<uint32_t>(bin[i], bins)) + lane] += Total<T>(value);
    } else if (bin[i] != masked) {
      used[bin[i]]--;
      plan.lose(i);
    }
  };
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  size_t i = 0;
  for (; i + lanes <= pixels; i += lanes)
    for (uint32_t lane = 0; lane < lanes; lane++) add(i + lane, lane);
  for (; i < pixels; i++) add(i, 0);
  for (uint32_t b = 0; b < bins; b++) {
    const Total<T>* const four = table + lanes * size_t(b);
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
      for (uint32_t k = plan.first[b]; k < plan.first[b + 1]; k++) {
        const T value = frame.value[plan.order[k]];
        if (!frame.usable(plan.order[k], double(value))) continue;
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
