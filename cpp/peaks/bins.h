// The bins of a plan.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::peaks {

struct Plan;

// The largest bin of any pixel, plus 1.
uint32_t count_bins(const uint16_t* bins, size_t pixels);

// Copies the bins of the pixels on panels, and counts those of each bin; other pixels are ignored.
void copy_bins(Plan& plan, const uint16_t* bins);

// Samples large bins, and lists the pixels of small ones.
void sample_bins(Plan& plan);

// Lists the pixels of the large bins that are judged without bars, if they have not been listed. False when out of
// memory.
bool list_plain_bins(Plan& plan);

}  // namespace ewald::peaks
