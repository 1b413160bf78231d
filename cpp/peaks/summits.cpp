// zaef: summits of steep slopes, in the order of the scan of their feet: panels, rows, columns. See README.md.
#include <cmath>

#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

// Marks of a pixel: a summit that was measured, the centroid of a peak.
constexpr uint8_t measured = 1, occupied = 2;

struct Point {
  int64_t x, y;
};

template <class T>
class Summits {
public:
  Summits(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params)
      : plan_(plan), frame_(frame), params_(params) {}

  void search(uint32_t number) {
    panel_ = plan_.panels[number];
    const Panel p = panel_;
    for (int64_t y = int64_t(p.ss) + 1; y + 1 < p.end_ss; y++)
      for (int64_t x = int64_t(p.fs) + 1; x + 1 < p.end_fs; x++) {
        Point at = {x, y};
        if (is_foot(at) && climb(at)) measure(at, number);
      }
  }

private:
  size_t index(int64_t x, int64_t y) const { return size_t(y) * plan_.descriptor.width + size_t(x); }
  double value(int64_t x, int64_t y) const { return double(frame_.value[index(x, y)]); }
  bool on_panel(int64_t x, int64_t y) const {
    return x >= panel_.fs && x < panel_.end_fs && y >= panel_.ss && y < panel_.end_ss;
  }
  bool good(int64_t x, int64_t y) const {
    const size_t i = index(x, y);
    return plan_.bin[i] != masked && frame_.usable(i, double(frame_.value[i]));
  }

  // Above the threshold, on a steep slope, with four good neighbours.
  bool is_foot(Point at) const {
    const auto [x, y] = at;
    const double v = value(x, y);
    if (!(v > double(params_.threshold)) || !good(x, y)) return false;
    const double right = v - value(x + 1, y), left = v - value(x - 1, y);
    const double down = v - value(x, y + 1), up = v - value(x, y - 1);
    // For each direction, the mean of the squares on both sides.
    const double squared = (right * right + left * left + down * down + up * up) / 2;
    return squared >= double(params_.min_squared_gradient) && good(x + 1, y) && good(x - 1, y) && good(x, y + 1) &&
           good(x, y - 1);
  }

  // Moves repeatedly to the highest surrounding pixel; false if that leads away from the foot.
  bool climb(Point& at) const {
    const Point foot = at;
    const int64_t reach = int64_t(inner_);
    for (;;) {
      Point best = at;
      double top = value(at.x, at.y);
      for (int64_t dy = -reach; dy <= reach; dy++)
        for (int64_t dx = -reach; dx <= reach; dx++) {
          const int64_t x = at.x + dx, y = at.y + dy;
          if (double(dx * dx + dy * dy) > inner_ * inner_ || !on_panel(x, y)) continue;
          if (!(value(x, y) > top) || !good(x, y)) continue;
          top = value(x, y);
          best = {x, y};
        }
      if (best.x == at.x && best.y == at.y) return true;
      at = best;
      const int64_t dx = at.x - foot.x, dy = at.y - foot.y;
      if (double(dx * dx + dy * dy) > inner_ * inner_) return false;
    }
  }

  // A summit that many feet lead to is measured once: later measurements would give the same peak, or the same reason
  // to reject it.
  void measure(Point top, uint32_t number) {
    if (plan_.taken[index(top.x, top.y)] & measured) return;
    mark(index(top.x, top.y), measured);
    const int64_t reach = int64_t(outer_);
    double n = 0, sum = 0, squares = 0;
    for (int64_t dy = -reach; dy <= reach; dy++)
      for (int64_t dx = -reach; dx <= reach; dx++) {
        const double distance = double(dx * dx + dy * dy);
        const int64_t x = top.x + dx, y = top.y + dy;
        if (distance > outer_ * outer_) continue;
        const bool here = on_panel(x, y) && good(x, y);
        // A peak with a bad pixel has no sum.
        if (distance <= inner_ * inner_ && !here) return;
        if (distance <= middle_ * middle_ || !here) continue;
        n += 1;
        sum += value(x, y);
        squares += value(x, y) * value(x, y);
      }
    if (n == 0) return;
    const double mean = sum / n, variance = squares / n - mean * mean;
    const double sigma = variance > 0 ? std::sqrt(variance) : 0;
    const int64_t near = int64_t(inner_);
    double intensity = 0, wx = 0, wy = 0;
    uint32_t pixels = 0;
    for (int64_t dy = -near; dy <= near; dy++)
      for (int64_t dx = -near; dx <= near; dx++) {
        if (double(dx * dx + dy * dy) > inner_ * inner_) continue;
        const double w = value(top.x + dx, top.y + dy) - mean;
        intensity += w;
        wx += w * double(dx);
        wy += w * double(dy);
        pixels++;
      }
    if (!(intensity > 0)) return;
    wx /= intensity;
    wy /= intensity;
    const double x = double(top.x) + wx, y = double(top.y) + wy, snr = intensity / (sigma * std::sqrt(double(pixels)));
    if (!(snr >= double(params_.min_snr)) || wx * wx + wy * wy > inner_ * inner_) return;
    if (!(x >= panel_.fs && x <= panel_.end_fs - 1.0 && y >= panel_.ss && y <= panel_.end_ss - 1.0)) return;
    const Point centre = {int64_t(x + 0.5), int64_t(y + 0.5)};
    if (is_near_another(x, y, centre)) return;
    if (!plan_.centres.add({x, y})) return;
    mark(index(centre.x, centre.y), occupied);
    plan_.stack[index(centre.x, centre.y)] = plan_.centres.count() - 1;
    const double maximum = value(top.x, top.y) - mean;
    plan_.found.add({float(x + 0.5), float(y + 0.5), float(intensity), float(maximum), float(snr), pixels, number,
                     float(mean)});
  }

  // Whether a peak of the panel lies within twice the inner radius.
  bool is_near_another(double x, double y, Point centre) const {
    const int64_t reach = int64_t(2 * inner_) + 2;
    for (int64_t cy = centre.y - reach; cy <= centre.y + reach; cy++)
      for (int64_t cx = centre.x - reach; cx <= centre.x + reach; cx++) {
        if (!on_panel(cx, cy) || !(plan_.taken[index(cx, cy)] & occupied)) continue;
        const Centre& other = plan_.centres[plan_.stack[index(cx, cy)]];
        const double dx = other.x - x, dy = other.y - y;
        if (dx * dx + dy * dy < 4 * inner_ * inner_) return true;
      }
    return false;
  }

  void mark(size_t pixel, uint8_t what) {
    if (plan_.taken[pixel] == 0) plan_.touched[plan_.touched_count++] = uint32_t(pixel);
    plan_.taken[pixel] |= what;
  }

  Plan& plan_;
  const Frame<T>& frame_;
  const ewald_peaks_params& params_;
  const double inner_ = double(params_.inner_radius), middle_ = double(params_.middle_radius),
               outer_ = double(params_.outer_radius);
  Panel panel_{};
};

}  // namespace

template <class T>
void find_summits(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params) {
  Summits<T> summits(plan, frame, params);
  plan.touched_count = 0;
  for (uint32_t p = 0; p < plan.panel_count; p++) summits.search(p);
  for (uint32_t k = 0; k < plan.touched_count; k++) plan.taken[plan.touched[k]] = 0;
}

#define EWALD_INSTANTIATE(T) template void find_summits(Plan&, const Frame<T>&, const ewald_peaks_params&);
EWALD_EACH_PIXEL_TYPE(EWALD_INSTANTIATE)

}  // namespace ewald::peaks
