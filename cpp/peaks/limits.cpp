// Radial statistics clipped five times: in five passes over the frame, or in one. README.md explains why one pass is
// enough.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/cpu.h"
#include "peaks/bins.h"
#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

// Clip limits before the first pass.
constexpr float widest = 1e9f;
constexpr Bars no_bars = {0, -1, true};
// Marks a pixel that the tile's sum has counted.
constexpr uint32_t in_a_sum = 1u << 31;

typedef float Four __attribute__((vector_size(16)));

template <class M>
Limits limits_of(const M& m, const ewald_peaks_params& params) {
  if (m.n == 0) return {0, 0, -FLT_MAX, FLT_MAX};
  const double mean = double(m.sum) / double(m.n), variance = double(m.squares) / double(m.n) - mean * mean;
  const double sigma = variance > 0 ? std::sqrt(variance) : 0;
  const float upper = float(mean + double(params.min_snr) * sigma);
  return {float(mean), float(sigma), float(mean - double(params.min_snr) * sigma),
          upper > params.threshold ? upper : params.threshold};
}

bool between(double v, const Limits& limits) { return v > double(limits.lower) && v < double(limits.upper); }

template <class T>
Moments<T>* inside_of(const Plan& plan) {
  return static_cast<Moments<T>*>(plan.inside);
}

// Samples of every bin, relative to the very first one, so that float32 is enough; ignored pixels are NaN.
template <class T>
double take_samples(const Plan& plan, const Frame<T>& frame) {
  double origin = std::nan("");
  for (uint32_t b = 0; b < plan.bins; b++) {
    float* const sample = plan.sample + size_t(b) * samples;
    const uint32_t* const pixel = plan.sampled + size_t(b) * samples;
    const bool large = !plan.is_small(b);
    for (uint32_t k = 0; k < samples; k++) {
      const double v = large ? double(frame.value[pixel[k]]) : 0;
      const bool usable = large && frame.usable(pixel[k], v);
      if (usable && std::isnan(origin)) origin = v;
      sample[k] = usable ? float(v - origin) : std::nanf("");
    }
  }
  return origin;
}

// Bars of a bin from samples of it and of its neighbours, clipped thrice: a range around their mean that will be inside
// the clip limits. Bars that are too wide are detected later, bars that are too narrow only cost time.
template <class T>
Bars bars_of(const Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, double origin, uint32_t bin) {
  if (plan.is_small(bin)) return no_bars;
  const uint32_t begin = bin < pooled ? 0 : bin - pooled, end = std::min(bin + pooled + 1, plan.bins);
  float mean_off = 0, sigma_off = FLT_MAX;
  for (int clip = 0; clip < 3; clip++) {
    Four count{}, sum{}, squares{};
    const Four low = mean_off - 3 * sigma_off - Four{}, high = mean_off + 3 * sigma_off - Four{};
    for (uint32_t k = begin * samples; k < end * samples; k += 4) {
      Four off;
      std::memcpy(&off, plan.sample + k, sizeof off);
      const auto inside = (off >= low) & (off <= high);
      off = inside ? off : Four{};
      count -= __builtin_convertvector(inside, Four);
      sum += off;
      squares += off * off;
    }
    const float total = count[0] + count[1] + count[2] + count[3];
    if (total < samples / 2) return no_bars;
    mean_off = (sum[0] + sum[1] + sum[2] + sum[3]) / total;
    const float variance = (squares[0] + squares[1] + squares[2] + squares[3]) / total - mean_off * mean_off;
    sigma_off = variance > 0 ? std::sqrt(variance) : 0;
  }
  const double mean = origin + double(mean_off), sigma = double(sigma_off);
  const double reach = (double(params.min_snr) > 2 ? double(params.min_snr) - 1.5 : 0.5 * double(params.min_snr)) *
                       (sigma > 0.5 || !std::is_integral_v<T> ? sigma : 0.5);
  double low = mean - reach, high = mean + reach;
  // Nothing below the threshold is ever clipped from above.
  if (high < double(params.threshold)) high = std::nextafter(double(params.threshold), -DBL_MAX);
  // Bad values are outliers, which are checked individually.
  low = std::max(low, frame.valid.low);
  high = std::min(high, frame.valid.high);
  if (std::is_integral_v<T>) {
    low = std::max(std::ceil(low), double(std::numeric_limits<T>::min()));
    high = std::min(std::floor(high), double(std::numeric_limits<T>::max()));
  }
  return low <= high ? Bars{low, high, false} : no_bars;
}

// Adds a pixel that may lie outside the bars of its bin to the sums or to the list. False if the list is full.
template <class T>
bool judge(Plan& plan, const Frame<T>& frame, uint32_t pixel) {
  const uint16_t bin = plan.bin[pixel];
  const double v = double(frame.value[pixel]);
  if (!frame.usable(pixel, v)) {
    if (plan.sums != nullptr) plan.lose(pixel);
    return true;
  }
  const Bars& bars = plan.bars[bin];
  if (v >= bars.low && v <= bars.high) {
    inside_of<T>(plan)[bin].add(Number<T>(frame.value[pixel]));
  } else if (!bars.plain) {
    if (plan.outlier_count == plan.outlier_room) return false;
    plan.outliers[plan.outlier_count++] = {pixel, bin, v};
  }
  return true;
}

// The pass over a frame of reals: pixel by pixel, since their sums are not exact in 32 bits.
template <class T>
bool pass_singly(Plan& plan, const Frame<T>& frame) {
  const uint32_t width = plan.descriptor.width;
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    const Panel& panel = plan.panels[p];
    for (uint32_t ss = panel.ss; ss < panel.end_ss; ss++)
      for (uint32_t i = ss * width + panel.fs, end = ss * width + panel.end_fs; i < end; i++)
        if (plan.bin[i] != masked && !judge(plan, frame, i)) return false;
  }
  return true;
}

auto sweep_of_this_machine() {
  switch (best_isa()) {
#if defined(__wasm_simd128__)
    default:
      return &simd128::sweep_tiles;
#elif defined(__x86_64__)
    case Isa::avx512:
      return &avx512::sweep_tiles;
    case Isa::avx2:
      return &avx2::sweep_tiles;
    default:
      return &sse2::sweep_tiles;
#else
    default:
      return &neon::sweep_tiles;
#endif
  }
}

// The narrowest bars of the bins that each tile meets, as numbers of 16 bits from the offset.
void bars_of_tiles(const Plan& plan, double offset, double most) {
  const uint32_t padded = plan.bins + padding;
  uint16_t *const low = plan.tiles.edges, *const high = low + 4 * size_t(padded);
  for (uint32_t b = 0; b < padded; b++) {
    const Bars* const bars = b < plan.bins && plan.pixels_of[b] > 0 ? plan.bars + b : nullptr;
    low[b] = bars == nullptr ? 0 : bars->plain ? 65535 : uint16_t(bars->low - offset);
    high[b] = bars == nullptr ? 65535 : bars->plain ? 0 : uint16_t(std::min(bars->high - offset, most) + 1);
  }
  // For runs of 1, 2, 4 and 8 neighbours; a tile's bins are covered by two such runs.
  for (uint32_t level = 1; level < 4; level++) {
    const uint32_t half = 1u << (level - 1);
    const uint16_t *const l = low + (level - 1) * size_t(padded), *const h = high + (level - 1) * size_t(padded);
    uint16_t *const longer_l = low + level * size_t(padded), *const longer_h = high + level * size_t(padded);
    for (uint32_t b = 0; b + half < padded; b++) {
      longer_l[b] = std::max(l[b], l[b + half]);
      longer_h[b] = std::min(h[b], h[b + half]);
    }
  }
  const Tiles& tiles = plan.tiles;
  for (uint32_t t = 0; t < tiles.count; t++) {
    const Tile& tile = tiles.tile[t];
    if (tile.way == Way::singly) continue;
    const uint32_t level = tile.bin_count >= 8 ? 3 : tile.bin_count >= 4 ? 2 : tile.bin_count >= 2 ? 1 : 0;
    const size_t a = level * size_t(padded) + tile.first_bin, z = a + tile.bin_count - (1u << level);
    const uint16_t lowest = std::max(low[a], low[z]), end = std::min(high[a], high[z]);
    tiles.lowest[t] = lowest;
    tiles.span[t] = end > lowest ? uint16_t(end - lowest) : 0;
  }
}

// The pass over a frame of integers, in tiles.
template <class T>
bool pass_in_tiles(Plan& plan, const Frame<T>& frame) {
  const Tiles& tiles = plan.tiles;
  double lowest = DBL_MAX;
  for (uint32_t b = 0; b < plan.bins; b++)
    if (!plan.bars[b].plain) lowest = std::min(lowest, plan.bars[b].low);
  const int64_t offset = lowest == DBL_MAX ? 0 : int64_t(lowest);
  // Products of pairs fit into 31 bits, sums of a tile's squares into 32, and so do the sums of a bin.
  const double most =
      std::floor(std::min({32766.0, std::sqrt(2147483647.0 / tiles.most_in_tile), 4294967295.0 / tiles.most_in_bin}));
  for (uint32_t b = 0; b < plan.bins; b++)
    if (!plan.bars[b].plain && plan.bars[b].low - double(offset) > most) plan.bars[b] = no_bars;
  bars_of_tiles(plan, double(offset), most);
  std::memset(tiles.sums, 0, (plan.bins + padding) * sizeof(uint32_t));
  std::memset(tiles.squares, 0, (plan.bins + padding) * sizeof(uint64_t));
  std::memcpy(tiles.summed, tiles.in_tiles, plan.bins * sizeof(uint32_t));
  const Sweep sweep = {frame.value, frame.bad, plan.descriptor.width, uint32_t(offset)};
  static const auto sweep_tiles = sweep_of_this_machine();
  for (uint32_t begin = 0; begin < tiles.count; begin += tiles_at_once) {
    const uint32_t end = std::min(begin + tiles_at_once, tiles.count);
    sweep_tiles(tiles, sweep, plan.descriptor.dtype, begin, end);
    // Pixels are listed first, so that their bins are already being loaded when the pixels are judged.
    uint32_t count = 0;
    for (uint32_t t = begin; t < end; t++) {
      const Tile& tile = tiles.tile[t];
      const uint32_t summed = tile.way == Way::singly ? 0 : in_a_sum;
      for (uint64_t others = tiles.others[t]; others != 0; others &= others - 1) {
        const uint32_t k = uint32_t(__builtin_ctzll(others));
        const uint32_t pixel = tile.pixel + k / tile_side * sweep.width + k % tile_side;
        __builtin_prefetch(plan.bin + pixel);
        tiles.judged[count++] = pixel | summed;
      }
    }
    for (uint32_t k = 0; k < count; k++) {
      const uint32_t pixel = tiles.judged[k] & ~in_a_sum;
      if (tiles.judged[k] & in_a_sum) tiles.summed[plan.bin[pixel]]--;
      if (!judge(plan, frame, pixel)) return false;
    }
  }
  // From v - offset to v.
  for (uint32_t b = 0; b < plan.bins; b++) {
    const __int128 n = tiles.summed[b], sum = tiles.sums[b], squares = __int128(tiles.squares[b]);
    Moments<T>& m = inside_of<T>(plan)[b];
    m.n += int64_t(n);
    m.sum += int64_t(sum + offset * n);
    m.squares += static_cast<decltype(m.squares)>(squares + 2 * offset * sum + __int128(offset) * offset * n);
  }
  return true;
}

// Sorts the outliers by bin, which avoids a search.
void sort_by_bin(Plan& plan) {
  std::memset(plan.start, 0, (size_t(plan.bins) + 1) * sizeof(uint32_t));
  for (uint32_t k = 0; k < plan.outlier_count; k++) plan.start[plan.outliers[k].bin + 1]++;
  for (uint32_t b = 0; b < plan.bins; b++) plan.start[b + 1] += plan.start[b];
  for (uint32_t k = plan.outlier_count; k-- > 0;) {
    plan.by_bin[--plan.start[plan.outliers[k].bin + 1]] = k;
  }
  // The loop above moved each bin's end to its beginning.
  for (uint32_t b = 0; b < plan.bins; b++) plan.start[b] = plan.start[b + 1];
  plan.start[plan.bins] = plan.outlier_count;
}

// Limits of a bin from all of its pixels, five times.
template <class T>
Limits plain_limits(const Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, uint32_t bin) {
  const uint32_t* const pixels = plan.pixels_in(bin);
  Limits limits = {0, 0, -widest, widest};
  for (int pass = 0; pass < passes; pass++) {
    Moments<T> m = {0, 0, 0};
    for (uint32_t k = 0; k < plan.pixels_of[bin]; k++) {
      const uint32_t pixel = pixels[k];
      const double v = double(frame.value[pixel]);
      if (frame.usable(pixel, v) && between(v, limits)) m.add(Number<T>(frame.value[pixel]));
    }
    limits = limits_of(m, params);
  }
  return limits;
}

// The same from the sums between the bars and the outliers; returns whether the bars were inside the limits of every
// pass.
template <class T>
bool quick_limits(const Plan& plan, const ewald_peaks_params& params, uint32_t bin, Limits& limits) {
  const Bars& bars = plan.bars[bin];
  limits = {0, 0, -widest, widest};
  for (int pass = 0; pass < passes; pass++) {
    if (!(double(limits.lower) < bars.low && bars.high < double(limits.upper))) return false;
    Moments<T> m = inside_of<T>(plan)[bin];
    for (uint32_t k = plan.start[bin]; k < plan.start[bin + 1]; k++) {
      const double v = plan.outliers[plan.by_bin[k]].value;
      if (between(v, limits)) m.add(Number<T>(v));
    }
    limits = limits_of(m, params);
  }
  return double(limits.lower) < bars.low && bars.high < double(limits.upper);
}

// Limits of all bins in five passes over the frame, as the algorithm is specified.
template <class T>
void pass_five_times(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params) {
  Moments<T>* const total = inside_of<T>(plan);
  for (uint32_t b = 0; b < plan.bins; b++) plan.limits[b] = {0, 0, -widest, widest};
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  for (int pass = 0; pass < passes; pass++) {
    std::memset(static_cast<void*>(total), 0, plan.bins * sizeof(Moments<T>));
    for (size_t i = 0; i < pixels; i++) {
      if (plan.bin[i] == masked) continue;
      const double v = double(frame.value[i]);
      if (frame.usable(i, v) && between(v, plan.limits[plan.bin[i]])) total[plan.bin[i]].add(Number<T>(frame.value[i]));
    }
    for (uint32_t b = 0; b < plan.bins; b++) plan.limits[b] = limits_of(total[b], params);
  }
}

}  // namespace

template <class T>
bool find_limits(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params) {
  const auto plainly = [&](bool summed) {
    if (plan.sums != nullptr && !summed) sum_bins(plan, frame);
    pass_five_times(plan, frame, params);
    return false;
  };
  if (params.plain) return plainly(false);
  plan.outlier_count = 0;
  if (plan.sums != nullptr) plan.sums[2 * size_t(plan.bins)] = 0;
  std::memset(plan.inside, 0, plan.bins * sizeof(Moments<T>));
  const double origin = take_samples(plan, frame);
  for (uint32_t b = 0; b < plan.bins; b++) plan.bars[b] = bars_of(plan, frame, params, origin, b);
  bool room;
  if constexpr (std::is_integral_v<T>)
    room = pass_in_tiles(plan, frame);
  else
    room = pass_singly(plan, frame);
  // More outliers than there is room for, for example in a frame of pure noise with a tiny snr.
  if (!room) return plainly(false);
  sort_by_bin(plan);
  // Without memory for lists of pixels, five passes give the same result.
  if (plan.sums != nullptr) {
    if (!list_plain_bins(plan)) return plainly(false);
    sum_judged(plan, frame);
  }
  uint64_t again = 0;
  for (uint32_t b = 0; b < plan.bins; b++) {
    if (!plan.bars[b].plain && quick_limits<T>(plan, params, b, plan.limits[b])) continue;
    plan.bars[b].plain = true;
    again += plan.pixels_of[b];
  }
  // For many bins, five passes in the order of the frame are faster than in the order of bins.
  if (again > plan.used / 2 || !list_plain_bins(plan)) return plainly(true);
  for (uint32_t b = 0; b < plan.bins; b++)
    if (plan.bars[b].plain) plan.limits[b] = plain_limits(plan, frame, params, b);
  return true;
}

#define EWALD_INSTANTIATE(T) template bool find_limits(Plan&, const Frame<T>&, const ewald_peaks_params&);
EWALD_EACH_PIXEL_TYPE(EWALD_INSTANTIATE)

}  // namespace ewald::peaks
