// The bins of a plan: their pixels are counted and sampled when it is made, and those of a large bin are listed when a
// frame first needs them.
#include "peaks/bins.h"

#include <algorithm>
#include <cstring>

#include "common/memory.h"
#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

// No pixel has this rank.
constexpr uint32_t never = 0xffffffffu;

// How many pixels of a bin have been met, and which is the next one wanted.
struct Rank {
  uint32_t met, wanted, taken;
};
static_assert(sizeof(Rank) <= sum_lanes * sizeof(uint64_t));

size_t pixels_of_frame(const Plan& plan) { return size_t(plan.descriptor.width) * plan.descriptor.height; }

}  // namespace

uint32_t count_bins(const uint16_t* bins, size_t pixels) {
  // The bin of an ignored pixel is the largest number, which wraps to 0.
  uint16_t count = 0;
  for (size_t i = 0; i < pixels; i++) count = std::max(count, uint16_t(bins[i] + 1));
  return count;
}

void copy_bins(Plan& plan, const uint16_t* bins) {
  const uint32_t width = plan.descriptor.width;
  // Neighbours are mostly in one bin, see sums.cpp.
  auto* const count = static_cast<uint32_t*>(plan.tables);
  for (uint32_t ss = 0; ss < plan.descriptor.height; ss++) {
    uint16_t* const row = plan.bin + size_t(ss) * width;
    std::memset(row, 0xff, width * sizeof *row);
    for (uint32_t k = plan.first_stretch[ss]; k < plan.first_stretch[ss + 1]; k++) {
      const uint32_t fs = plan.stretches[k].fs, end = plan.panels[plan.stretches[k].panel].end_fs;
      std::memcpy(row + fs, bins + size_t(ss) * width + fs, (end - fs) * sizeof *row);
    }
    for (uint32_t fs = 0; fs < width; fs++) count[sum_lanes * size_t(row[fs]) + fs % sum_lanes]++;
  }
  for (uint32_t b = 0; b < plan.bins; b++) {
    for (uint32_t lane = 0; lane < sum_lanes; lane++) plan.pixels_of[b] += count[sum_lanes * size_t(b) + lane];
    plan.used += plan.pixels_of[b];
    (plan.is_small(b) ? plan.few_count : plan.order_count) += plan.pixels_of[b];
  }
}

void sample_bins(Plan& plan) {
  uint32_t few = 0, order = 0;
  auto* const ranks = static_cast<Rank*>(plan.tables);
  ranks[masked] = {0, never, 0};
  for (uint32_t b = 0; b < plan.bins; b++) {
    uint32_t& count = plan.is_small(b) ? few : order;
    plan.first[b] = count;
    count += plan.pixels_of[b];
    ranks[b] = {0, 0, 0};
  }
  const size_t pixels = pixels_of_frame(plan);
  for (size_t i = 0; i < pixels; i++) {
    const uint16_t b = plan.bin[i];
    Rank& rank = ranks[b];
    if (rank.met++ != rank.wanted) continue;
    rank.taken++;
    if (plan.is_small(b)) {
      plan.few[plan.first[b] + rank.wanted++] = uint32_t(i);
    } else {
      plan.sampled[size_t(b) * samples + rank.taken - 1] = uint32_t(i);
      rank.wanted = rank.taken == samples ? never : uint32_t(uint64_t(plan.pixels_of[b]) * rank.taken / samples);
    }
  }
}

bool list_plain_bins(Plan& plan) {
  auto* const next = static_cast<uint32_t*>(plan.tables);
  // How many bins before each one are to be listed, so that two numbers tell whether a tile meets any.
  uint32_t *const before = next + plan.bins, wanted = 0;
  for (uint32_t b = 0; b < plan.bins; b++) {
    const bool is_wanted = plan.bars[b].plain && !plan.is_small(b) && !plan.listed[b];
    next[b] = is_wanted ? plan.first[b] : never;
    before[b] = wanted;
    wanted += is_wanted;
  }
  before[plan.bins] = wanted;
  if (wanted == 0) return true;
  // Only the pages of listed bins are touched.
  if (plan.order == nullptr) plan.order = static_cast<uint32_t*>(allocate_raw(plan.order_count * sizeof(uint32_t)));
  if (plan.order == nullptr) return false;
  for (uint32_t t = 0; t < plan.tiles.count; t++) {
    const Tile& tile = plan.tiles.tile[t];
    // Tiles that are summed pixel by pixel may meet any bin.
    if (tile.way != Way::singly && before[tile.first_bin] == before[tile.first_bin + tile.bin_count]) continue;
    for (uint64_t valid = tile.valid; valid != 0; valid &= valid - 1) {
      const uint32_t k = uint32_t(__builtin_ctzll(valid));
      const uint32_t pixel = tile.pixel + k / tile_side * plan.descriptor.width + k % tile_side;
      uint32_t& place = next[plan.bin[pixel]];
      if (place != never) plan.order[place++] = pixel;
    }
  }
  for (uint32_t b = 0; b < plan.bins; b++) {
    if (next[b] == never) continue;
    plan.listed[b] = 1;
    // Sums of integers are exact in any order; those of reals are in the order of the frame.
    uint32_t* const pixels = plan.order + plan.first[b];
    if (plan.descriptor.dtype == EWALD_NUMBER_F32) std::sort(pixels, pixels + plan.pixels_of[b]);
  }
  return true;
}

}  // namespace ewald::peaks
