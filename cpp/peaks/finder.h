// Peak finders on one frame: the contents of a plan, and the steps of a run. README.md explains what is computed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ewald.h"
#include "peaks/grown.h"
#include "peaks/tiles.h"

namespace ewald::peaks {

// A pixel of this bin is ignored.
constexpr uint16_t masked = 0xffff;
// Bins with fewer pixels are not sampled: all their pixels are judged one by one.
constexpr uint32_t small_bin = 64;
// Number of pixels of a bin that are sampled for its bars, and of neighbours on each side whose samples are used as
// well.
constexpr uint32_t samples = 16, pooled = 2;
// Clips of the radial statistics.
constexpr int passes = 5;

// Pixels that are bad in one frame only and listed with its sums: maxLost of src/compute/layout/peaks.ts.
constexpr uint32_t most_lost = 1024;
// Tables in which the pixels of a bin are summed in turn.
constexpr uint32_t sum_lanes = 4;

// A rectangle of the frame, half open.
struct Panel {
  uint32_t fs, ss, end_fs, end_ss;
};

// Clip limits of a bin after a pass. Pixels between lower and upper, both exclusive, are used in the next pass.
struct Limits {
  float mean, sigma, lower, upper;
};

// Sums over pixels of a bin: exact for integers, so that their order does not matter.
template <class Squares>
struct WholeMoments {
  int64_t n, sum;
  Squares squares;
  void add(int64_t v) {
    n++;
    sum += v;
    const uint64_t size = uint64_t(v < 0 ? -v : v);
    squares += static_cast<Squares>(size) * size;
  }
};
// 2^28 pixels of 16 bits.
using NarrowMoments = WholeMoments<uint64_t>;
using WideMoments = WholeMoments<unsigned __int128>;
struct RealMoments {
  double n, sum, squares;
  void add(double v) {
    n++;
    sum += v;
    squares += v * v;
  }
};
template <class T>
using Moments = std::conditional_t<std::is_floating_point_v<T>, RealMoments,
                                   std::conditional_t<sizeof(T) <= 2, NarrowMoments, WideMoments>>;
// As wide as sums of the type require.
template <class T>
using Number = std::conditional_t<std::is_integral_v<T>, int64_t, double>;

// Pixels within [low, high] are inside the clip limits of every pass, or `plain` states that they are judged one by
// one.
struct Bars {
  double low, high;
  bool plain;
};

// A pixel outside of its bin's bars.
struct Outlier {
  uint32_t pixel, bin;
  double value;
};

// Where a panel starts in a row of the frame.
struct Stretch {
  uint32_t fs, panel;
};

// A centroid of zaef.
struct Centre {
  double x, y;
};

struct Plan {
  ewald_peaks_descriptor descriptor;
  uint32_t bins, panel_count, lines;
  Panel* panels;
  // Rows of panels in the order of the scan: those of panel p start at first_line[p].
  uint32_t* first_line;
  // Which panels a row of the frame meets, by fs: stretches[first_stretch[ss]] ..
  uint32_t* first_stretch;
  Stretch* stretches;
  // [height][width]; bin of every pixel.
  uint16_t* bin;
  // [bins]: number of pixels.
  uint32_t* pixels_of;
  // Pixels of all bins, of small ones, and of the others.
  uint32_t used, few_count, order_count;
  // Pixels in the order of their bins: of small bins, and of large ones; few frames need the latter, and the first one
  // that needs those of a bin lists them.
  uint32_t *few, *order;
  // [bins]: whether the pixels of a large bin are listed.
  uint8_t* listed;
  // [bins]: where those of a bin begin.
  uint32_t* first;
  // [bins][samples]: pixels spread over a bin, for large bins.
  uint32_t* sampled;
  Tiles tiles;

  // For a run. [bins][samples]: values of those pixels.
  float* sample;
  Bars* bars;
  Limits* limits;
  // Moments between the bars, or of one pass, in the frame's type.
  void* inside;
  Outlier* outliers;
  // Outliers by bin: by_bin[start[b]] ..; later the pixels that may start a blob.
  uint32_t *by_bin, *start;
  uint32_t outlier_count, outlier_room;
  // Those pixels in the order of the scan, and their number in each line.
  uint32_t *hits, *line_start;
  // For blobs: the pixels that belong to one, and the stack of the flood. For summits: the marks of a pixel, and its
  // peak.
  uint8_t* taken;
  uint32_t *stack, *touched;
  uint32_t touched_count;
  // The peaks, and for zaef their centroids before they are rounded.
  Grown<ewald_peak> found;
  Grown<Centre> centres;
  // [3][width]: sums over the columns of a window, for dispersion.
  double* columns;
  // Where a run writes the sums of the bins, as ewald_peaks_run has them; NULL if nobody asks.
  double* sums;
  // [65536][sum_lanes]: sums in 64 bits, in the frame's kind of number; the last one is of ignored pixels.
  void* tables;

  bool is_small(uint32_t b) const { return pixels_of[b] < small_bin; }
  // The pixels of a bin; those of large bins must have been listed.
  const uint32_t* pixels_in(uint32_t b) const { return (is_small(b) ? few : order) + first[b]; }
  // Notes a pixel that is bad in this frame.
  void lose(size_t pixel) const {
    double* const lost = sums + 2 * size_t(bins);
    if (lost[0] < most_lost) lost[1 + size_t(lost[0])] = double(pixel);
    lost[0]++;
  }
};

// Valid values of a pixel; others mark it as bad in this frame.
struct Valid {
  double low, high;
};

// A frame of one type, with the pixels that are bad only in this frame.
template <class T>
struct Frame {
  const T* value;
  const uint8_t* bad;
  Valid valid;
  // Usable pixels: a number, in the valid range, not marked.
  bool usable(size_t i, double v) const { return v >= valid.low && v <= valid.high && (bad == nullptr || bad[i] == 0); }
};

// Calls a macro with each type of pixel, for the instantiations of the searches below.
#define EWALD_EACH_PIXEL_TYPE(X) X(uint8_t) X(int8_t) X(uint16_t) X(int16_t) X(uint32_t) X(int32_t) X(float)

// Limits of every bin after five clips (limits.cpp). Returns whether bars were used: then every pixel above its limit
// is an outlier, or lies in a bin whose bars are plain.
template <class T>
bool find_limits(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params);

// Sums of all usable pixels of the bins (sums.cpp), in a pass of its own.
template <class T>
void sum_bins(Plan& plan, const Frame<T>& frame);

// The same from the sums between the bars and the outliers, which are sorted by bin.
template <class T>
void sum_judged(Plan& plan, const Frame<T>& frame);

// Searches add their peaks to plan.found.

// Blobs of pixels above their limits (blobs.cpp).
template <class T>
void find_blobs(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params, bool listed);

// zaef: summits of steep slopes (summits.cpp).
template <class T>
void find_summits(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params);

// dispersion: spots of pixels that vary more than counting statistics (dispersion.cpp).
template <class T>
void find_dispersed(Plan& plan, const Frame<T>& frame, const ewald_peaks_params& params);

// The whole search, or the sums alone; `bad` is NULL or nonzero at bad pixels. False when out of memory.
bool find_peaks(Plan& plan, const ewald_peaks_params& params, const void* frame, const uint8_t* bad);

// The panel that a pixel lies on; it must exist.
uint32_t panel_of(const Plan& plan, uint32_t pixel);

}  // namespace ewald::peaks
