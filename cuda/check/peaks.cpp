// Tests the peak finders on the GPU against the C++ core: each of the four, integers and reals, panels, bad pixels. The
// peaks must be the same, in the same order, with figures equal to a thousandth, because the two add in float32 in
// different orders.
#include "check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace ewald::check {
namespace {

struct Search {
  ewald_peaks_descriptor d{};
  ewald_peaks_params params{};
  std::vector<ewald_peaks_panel> panels;
  std::vector<uint16_t> bins;
  std::vector<uint8_t> bad;
  size_t pixels() const { return size_t(d.width) * d.height; }
};

struct Found {
  std::vector<ewald_peak> peaks;
  uint32_t count = 0;
  std::string wrong;
};

Search searchOf(uint32_t finder, uint32_t dtype, uint32_t width, uint32_t height) {
  Search s;
  // Two panels with a gap between them.
  s.panels = {{0, 0, width / 2, height}, {width / 2 + 3, 1, width, height}};
  s.d.width = width, s.d.height = height, s.d.panels = 2, s.d.dtype = dtype, s.d.finder = finder;
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x) s.bins.push_back(uint16_t(std::hypot(x - 0.45 * width, y - 0.55 * height)));
  s.bad.assign(s.pixels(), 0);
  for (size_t i = 5; i < s.pixels(); i += 211) s.bad[i] = 1;
  ewald_peaks_params& p = s.params;
  const bool dispersion = finder >= EWALD_FINDER_DISPERSION;
  p.threshold = dispersion ? 0 : 40, p.min_snr = 5, p.min_pix_count = 2, p.max_pix_count = 200, p.local_bg_radius = 3;
  p.least_integer = std::numeric_limits<int32_t>::min(), p.greatest_integer = 60000;
  p.least_real = -1e30f, p.greatest_real = 60000;
  p.min_squared_gradient = 2000, p.inner_radius = 4, p.middle_radius = 5, p.outer_radius = 7;
  p.gain = 1, p.kernel_size = 3, p.sigma_background = 6, p.sigma_strong = 3, p.min_count = 2;
  return s;
}

// Spots of different heights on noise that decreases with the radius.
template <class T>
std::vector<T> made(const Search& s, uint32_t spots) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> place(0, 1);
  const uint32_t width = s.d.width, height = s.d.height;
  std::vector<double> sum(s.pixels());
  for (size_t i = 0; i < sum.size(); ++i) {
    const double level = 20 + 40 / (1 + s.bins[i] / 20.0);
    sum[i] = level + std::sqrt(level) * normal(random);
  }
  for (uint32_t k = 0; k < spots; ++k) {
    const double x = place(random) * width, y = place(random) * height, peak = 100 + 1900 * place(random);
    for (int v = int(y) - 4; v <= int(y) + 4; ++v)
      for (int u = int(x) - 4; u <= int(x) + 4; ++u)
        if (v >= 0 && u >= 0 && v < int(height) && u < int(width))
          sum[size_t(v) * width + size_t(u)] += peak * std::exp(-((u - x) * (u - x) + (v - y) * (v - y)) / 2);
  }
  std::vector<T> frame(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) frame[i] = T(std::max(0.0, sum[i]));
  return frame;
}

Found onCore(const Search& s, const void* frame) {
  Found found;
  const ewald_peak* list = nullptr;
  ewald_peaks* peaks = nullptr;
  if (ewald_peaks_create(&s.d, s.panels.data(), s.bins.data(), &peaks) != EWALD_STATUS_OK ||
      ewald_peaks_run(peaks, &s.params, frame, s.bad.data(), &list, &found.count, nullptr, nullptr) !=
          EWALD_STATUS_OK)
    found.wrong = std::string("the core says: ") + ewald_last_error();
  else
    found.peaks.assign(list, list + found.count);
  ewald_peaks_destroy(peaks);
  return found;
}

Found onCard(Report& report, const Search& s, const void* frame) {
  Found found;
  const ewald_peak* list = nullptr;
  ewald_cuda_peaks* peaks = nullptr;
  if (ewald_cuda_peaks_create(report.context, &s.d, s.panels.data(), s.bins.data(), &peaks) != EWALD_STATUS_OK ||
      ewald_cuda_peaks_run(peaks, &s.params, frame, s.bad.data(), &list, &found.count, nullptr, nullptr) !=
          EWALD_STATUS_OK)
    found.wrong = ewald_cuda_last_error();
  else
    found.peaks.assign(list, list + found.count);
  ewald_cuda_peaks_destroy(peaks);
  return found;
}

// The differences, in words; empty if nothing differs.
std::string difference(const Found& found, const Found& expected) {
  if (found.count != expected.count)
    return std::to_string(found.count) + " peaks, expected " + std::to_string(expected.count);
  for (uint32_t i = 0; i < expected.count; ++i) {
    const ewald_peak &mine = found.peaks[i], &theirs = expected.peaks[i];
    const std::string peak = "peak " + std::to_string(i) + ": ";
    if (mine.pixels != theirs.pixels || mine.panel != theirs.panel) return peak + "other pixels or another panel";
    if (!(std::hypot(mine.fs - theirs.fs, mine.ss - theirs.ss) <= 1e-3)) return peak + "its position differs";
    const float *a = &mine.intensity, *b = &theirs.intensity;
    for (int k = 0; k < 3; ++k)
      if (!(std::fabs(a[k] - b[k]) <= 1e-3 * std::fabs(b[k]) + 1e-3)) return peak + "intensity, maximum or snr differ";
    if (!(std::fabs(mine.background - theirs.background) <= 1e-3 * std::fabs(theirs.background) + 1e-3))
      return peak + "the background differs";
  }
  return "";
}

template <class T>
void compare(Report& report, const char* type, uint32_t dtype) {
  static const char* const finders[] = {"peakfinder8", "zaef", "dispersion", "dispersion-extended"};
  for (uint32_t finder = EWALD_FINDER_PEAKFINDER8; finder <= EWALD_FINDER_DISPERSION_EXTENDED; ++finder) {
    const uint32_t spots = report.quick ? 12 : 200;
    const Search s = report.quick ? searchOf(finder, dtype, 131, 107) : searchOf(finder, dtype, 1030, 514);
    const std::vector<T> frame = made<T>(s, spots);
    const std::string name = std::string(finders[finder]) + " of " + type;
    const Found expected = onCore(s, frame.data()), found = onCard(report, s, frame.data()),
                again = onCard(report, s, frame.data());
    if (!expected.wrong.empty() || !found.wrong.empty()) {
      report.add(name, expected.wrong + found.wrong);
      continue;
    }
    report.add(name + ", peaks to compare",
               expected.count < spots / 3 ? "the core finds " + std::to_string(expected.count) : "");
    report.add(name, difference(found, expected));
    const bool same =
        found.count == again.count &&
        !std::memcmp(found.peaks.data(), again.peaks.data(), found.count * sizeof(ewald_peak));
    report.add(name + ", twice the same bytes", same ? "" : "the bytes differ");
  }
}

}  // namespace

void peaks(Report& report) {
  compare<uint16_t>(report, "u16", EWALD_NUMBER_U16);
  compare<int32_t>(report, "i32", EWALD_NUMBER_I32);
  compare<float>(report, "f32", EWALD_NUMBER_F32);
  Search s = searchOf(EWALD_FINDER_PEAKFINDER8, EWALD_NUMBER_U16, 131, 107);
  s.params.max_pix_count = 100'000;
  const std::vector<uint16_t> frame = made<uint16_t>(s, 3);
  report.add("blobs that are larger than a block can hold are refused",
             onCard(report, s, frame.data()).wrong.empty() ? "they were accepted" : "");
}

}  // namespace ewald::check
