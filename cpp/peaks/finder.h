// peakfinder8 on one frame: what a plan holds, and the steps of a run. README.md says what is computed.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::peaks {

// A pixel of this bin takes no part.
constexpr uint16_t masked = 0xffff;
// Bins with fewer pixels are not sampled: all their pixels are judged one by one.
constexpr uint32_t small_bin = 64;
// Pixels of a bin that are sampled for its bars.
constexpr uint32_t samples = 48;

// A rectangle of the frame, half open.
struct Panel {
  uint32_t fs, ss, end_fs, end_ss;
};

// Clip limits of a bin after a pass. Pixels between lower and upper, both exclusive, take part in the next.
struct Limits {
  float mean, sigma, lower, upper;
};

// Sums over pixels of a bin; exact for integers of up to 16 bits, and for wider ones between bars.
struct Moments {
  double n, sum, squares;
};

// Pixels within [low, high] are inside the clip limits of every pass, or `plain` says that they are judged one by one.
struct Bars {
  double low, high;
  bool plain;
};

// A pixel outside of its bin's bars.
struct Outlier {
  uint32_t pixel;
  double value;
};

struct Plan {
  ewald_peaks_descriptor descriptor;
  uint32_t bins, panel_count;
  Panel* panels;
  // [height][width]; bin of every pixel.
  uint16_t* bin;
  // Pixels in the order of their bins: those of bin b are order[first[b]] .. order[first[b + 1] - 1].
  uint32_t *first, *order;

  // Of a run.
  Bars* bars;
  Moments* inside;
  Limits* limits;
  // Outliers in the order of panels, rows, columns; and the same by bin: by_bin[start[b]] ..
  Outlier* outliers;
  uint32_t *by_bin, *start;
  uint32_t outlier_count, outlier_room;
  // Pixels of blobs: taken by one, and the stack of the flood.
  uint8_t* taken;
  uint32_t *stack, *touched;
  uint32_t touched_count;
};

// Values that a pixel may have; others mark it as bad in this frame. Of the two pairs the frame's type takes its own.
struct Valid {
  double low, high;
};

// The whole search; `bad` is NULL or nonzero at bad pixels. Gives the count of peaks written to `found`.
uint32_t find_peaks(Plan& plan, const ewald_peaks_params& params, const void* frame, const uint8_t* bad,
                    ewald_peak* found);

}  // namespace ewald::peaks
