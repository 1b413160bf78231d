// dispersion: pixels that vary more than counting statistics, and the spots that they form. See README.md.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

// Marks of a pixel: its window varies too much; it lies within a spot, not next to one; it belongs to a spot; a blob
// contains it.
constexpr uint8_t varied = 1, within = 2, strong = 4, counted = 8;

template <class T>
class Dispersion {
public:
  Dispersion(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params)
      : plan_(plan), frame_(frame), params_(params) {}

  void mark_strong(uint32_t number) {
    panel_ = plan_.panels[number];
    const int64_t k = params_.kernel_size;
    const double least = std::max(2u, params_.min_count);
    const bool twice = plan_.descriptor.finder == EWALD_FINDER_DISPERSION_EXTENDED;
    const auto as_is = [&](size_t i, double& v) {
      v = double(frame_.value[i]);
      return good(i, v);
    };
    each_window(k, as_is, [&](size_t i, double v, double n, double sum, double squares) {
      if (n < least || !(sum > 0) || !varies(n, sum, squares)) return;
      plan_.taken[i] |= varied;
      if (!twice && stands_out(v, n, sum)) plan_.taken[i] |= strong;
    });
    if (!twice) return;
    // A window that touches a spot varies, so the varying area is a spot and a margin of one kernel around it; it is
    // shrunk by that margin.
    const auto is_varied = [&](size_t i, double& v) {
      v = plan_.taken[i] & varied;
      return good(i, double(frame_.value[i]));
    };
    each_window(k, is_varied, [&](size_t i, double, double n, double sum, double) {
      if (sum == n) plan_.taken[i] |= within;
    });
    const auto is_background = [&](size_t i, double& v) {
      v = double(frame_.value[i]);
      return !(plan_.taken[i] & within) && good(i, v);
    };
    each_window(k + 2, is_background, [&](size_t i, double, double n, double sum, double) {
      if (!(plan_.taken[i] & varied) || n < params_.min_count || !(sum >= 0)) return;
      if (stands_out(double(frame_.value[i]), n, sum)) plan_.taken[i] |= strong;
    });
  }

  void collect(uint32_t number) {
    panel_ = plan_.panels[number];
    for (uint32_t ss = panel_.ss; ss < panel_.end_ss; ss++)
      for (uint32_t fs = panel_.fs; fs < panel_.end_fs; fs++) {
        const uint32_t i = ss * width_ + fs;
        if ((plan_.taken[i] & (strong | counted)) == strong) measure(i, number);
      }
  }

private:
  bool good(size_t i, double v) const { return plan_.bin[i] != masked && frame_.usable(i, v); }

  // Compares variance over mean with the expectation for counts of this gain; both sides are multiplied by n (n - 1)
  // and the mean.
  bool varies(double n, double sum, double squares) const {
    const double gain = double(params_.gain) * sum;
    return n * squares - sum * sum - gain * (n - 1) > gain * double(params_.sigma_background) * std::sqrt(2 * (n - 1));
  }
  // Above the threshold, and above the mean by sigmas of counts of this gain.
  bool stands_out(double v, double n, double sum) const {
    return v > double(params_.threshold) &&
           n * v - sum > double(params_.sigma_strong) * std::sqrt(double(params_.gain) * sum * n);
  }

  // Number, sum and sum of squares of the pixels that `take` accepts in the window around every good pixel of the
  // panel. Columns first, then rows: each window is summed by itself, so that a hot pixel leaves no error in its
  // neighbours' sums.
  template <class Take, class Use>
  void each_window(int64_t reach, const Take& take, const Use& use) {
    const int64_t columns = int64_t(panel_.end_fs) - panel_.fs;
    double *const n = plan_.columns, *const sum = n + columns, *const squares = sum + columns;
    for (int64_t ss = panel_.ss; ss < panel_.end_ss; ss++) {
      std::fill(n, squares + columns, 0.0);
      const int64_t first = std::max(int64_t(panel_.ss), ss - reach),
                    end = std::min(int64_t(panel_.end_ss), ss + reach + 1);
      for (int64_t y = first; y < end; y++)
        for (int64_t c = 0; c < columns; c++) {
          double v = 0;
          if (!take(size_t(y) * width_ + panel_.fs + size_t(c), v)) continue;
          n[c] += 1;
          sum[c] += v;
          squares[c] += v * v;
        }
      for (int64_t c = 0; c < columns; c++) {
        const size_t i = size_t(ss) * width_ + panel_.fs + size_t(c);
        const double v = double(frame_.value[i]);
        if (!good(i, v)) continue;
        double all[3] = {};
        for (int64_t x = std::max(int64_t(0), c - reach); x < std::min(columns, c + reach + 1); x++) {
          all[0] += n[x];
          all[1] += sum[x];
          all[2] += squares[x];
        }
        use(i, v, all[0], all[1], all[2]);
      }
    }
  }

  // Floods the four neighbours, then measures against the surrounding pixels that are good and not strong.
  void measure(uint32_t seed, uint32_t number) {
    uint32_t* const blob = plan_.stack;
    uint32_t size = 0;
    const auto add = [&](uint32_t i) {
      if ((plan_.taken[i] & (strong | counted)) != strong) return;
      plan_.taken[i] |= counted;
      blob[size++] = i;
    };
    add(seed);
    int64_t left = panel_.end_fs, right = 0, top = panel_.end_ss, bottom = 0;
    for (uint32_t j = 0; j < size; j++) {
      const uint32_t i = blob[j], x = i % width_, y = i / width_;
      left = std::min(left, int64_t(x));
      right = std::max(right, int64_t(x));
      top = std::min(top, int64_t(y));
      bottom = std::max(bottom, int64_t(y));
      if (x > panel_.fs) add(i - 1);
      if (x + 1 < panel_.end_fs) add(i + 1);
      if (y > panel_.ss) add(i - width_);
      if (y + 1 < panel_.end_ss) add(i + width_);
    }
    if (size < params_.min_pix_count || size > params_.max_pix_count) return;
    const int64_t k = params_.kernel_size;
    double n = 0, sum = 0, squares = 0;
    for (int64_t y = std::max(int64_t(panel_.ss), top - k); y <= std::min(int64_t(panel_.end_ss) - 1, bottom + k); y++)
      for (int64_t x = std::max(int64_t(panel_.fs), left - k); x <= std::min(int64_t(panel_.end_fs) - 1, right + k);
           x++) {
        const size_t i = size_t(y) * width_ + size_t(x);
        const double v = double(frame_.value[i]);
        if ((plan_.taken[i] & strong) || !good(i, v)) continue;
        n += 1;
        sum += v;
        squares += v * v;
      }
    if (n == 0) return;
    const double mean = sum / n, variance = squares / n - mean * mean;
    const double sigma = variance > 0 ? std::sqrt(variance) : 0;
    // Measured from the corner of the blob, so that the centroid of a single-row blob is on that row to the last bit.
    double intensity = 0, maximum = 0, x = 0, y = 0;
    for (uint32_t j = 0; j < size; j++) {
      const double w = double(frame_.value[blob[j]]) - mean;
      intensity += w;
      x += w * double(int64_t(blob[j] % width_) - left);
      y += w * double(int64_t(blob[j] / width_) - top);
      maximum = std::max(maximum, w);
    }
    if (!(intensity > 0)) return;
    x /= intensity;
    y /= intensity;
    if (!(x >= 0 && x <= double(right - left) && y >= 0 && y <= double(bottom - top))) return;
    const double snr = intensity / (sigma * std::sqrt(double(size)));
    plan_.found.add({float(double(left) + x + 0.5),
                     float(double(top) + y + 0.5),
                     float(intensity),
                     float(maximum),
                     float(snr),
                     size,
                     number,
                     float(mean)});
  }

  Plan& plan_;
  const Frame<T>& frame_;
  const ewald_peaks_params& params_;
  const uint32_t width_ = plan_.descriptor.width;
  Panel panel_{};
};

}  // namespace

template <class T>
void find_dispersed(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params) {
  Dispersion<T> search(plan, frame, params);
  std::memset(plan.taken, 0, size_t(plan.descriptor.width) * plan.descriptor.height);
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    search.mark_strong(p);
    search.collect(p);
  }
}

#define EWALD_INSTANTIATE(T) template void find_dispersed(Plan&, const Frame<T>&, const ewald_peaks_params&);
EWALD_EACH_PIXEL_TYPE(EWALD_INSTANTIATE)

}  // namespace ewald::peaks
