// peakfinder8: radial statistics clipped five times, then blobs of pixels above their bin's limit. README.md tells the
// algorithm and why one pass over the frame is enough for the five.
#include "peaks/finder.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace ewald::peaks {
namespace {

constexpr int passes = 5;
// Clip limits before the first pass.
constexpr float widest = 1e9f;

// A frame of one type, with the pixels that are bad in this frame alone.
template <class T>
struct Frame {
  const T* value;
  const uint8_t* bad;
  Valid valid;
  // What takes part: a number, in the valid range, not marked.
  bool usable(size_t i, double v) const { return v >= valid.low && v <= valid.high && (bad == nullptr || bad[i] == 0); }
};

Limits limits_of(const Moments& m, const ewald_peaks_params& params) {
  if (m.n == 0) return {0, 0, -FLT_MAX, FLT_MAX};
  const double mean = m.sum / m.n, variance = m.squares / m.n - mean * mean;
  const double sigma = variance > 0 ? std::sqrt(variance) : 0;
  const float upper = float(mean + double(params.min_snr) * sigma);
  return {float(mean), float(sigma), float(mean - double(params.min_snr) * sigma),
          upper > params.threshold ? upper : params.threshold};
}

bool between(double v, const Limits& limits) { return v > double(limits.lower) && v < double(limits.upper); }

// Bars of a bin from pixels spread over it: a stretch around their median that the clip limits will hold. Too wide ones
// are noticed later, too narrow ones only cost time.
template <class T>
Bars bars_of(const Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, uint32_t bin) {
  const uint32_t begin = plan.first[bin], count = plan.first[bin + 1] - begin;
  if (count < small_bin) return {0, -1, true};
  double sample[samples];
  uint32_t n = 0;
  for (uint32_t k = 0; k < samples; k++) {
    const uint32_t pixel = plan.order[begin + uint32_t(uint64_t(count) * k / samples)];
    const double v = double(frame.value[pixel]);
    if (!frame.usable(pixel, v)) continue;
    uint32_t at = n++;
    for (; at > 0 && sample[at - 1] > v; at--) sample[at] = sample[at - 1];
    sample[at] = v;
  }
  if (n < samples / 2) return {0, -1, true};
  // Between the 16th and the 84th percentile lie two sigma of a normal distribution, whatever the tails.
  const double median = sample[n / 2], sigma = 0.5 * (sample[n * 21 / 25] - sample[n * 4 / 25]);
  const double reach = (double(params.min_snr) > 2 ? double(params.min_snr) - 1.5 : 0.5 * double(params.min_snr)) *
                       (sigma > 0.5 || !std::is_integral_v<T> ? sigma : 0.5);
  double low = median - reach, high = median + reach;
  // Nothing below the threshold is ever clipped from above.
  if (high < double(params.threshold)) high = std::nextafter(double(params.threshold), -DBL_MAX);
  if (std::is_integral_v<T>) {
    low = std::ceil(low);
    high = std::floor(high);
    // Sums of squares stay exact below 2^63: with 2^22 pixels up to 2^20.
    if (low < -1048576 || high > 1048576) return {0, -1, true};
  }
  return {low, high, false};
}

// One pass over the frame: pixels between their bars into the sums, the others into the list. False when it is full.
template <class T>
bool split(Plan& plan, const Frame<T>& frame) {
  using Sum = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
  for (uint32_t b = 0; b < plan.bins; b++) plan.inside[b] = {0, 0, 0};
  const uint32_t width = plan.descriptor.width;
  plan.outlier_count = 0;
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    const Panel& panel = plan.panels[p];
    for (uint32_t ss = panel.ss; ss < panel.end_ss; ss++) {
      const size_t row = size_t(ss) * width;
      for (uint32_t fs = panel.fs; fs < panel.end_fs; fs++) {
        const size_t i = row + fs;
        const uint16_t bin = plan.bin[i];
        if (bin == masked) continue;
        const double v = double(frame.value[i]);
        if (!frame.usable(i, v)) continue;
        const Bars& bars = plan.bars[bin];
        if (v >= bars.low && v <= bars.high) {
          Moments& m = plan.inside[bin];
          m.n += 1;
          m.sum += v;
          m.squares += double(Sum(frame.value[i]) * Sum(frame.value[i]));
        } else if (!bars.plain) {
          if (plan.outlier_count == plan.outlier_room) return false;
          plan.outliers[plan.outlier_count++] = {uint32_t(i), v};
        }
      }
    }
  }
  return true;
}

// Outliers by bin, in place of a search.
void sort_by_bin(Plan& plan) {
  std::memset(plan.start, 0, (size_t(plan.bins) + 1) * sizeof(uint32_t));
  for (uint32_t k = 0; k < plan.outlier_count; k++) plan.start[plan.bin[plan.outliers[k].pixel] + 1]++;
  for (uint32_t b = 0; b < plan.bins; b++) plan.start[b + 1] += plan.start[b];
  for (uint32_t k = plan.outlier_count; k-- > 0;) {
    const uint16_t bin = plan.bin[plan.outliers[k].pixel];
    plan.by_bin[--plan.start[bin + 1]] = k;
  }
  // The loop above moved each bin's end to its begin.
  for (uint32_t b = 0; b < plan.bins; b++) plan.start[b] = plan.start[b + 1];
  plan.start[plan.bins] = plan.outlier_count;
}

// Limits of a bin from all of its pixels, five times.
template <class T>
Limits plain_limits(const Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, uint32_t bin) {
  Limits limits = {0, 0, -widest, widest};
  for (int pass = 0; pass < passes; pass++) {
    Moments m = {0, 0, 0};
    for (uint32_t k = plan.first[bin]; k < plan.first[bin + 1]; k++) {
      const uint32_t pixel = plan.order[k];
      const double v = double(frame.value[pixel]);
      if (!frame.usable(pixel, v) || !between(v, limits)) continue;
      m.n += 1;
      m.sum += v;
      m.squares += v * v;
    }
    limits = limits_of(m, params);
  }
  return limits;
}

// The same from the sums between the bars and the outliers; says whether the bars were inside the limits of every pass.
bool quick_limits(const Plan& plan, const ewald_peaks_params& params, uint32_t bin, Limits& limits) {
  const Bars& bars = plan.bars[bin];
  limits = {0, 0, -widest, widest};
  for (int pass = 0; pass < passes; pass++) {
    if (!(double(limits.lower) < bars.low && bars.high < double(limits.upper))) return false;
    Moments m = plan.inside[bin];
    for (uint32_t k = plan.start[bin]; k < plan.start[bin + 1]; k++) {
      const double v = plan.outliers[plan.by_bin[k]].value;
      if (!between(v, limits)) continue;
      m.n += 1;
      m.sum += v;
      m.squares += v * v;
    }
    limits = limits_of(m, params);
  }
  return double(limits.lower) < bars.low && bars.high < double(limits.upper);
}

template <class T>
class Blobs {
public:
  Blobs(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, ewald_peak* found)
      : plan_(plan), frame_(frame), params_(params), found_(found) {}

  uint32_t count() const { return count_; }

  bool above(size_t i) const {
    const uint16_t bin = plan_.bin[i];
    if (bin == masked) return false;
    const double v = double(frame_.value[i]);
    return v > double(plan_.limits[bin].upper) && frame_.usable(i, v);
  }

  // A pixel that may start a blob: above its limit, in no blob yet, and not on the border of its panel.
  void try_start(uint32_t pixel, uint32_t panel) {
    const Panel& p = plan_.panels[panel];
    const uint32_t fs = pixel % width_, ss = pixel / width_;
    if (fs == p.fs || fs + 1 == p.end_fs || ss == p.ss || ss + 1 == p.end_ss) return;
    if (plan_.taken[pixel] == 0 && count_ < plan_.descriptor.max_peaks) start(pixel, panel);
  }

private:
  // Floods the eight neighbours, then measures what it found.
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
    if (size < params_.min_pixels || size > params_.max_pixels || weight == 0) return;
    measure(stack, size, int64_t(std::nearbyint(wx / weight)), int64_t(std::nearbyint(wy / weight)), panel);
  }

  void take(uint32_t pixel, uint32_t* stack, uint32_t& size) {
    plan_.taken[pixel] = 1;
    stack[size++] = pixel;
    plan_.touched[plan_.touched_count++] = pixel;
  }

  void measure(const uint32_t* blob, uint32_t size, int64_t cx, int64_t cy, uint32_t panel) {
    const Panel& p = plan_.panels[panel];
    const int64_t r = 2 * int64_t(params_.local_radius);
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
    found_[count_++] = {float(x + 0.5), float(y + 0.5), float(intensity), float(maximum), float(snr),
                        size,           panel,          float(mean)};
  }

  Plan& plan_;
  const Frame<T>& frame_;
  const ewald_peaks_params& params_;
  ewald_peak* const found_;
  const uint32_t width_ = plan_.descriptor.width;
  uint32_t count_ = 0;
};

bool holds(const Plan& plan, const Panel& p, uint32_t pixel) {
  const uint32_t fs = pixel % plan.descriptor.width, ss = pixel / plan.descriptor.width;
  return fs >= p.fs && fs < p.end_fs && ss >= p.ss && ss < p.end_ss;
}

uint32_t panel_of(const Plan& plan, uint32_t pixel) {
  uint32_t panel = 0;
  while (!holds(plan, plan.panels[panel], pixel)) panel++;
  return panel;
}

// Pixels above the limit of bins that were judged plainly, in the order of the scan, into `by_bin`, which nobody needs
// any more; false where they are too many.
template <class T>
bool list_plain(Plan& plan, const Blobs<T>& blobs, uint32_t& count) {
  count = 0;
  for (uint32_t b = 0; b < plan.bins; b++) {
    if (!plan.bars[b].plain) continue;
    for (uint32_t k = plan.first[b]; k < plan.first[b + 1]; k++) {
      if (!blobs.above(plan.order[k])) continue;
      if (count == plan.outlier_room) return false;
      plan.by_bin[count++] = plan.order[k];
    }
  }
  std::sort(plan.by_bin, plan.by_bin + count, [&](uint32_t a, uint32_t b) {
    if (plan.panel_count == 1) return a < b;
    const uint32_t of_a = panel_of(plan, a), of_b = panel_of(plan, b);
    return of_a != of_b ? of_a < of_b : a < b;
  });
  return true;
}

template <class T>
uint32_t find(Plan& plan, const ewald_peaks_params& params, const Frame<T>& frame, ewald_peak* found) {
  for (uint32_t b = 0; b < plan.bins; b++) plan.bars[b] = bars_of(plan, frame, params, b);
  if (!split(plan, frame)) {
    // More outliers than there is room for, as in a frame of mere noise with a tiny snr: every pixel one by one.
    for (uint32_t b = 0; b < plan.bins; b++) plan.bars[b] = {0, -1, true};
    plan.outlier_count = 0;
  }
  sort_by_bin(plan);
  for (uint32_t b = 0; b < plan.bins; b++) {
    if (!plan.bars[b].plain && quick_limits(plan, params, b, plan.limits[b])) continue;
    plan.limits[b] = plain_limits(plan, frame, params, b);
    plan.bars[b].plain = true;
  }
  Blobs<T> blobs(plan, frame, params, found);
  plan.touched_count = 0;
  uint32_t further = 0;
  if (!list_plain(plan, blobs, further)) {
    // Too many to be listed: the whole frame is scanned.
    for (uint32_t p = 0; p < plan.panel_count; p++) {
      const Panel& panel = plan.panels[p];
      for (uint32_t ss = panel.ss; ss < panel.end_ss; ss++)
        for (uint32_t fs = panel.fs; fs < panel.end_fs; fs++) {
          const uint32_t pixel = ss * plan.descriptor.width + fs;
          if (blobs.above(pixel)) blobs.try_start(pixel, p);
        }
    }
  } else {
    // Every other pixel above its limit is above its bars, so it is among the outliers, in the order of the scan.
    uint32_t panel = 0, at = 0;
    const auto before = [&](uint32_t pixel, uint32_t its_panel) {
      for (; at < further; at++) {
        const uint32_t other = plan.by_bin[at], its = panel_of(plan, other);
        if (its > its_panel || (its == its_panel && other > pixel)) return;
        blobs.try_start(other, its);
      }
    };
    for (uint32_t k = 0; k < plan.outlier_count; k++) {
      const uint32_t pixel = plan.outliers[k].pixel;
      if (!blobs.above(pixel) || plan.bars[plan.bin[pixel]].plain) continue;
      while (!holds(plan, plan.panels[panel], pixel)) panel++;
      before(pixel, panel);
      blobs.try_start(pixel, panel);
    }
    before(UINT32_MAX, plan.panel_count);
  }
  for (uint32_t k = 0; k < plan.touched_count; k++) plan.taken[plan.touched[k]] = 0;
  return blobs.count();
}

template <class T>
uint32_t find_typed(Plan& plan, const ewald_peaks_params& params, const void* data, const uint8_t* bad,
                    ewald_peak* found) {
  Valid valid;
  if constexpr (std::is_same_v<T, float>)
    valid = {double(params.least_real), double(params.greatest_real)};
  else
    valid = {double(params.least_integer), double(params.greatest_integer)};
  return find<T>(plan, params, Frame<T>{static_cast<const T*>(data), bad, valid}, found);
}

}  // namespace

uint32_t find_peaks(Plan& plan, const ewald_peaks_params& params, const void* frame, const uint8_t* bad,
                    ewald_peak* found) {
  switch (plan.descriptor.dtype) {
    case EWALD_NUMBER_U8:
      return find_typed<uint8_t>(plan, params, frame, bad, found);
    case EWALD_NUMBER_I8:
      return find_typed<int8_t>(plan, params, frame, bad, found);
    case EWALD_NUMBER_U16:
      return find_typed<uint16_t>(plan, params, frame, bad, found);
    case EWALD_NUMBER_I16:
      return find_typed<int16_t>(plan, params, frame, bad, found);
    case EWALD_NUMBER_U32:
      return find_typed<uint32_t>(plan, params, frame, bad, found);
    case EWALD_NUMBER_I32:
      return find_typed<int32_t>(plan, params, frame, bad, found);
    default:
      return find_typed<float>(plan, params, frame, bad, found);
  }
}

}  // namespace ewald::peaks
