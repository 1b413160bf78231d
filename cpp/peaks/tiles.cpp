// Divides panels into tiles and finds the shuffle of every line.
#include "peaks/tiles.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "common/memory.h"
#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

constexpr uint64_t nothing = 31;  // in place of a bin, for a pixel that is ignored
constexpr uint32_t slots = 2 * most_patterns;

// Shuffles, identified by their bins: eight times five bits.
class Patterns {
public:
  Patterns(Tiles& tiles, uint64_t* keys)
      : tiles_(tiles), keys_(keys), known_(static_cast<Known*>(allocate(slots * sizeof(Known)))) {}
  ~Patterns() { release(known_); }
  bool ready() const { return known_ != nullptr; }

  // False when there are too many.
  bool number_of(uint64_t bins, uint16_t& number) {
    uint32_t at = uint32_t((bins * 0x9e3779b97f4a7c15u) >> 40) % slots;
    for (; known_[at].used; at = (at + 1) % slots)
      if (known_[at].bins == bins) {
        number = known_[at].number;
        return true;
      }
    if (tiles_.pattern_count == most_patterns) return false;
    number = uint16_t(tiles_.pattern_count++);
    known_[at] = {bins, number, true};
    keys_[number] = bins;
    return true;
  }

private:
  struct Known {
    uint64_t bins;
    uint16_t number;
    bool used;
  };

  Tiles& tiles_;
  uint64_t* const keys_;
  Known* const known_;
};

// The shuffle for a key.
void write_pattern(uint64_t bins, uint8_t* pattern) {
  uint32_t used[window] = {};
  std::memset(pattern, 0x80, pattern_bytes);
  for (uint8_t k = 0; k < tile_side; k++) {
    const uint64_t bin = bins >> (5 * k) & 31;
    if (bin == nothing) continue;
    uint8_t* const slot = pattern + 4 * bin + 2 * used[bin]++;
    slot[0] = uint8_t(2 * k);
    slot[1] = uint8_t(2 * k + 1);
  }
}

// One in each place of a key.
constexpr uint64_t each = 0x0084210842108421u;
static_assert(window * 5 <= 60 && each >> 5 * (window - 1) == 1);

// The bins of eight pixels as the key of a pattern; false if three pixels are in one bin.
bool key_of(const uint16_t* bins, size_t step, uint16_t first, uint64_t& key) {
  uint64_t used = 0;
  key = 0;
  for (uint32_t k = 0; k < tile_side; k++) {
    const uint16_t bin = bins[k * step];
    const uint64_t place = bin == masked ? nothing : uint64_t(bin - first);
    used += uint64_t(bin != masked) << (5 * place & 63);
    key |= place << (5 * k);
  }
  // A count of three or more reaches the fifth bit of its place.
  return ((used + 13 * each) & (16 * each)) == 0;
}

// The bins of a tile; pixels beyond its panel are ignored.
void copy_square(const Plan& plan, const Panel& panel, uint32_t fs, uint32_t ss, uint16_t* bins) {
  const uint32_t columns = std::min(tile_side, panel.end_fs - fs), rows = std::min(tile_side, panel.end_ss - ss);
  if (columns < tile_side || rows < tile_side) std::memset(bins, 0xff, tile_side * tile_side * sizeof *bins);
  for (uint32_t y = 0; y < rows; y++)
    std::memcpy(bins + y * tile_side, plan.bin + size_t(ss + y) * plan.descriptor.width + fs, columns * sizeof *bins);
}

bool find_way(Tile& tile, const uint16_t* bins, Patterns& patterns) {
  for (const Way way : {Way::rows, Way::columns}) {
    uint64_t key[tile_side];
    bool fits = true;
    for (uint32_t l = 0; l < tile_side && fits; l++)
      fits = way == Way::rows ? key_of(bins + l * tile_side, 1, tile.first_bin, key[l])
                              : key_of(bins + l, tile_side, tile.first_bin, key[l]);
    for (uint32_t l = 0; l < tile_side && fits; l++) fits = patterns.number_of(key[l], tile.pattern[l]);
    if (!fits) continue;
    tile.way = way;
    return true;
  }
  return false;
}

}  // namespace

uint32_t most_tiles(const Plan& plan) {
  uint32_t count = 0;
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    const Panel& panel = plan.panels[p];
    const auto along = [](uint32_t pixels) { return (pixels + tile_side - 1) / tile_side; };
    count += along(panel.end_fs - panel.fs) * along(panel.end_ss - panel.ss);
  }
  return count;
}

void write_patterns(Tiles& tiles, const uint64_t* keys) {
  for (uint32_t number = 0; number < tiles.pattern_count; number++)
    write_pattern(keys[number], tiles.patterns + size_t(number) * pattern_bytes);
}

bool cut_tiles(const Plan& plan, Tiles& tiles, uint64_t* keys) {
  tiles.count = tiles.pattern_count = 0;
  tiles.most_in_tile = tiles.most_in_bin = 1;
  Patterns patterns(tiles, keys);
  if (!patterns.ready()) return false;
  const uint32_t width = plan.descriptor.width;
  const size_t pixels = size_t(width) * plan.descriptor.height;
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    const Panel& panel = plan.panels[p];
    for (uint32_t ss = panel.ss; ss < panel.end_ss; ss += tile_side)
      for (uint32_t fs = panel.fs; fs < panel.end_fs; fs += tile_side) {
        Tile tile{};
        uint16_t bins[tile_side * tile_side];
        copy_square(plan, panel, fs, ss, bins);
        uint16_t end = 0;
        tile.first_bin = masked;
        for (uint32_t k = 0; k < tile_side * tile_side; k++) {
          tile.valid |= uint64_t(bins[k] != masked) << k;
          tile.first_bin = std::min(tile.first_bin, bins[k]);
          // The bin of an ignored pixel is the largest number, which wraps to 0.
          end = std::max(end, uint16_t(bins[k] + 1));
        }
        if (tile.valid == 0) continue;
        tile.pixel = ss * width + fs;
        tile.way = Way::singly;
        // A tile may extend beyond its panel, but not beyond the end of the frame.
        const bool inside = tile.pixel + size_t(tile_side - 1) * width + tile_side <= pixels;
        if (inside && uint32_t(end - tile.first_bin) <= window && find_way(tile, bins, patterns)) {
          tile.bin_count = uint8_t(end - tile.first_bin);
          // Ignored pixels are counted behind the others.
          uint32_t had[window + 1] = {};
          for (const uint16_t bin : bins) had[std::min(uint32_t(bin - tile.first_bin), window)]++;
          for (uint32_t k = 0; k < tile.bin_count; k++) {
            tiles.in_tiles[tile.first_bin + k] += had[k];
            tiles.most_in_tile = std::max(tiles.most_in_tile, had[k]);
          }
        }
        tiles.tile[tiles.count++] = tile;
      }
  }
  for (uint32_t b = 0; b < plan.bins; b++) tiles.most_in_bin = std::max(tiles.most_in_bin, plan.pixels_of[b]);
  return true;
}

}  // namespace ewald::peaks
