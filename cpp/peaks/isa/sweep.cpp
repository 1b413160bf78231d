// Radial sums of tiles without a scatter: one byte shuffle brings the eight pixels of a line to the slots of their
// bins, where pairwise products with one and with themselves add them up. See README.md.
#include <cstring>

#include "ewald.h"
#include "peaks/isa/lanes.h"
#include "peaks/tiles.h"

namespace ewald::EWALD_ISA {
namespace {

using peaks::pattern_bytes, peaks::Sweep, peaks::Tile, peaks::Tiles, peaks::tile_side, peaks::Way, peaks::window;

// Vectors that hold the slots of a window.
constexpr int parts = int((window * 4 + sizeof(V) - 1) / sizeof(V));

// Pixel - offset of eight neighbours, in 16 bits: values that do not fit become 65535, which no bar reaches.
template <class T>
EWALD_INLINE Line line_of(const T* p, uint32_t offset) {
  if constexpr (sizeof(T) == 4) {
    Wide v;
    memcpy(&v, p, sizeof v);
    return narrowed(v - offset);
  } else {
    typedef T Numbers __attribute__((vector_size(8 * sizeof(T))));
    Numbers v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, Line) - uint16_t(offset);
  }
}

EWALD_INLINE Line marked(const uint8_t* bad) {
  typedef uint8_t Bytes __attribute__((vector_size(8)));
  Bytes v;
  memcpy(&v, bad, sizeof v);
  return (Line)(__builtin_convertvector(v, Line) != 0);
}

EWALD_INLINE bool any(Line v) {
  uint64_t half[2];
  memcpy(half, &v, sizeof half);
  return (half[0] | half[1]) != 0;
}

template <int unit, bool high>
EWALD_INLINE Line zip(Line a, Line b) {
  constexpr int h = high ? 4 : 0;
  if constexpr (unit == 1)
    return __builtin_shufflevector(a, b, h, h + 8, h + 1, h + 9, h + 2, h + 10, h + 3, h + 11);
  else if constexpr (unit == 2)
    return __builtin_shufflevector(a, b, h, h + 1, h + 8, h + 9, h + 2, h + 3, h + 10, h + 11);
  else
    return __builtin_shufflevector(a, b, h, h + 1, h + 2, h + 3, h + 8, h + 9, h + 10, h + 11);
}

EWALD_INLINE void transpose(Line (&r)[tile_side]) {
  Line a[8], b[8];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = zip<1, false>(r[2 * i], r[2 * i + 1]);
    a[2 * i + 1] = zip<1, true>(r[2 * i], r[2 * i + 1]);
  }
  for (int half = 0; half < 8; half += 4)
    for (int i = 0; i < 2; i++) {
      b[half + 2 * i] = zip<2, false>(a[half + i], a[half + 2 + i]);
      b[half + 2 * i + 1] = zip<2, true>(a[half + i], a[half + 2 + i]);
    }
  for (int i = 0; i < 4; i++) {
    r[2 * i] = zip<4, false>(b[i], b[4 + i]);
    r[2 * i + 1] = zip<4, true>(b[i], b[4 + i]);
  }
}

template <class T, bool with_bad>
void sweep(const Tiles& tiles, const Sweep& s, uint32_t begin, uint32_t end) {
  const T* const frame = static_cast<const T*>(s.frame);
  for (uint32_t t = begin; t < end; t++) {
    const Tile& tile = tiles.tile[t];
    if (tile.way == Way::singly) {
      tiles.others[t] = tile.valid;
      continue;
    }
    Line r[tile_side], out[tile_side], seen{};
    const uint16_t lowest = tiles.lowest[t], span = tiles.span[t];
    for (uint32_t l = 0; l < tile_side; l++) {
      const size_t at = tile.pixel + size_t(l) * s.width;
      r[l] = line_of(frame + at, s.offset);
      if constexpr (with_bad) r[l] |= marked(s.bad + at);
      out[l] = (Line)((r[l] - lowest) >= span - Line{});
      seen |= out[l];
    }
    uint64_t others = 0;
    if (any(seen))
      for (uint32_t l = 0; l < tile_side; l += 2) {
        others |= uint64_t(bits_of(out[l], out[l + 1])) << (8 * l);
        r[l] &= ~out[l];
        r[l + 1] &= ~out[l + 1];
      }
    tiles.others[t] = others & tile.valid;
    if (tile.way == Way::columns) transpose(r);
    V sum[parts], square[parts];
    for (int k = 0; k < parts; k++) sum[k] = square[k] = zeros();
    const V one = ones();
    for (uint32_t l = 0; l < tile_side; l++) {
      const uint8_t* const pattern = tiles.patterns + size_t(tile.pattern[l]) * pattern_bytes;
      const V pixels = spread(r[l]);
      for (int k = 0; k < parts; k++) {
        const V slots = shuffle(pixels, load(pattern + k * sizeof(V)));
        sum[k] = add_products(sum[k], slots, one);
        square[k] = add_products(square[k], slots, slots);
      }
    }
    uint32_t* const sums = tiles.sums + tile.first_bin;
    uint64_t* const squares = tiles.squares + tile.first_bin;
    for (int k = 0; k < parts; k++) {
      add_to(sums + k * sizeof(V) / 4, sum[k]);
      widen_to(squares + k * sizeof(V) / 4, square[k]);
    }
  }
}

template <class T>
void sweep_typed(const Tiles& tiles, const Sweep& s, uint32_t begin, uint32_t end) {
  if (s.bad != nullptr)
    sweep<T, true>(tiles, s, begin, end);
  else
    sweep<T, false>(tiles, s, begin, end);
}

}  // namespace

void sweep_tiles(const Tiles& tiles, const Sweep& s, uint32_t dtype, uint32_t begin, uint32_t end) {
  switch (dtype) {
    case EWALD_NUMBER_U8:
      return sweep_typed<uint8_t>(tiles, s, begin, end);
    case EWALD_NUMBER_I8:
      return sweep_typed<int8_t>(tiles, s, begin, end);
    case EWALD_NUMBER_U16:
      return sweep_typed<uint16_t>(tiles, s, begin, end);
    case EWALD_NUMBER_I16:
      return sweep_typed<int16_t>(tiles, s, begin, end);
    default:
      // Differences modulo 2^32 are the same for signed numbers.
      return sweep_typed<uint32_t>(tiles, s, begin, end);
  }
}

}  // namespace ewald::EWALD_ISA
