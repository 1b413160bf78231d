// Blobs of pixels above their limits, in the order of the scan: panels, rows, columns.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

template <class T>
class Blobs {
public:
  Blobs(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params)
      : plan_(plan), frame_(frame), params_(params) {}

  bool above(size_t i) const {
    const uint16_t bin = plan_.bin[i];
    if (bin == masked) return false;
    const double v = double(frame_.value[i]);
    return v > double(plan_.limits[bin].upper) && frame_.usable(i, v);
  }

  // Pixels on the border of their panel start no blob.
  bool on_border(uint32_t pixel, uint32_t panel) const {
    const Panel& p = plan_.panels[panel];
    const uint32_t fs = pixel % width_, ss = pixel / width_;
    return fs == p.fs || fs + 1 == p.end_fs || ss == p.ss || ss + 1 == p.end_ss;
  }

  // From a pixel above its limit that is not on a border.
  void try_start(uint32_t pixel, uint32_t panel) {
    if (plan_.taken[pixel] == 0) start(pixel, panel);
  }

private:
  // Floods the eight neighbours, then measures the blob.
  void start(uint32_t seed, uint32_t panel) {
    const Panel& p = plan_.panels[panel];
    uint32_t* const stack = plan_.stack;
    uint32_t size = 0;
    double wx = 0, wy = 0, weight = 0;
    take(seed, stack, size);
    for (uint32_t k = 0; k < size; k++) {
      const uint32_t x = stack[k] % width_, y = stack[k] / width_;
      const double w = std::fabs(double(frame_.value[stack[k]]) - double(plan_.limits[plan_.bin[stack[k]]].mean));
      wx += w * x;
      wy += w * y;
      weight += w;
      for (uint32_t yy = y > p.ss ? y - 1 : y; yy <= y + 1 && yy < p.end_ss; yy++)
        for (uint32_t xx = x > p.fs ? x - 1 : x; xx <= x + 1 && xx < p.end_fs; xx++) {
          const uint32_t j = yy * width_ + xx;
          if (plan_.taken[j] == 0 && above(j)) take(j, stack, size);
        }
    }
    if (size < params_.min_pix_count || size > params_.max_pix_count || weight == 0) return;
    measure(stack, size, int64_t(std::nearbyint(wx / weight)), int64_t(std::nearbyint(wy / weight)), panel);
  }

  void take(uint32_t pixel, uint32_t* stack, uint32_t& size) {
    plan_.taken[pixel] = 1;
    stack[size++] = pixel;
    plan_.touched[plan_.touched_count++] = pixel;
  }

  void measure(const uint32_t* blob, uint32_t size, int64_t cx, int64_t cy, uint32_t panel) {
    const Panel& p = plan_.panels[panel];
    const int64_t r = 2 * int64_t(params_.local_bg_radius);
    double n = 0, sum = 0, squares = 0, top = 0;
    for (int64_t dy = -r; dy < r; dy++)
      for (int64_t dx = -r; dx < r; dx++) {
        const int64_t x = cx + dx, y = cy + dy;
        if (dx * dx + dy * dy > r * r || x < p.fs || x >= p.end_fs || y < p.ss || y >= p.end_ss) continue;
        const size_t j = size_t(y) * width_ + size_t(x);
        if (plan_.bin[j] == masked || plan_.taken[j] != 0) continue;
        const double v = double(frame_.value[j]);
        if (!frame_.usable(j, v) || !(v < double(plan_.limits[plan_.bin[j]].upper))) continue;
        n += 1;
        sum += v;
        squares += v * v;
        if (n == 1 || v > top) top = v;
      }
    double mean, sigma;
    if (n > 0) {
      mean = sum / n;
      const double variance = squares / n - mean * mean;
      sigma = variance > 0 ? std::sqrt(variance) : 0;
    } else {
      mean = top = double(plan_.limits[plan_.bin[blob[0]]].mean);
      sigma = 0.01;
    }
    double intensity = 0, maximum = 0, x = 0, y = 0, raw = 0;
    for (uint32_t k = 0; k < size; k++) {
      const double v = double(frame_.value[blob[k]]);
      intensity += v - mean;
      if (v - mean > maximum) maximum = v - mean;
      x += v * (blob[k] % width_);
      y += v * (blob[k] / width_);
      raw += v;
    }
    if (raw == 0) return;
    x /= raw;
    y /= raw;
    const double snr = intensity / sigma;
    if (!(snr >= double(params_.min_snr)) || maximum < top - mean) return;
    if (!(x >= p.fs && x < p.end_fs && y >= p.ss && y < p.end_ss)) return;
    plan_.found.add({float(x + 0.5), float(y + 0.5), float(intensity), float(maximum), float(snr), size, panel,
                     float(mean)});
  }

  Plan& plan_;
  const Frame<T>& frame_;
  const ewald_peaks_params& params_;
  const uint32_t width_ = plan_.descriptor.width;
};

// Pixels above their limits that may start a blob, into `by_bin`, which is no longer used: outliers, and pixels of bins
// that were judged without bars. False if there are too many.
template <class T>
bool list_hits(Plan& plan, const Blobs<T>& blobs, uint32_t& count) {
  count = 0;
  const auto add = [&](uint32_t pixel) {
    if (blobs.on_border(pixel, panel_of(plan, pixel))) return true;
    if (count == plan.outlier_room) return false;
    plan.by_bin[count++] = pixel;
    return true;
  };
  for (uint32_t k = 0; k < plan.outlier_count; k++) {
    const Outlier& o = plan.outliers[k];
    if (o.value > double(plan.limits[o.bin].upper) && !plan.bars[o.bin].plain && !add(o.pixel)) return false;
  }
  for (uint32_t b = 0; b < plan.bins; b++) {
    if (!plan.bars[b].plain) continue;
    const uint32_t* const pixel = plan.pixels_in(b);
    for (uint32_t k = 0; k < plan.pixels_of[b]; k++)
      if (blobs.above(pixel[k]) && !add(pixel[k])) return false;
  }
  return true;
}

// Sorts into the order of the scan: by lines, and by columns within a line, which holds only a few.
void sort_hits(Plan& plan, uint32_t count) {
  const uint32_t width = plan.descriptor.width;
  const auto line_of = [&](uint32_t pixel) {
    const uint32_t panel = panel_of(plan, pixel);
    return plan.first_line[panel] + pixel / width - plan.panels[panel].ss;
  };
  std::memset(plan.line_start, 0, (size_t(plan.lines) + 1) * sizeof(uint32_t));
  for (uint32_t k = 0; k < count; k++) plan.line_start[line_of(plan.by_bin[k]) + 1]++;
  for (uint32_t l = 0; l < plan.lines; l++) plan.line_start[l + 1] += plan.line_start[l];
  // After the loop a line's start is its end.
  for (uint32_t k = 0; k < count; k++) plan.hits[plan.line_start[line_of(plan.by_bin[k])]++] = plan.by_bin[k];
  for (uint32_t l = 0, begin = 0; l < plan.lines; begin = plan.line_start[l++])
    std::sort(plan.hits + begin, plan.hits + plan.line_start[l]);
}

}  // namespace

uint32_t panel_of(const Plan& plan, uint32_t pixel) {
  if (plan.panel_count == 1) return 0;
  const uint32_t fs = pixel % plan.descriptor.width, ss = pixel / plan.descriptor.width;
  const Stretch *const begin = plan.stretches + plan.first_stretch[ss], *const end =
                                                                            plan.stretches + plan.first_stretch[ss + 1];
  // The last one that begins at or before the pixel.
  return std::upper_bound(begin, end, fs, [](uint32_t at, const Stretch& s) { return at < s.fs; })[-1].panel;
}

template <class T>
void find_blobs(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, bool listed) {
  Blobs<T> blobs(plan, frame, params);
  plan.touched_count = 0;
  uint32_t count = 0;
  if (listed && list_hits(plan, blobs, count)) {
    sort_hits(plan, count);
    for (uint32_t k = 0; k < count; k++) blobs.try_start(plan.hits[k], panel_of(plan, plan.hits[k]));
  } else {
    for (uint32_t p = 0; p < plan.panel_count; p++) {
      const Panel& panel = plan.panels[p];
      for (uint32_t ss = panel.ss + 1; ss + 1 < panel.end_ss; ss++)
        for (uint32_t fs = panel.fs + 1; fs + 1 < panel.end_fs; fs++) {
          const uint32_t pixel = ss * plan.descriptor.width + fs;
          if (blobs.above(pixel)) blobs.try_start(pixel, p);
        }
    }
  }
  for (uint32_t k = 0; k < plan.touched_count; k++) plan.taken[plan.touched[k]] = 0;
}

#define EWALD_INSTANTIATE(T) template void find_blobs(Plan&, const Frame<T>&, const ewald_peaks_params&, bool);
EWALD_EACH_PIXEL_TYPE(EWALD_INSTANTIATE)

}  // namespace ewald::peaks
