// Sorts peaks from the GPU into the order of the scan; does not depend on CUDA.
#pragma once
#include <cstdint>
#include <vector>

#include "ewald.h"

namespace ewald::cuda::peaks {

// The panel of a position is stored above this bit.
constexpr std::uint32_t kPanelShift = 17;

// A peak of zaef before it is compared with others: its first foot, and its unrounded centroid. The panel of the peak
// is still the pixel of the summit.
struct Summit {
  ewald_peak peak;
  std::uint32_t foot, pad;
  double x, y;
};

// Puts `count` peaks, whose panels are still the pixels of their seeds, into the order of the scan, and copies them
// to `into`.
void in_order(ewald_peak* begin, std::uint32_t count, const std::uint32_t* places, std::vector<ewald_peak>& into);

// The same for summits, by their feet; summits closer than twice the radius to an earlier one are dropped.
void in_order(Summit* begin, std::uint32_t count, const std::uint32_t* places, double radius,
              std::vector<ewald_peak>& into);

}  // namespace ewald::cuda::peaks
