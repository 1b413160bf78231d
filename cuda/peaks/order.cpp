// The order of the scan: panels first, then the pixels by which it finds peaks. Counterpart of
// src/peaks/kernels/webgpu/order.ts.
#include "order.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace ewald::cuda::peaks {

void in_order(ewald_peak* begin, std::uint32_t count, const std::uint32_t* places, std::vector<ewald_peak>& into) {
  const auto panel_of = [&](const ewald_peak& peak) { return places[peak.panel] >> kPanelShift; };
  std::sort(begin, begin + count, [&](const ewald_peak& a, const ewald_peak& b) {
    const std::uint32_t p = panel_of(a), q = panel_of(b);
    return p != q ? p < q : a.panel < b.panel;
  });
  into.assign(begin, begin + count);
  for (ewald_peak& peak : into) peak.panel = panel_of(peak);
}

void in_order(Summit* begin, std::uint32_t count, const std::uint32_t* places, double radius,
              std::vector<ewald_peak>& into) {
  const auto panel_of = [&](const Summit& one) { return places[one.peak.panel] >> kPanelShift; };
  std::sort(begin, begin + count, [&](const Summit& a, const Summit& b) {
    const std::uint32_t p = panel_of(a), q = panel_of(b);
    return p != q ? p < q : a.foot < b.foot;
  });
  // Peaks by the square of that side in which they lie: peaks that are too near lie in the same or a neighbouring
  // square.
  const double apart = 2 * radius;
  std::map<std::tuple<std::uint32_t, std::int64_t, std::int64_t>, std::vector<const Summit*>> squares;
  into.clear();
  for (std::uint32_t k = 0; k < count; ++k) {
    const Summit& one = begin[k];
    const std::uint32_t panel = panel_of(one);
    const auto column = std::int64_t(std::floor(one.x / apart)), row = std::int64_t(std::floor(one.y / apart));
    const auto is_near = [&](std::int64_t dx, std::int64_t dy) {
      const auto found = squares.find({panel, column + dx, row + dy});
      if (found == squares.end()) return false;
      return std::any_of(found->second.begin(), found->second.end(), [&](const Summit* other) {
        const double x = other->x - one.x, y = other->y - one.y;
        return x * x + y * y < apart * apart;
      });
    };
    bool near = false;
    for (std::int64_t d = 0; d < 9 && !near; ++d) near = is_near(d % 3 - 1, d / 3 - 1);
    if (near) continue;
    squares[{panel, column, row}].push_back(&one);
    into.push_back(one.peak);
    into.back().panel = panel;
  }
}

}  // namespace ewald::cuda::peaks
