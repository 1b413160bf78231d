// The detector divided into tiles of 8 x 8 pixels whose radial sums are computed without a scatter; see README.md.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::peaks {

struct Plan;

constexpr uint32_t tile_side = 8;
// Neighbouring bins that a tile may meet.
constexpr uint32_t window = 12;
// Numbers after tables of bins that whole vectors may touch.
constexpr uint32_t padding = 16;
// Tiles whose outliers are judged while their pixels are still in cache.
constexpr uint32_t tiles_at_once = 256;
// Bytes of a pattern: two slots of 16 bits per bin of the window, and padding to the widest vector.
constexpr size_t pattern_bytes = 64;

enum class Way : uint8_t { rows, columns, singly };

struct Tile {
  // Used pixels, bit 8 * row + column.
  uint64_t valid;
  // Its first pixel.
  uint32_t pixel;
  // Bins it meets: first_bin .. first_bin + bin_count - 1.
  uint16_t first_bin;
  uint8_t bin_count;
  // The direction along which eight pixels hold at most two of one bin.
  Way way;
  // For each of the eight lines the shuffle that brings its pixels to the slots of their bins.
  uint16_t pattern[tile_side];
};

struct Tiles {
  Tile* tile;
  // Used pixels that are summed one by one, in tiles of the kind `singly`.
  uint32_t count;
  uint8_t* patterns;
  uint32_t pattern_count;
  // Maximum number of pixels of one bin in one tile, and in all tiles.
  uint32_t most_in_tile, most_in_bin;
  // [bins]: number of pixels in tiles that are summed as a whole.
  uint32_t* in_tiles;

  // For a run, [count]: pixels with lowest <= v - offset < lowest + span lie between the bars of all bins of the tile;
  // then the bits of the other pixels.
  uint16_t *lowest, *span;
  uint64_t* others;
  // The other pixels of a few tiles.
  uint32_t* judged;
  // Sums over v - offset, and over its squares, by bin, with padding for a window; and the number of pixels in them.
  uint32_t* sums;
  uint64_t* squares;
  uint32_t* summed;
  // Bars of runs of 1, 2, 4 and 8 bins: lowest, then first above.
  uint16_t* edges;
};

// Other data that a sweep reads and writes.
struct Sweep {
  const void* frame;
  const uint8_t* bad;
  uint32_t width, offset;
};

// Maximum number of shuffles: what 16 bits can index.
constexpr uint32_t most_patterns = 1u << 16;

// Maximum number of tiles: tiles without a used pixel are skipped.
uint32_t most_tiles(const Plan& plan);

// Writes the tiles, and to `keys` [most_patterns] the bins of the shuffles that they need. False when out of memory.
bool cut_tiles(const Plan& plan, Tiles& tiles, uint64_t* keys);

// Writes these shuffles.
void write_patterns(Tiles& tiles, const uint64_t* keys);

}  // namespace ewald::peaks

// One pass over the frame, compiled once for each instruction set: tiles [begin, end) into sums and squares, pixels
// outside the bars into `others`. `dtype` is an integer type.
#define EWALD_PEAKS_SWEEP(isa)                                                                           \
  namespace ewald::isa {                                                                                 \
  void sweep_tiles(const peaks::Tiles& tiles, const peaks::Sweep& sweep, uint32_t dtype, uint32_t begin, \
                   uint32_t end);                                                                        \
  }
EWALD_PEAKS_SWEEP(sse2)
EWALD_PEAKS_SWEEP(avx2)
EWALD_PEAKS_SWEEP(avx512)
EWALD_PEAKS_SWEEP(neon)
EWALD_PEAKS_SWEEP(simd128)
#undef EWALD_PEAKS_SWEEP
