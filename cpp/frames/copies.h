// Repeats of decoded bytes: the copies of LZ4 and of deflate.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace ewald::data {

typedef uint8_t Copy16 __attribute__((vector_size(16)));
typedef uint16_t Pairs __attribute__((vector_size(16)));
typedef uint32_t Fours __attribute__((vector_size(16)));
typedef uint64_t Eights __attribute__((vector_size(16)));

#if defined(__wasm_simd128__)
// For each period below 16, the order of its bytes in the next vector.
struct Periods {
  uint8_t places[16][16] = {};
  constexpr Periods() {
    for (int period = 1; period < 16; period++)
      for (int i = 0; i < 16; i++) places[period][i] = uint8_t(i % period);
  }
};
inline constexpr Periods periods;
#endif

inline void copy16(uint8_t* to, const uint8_t* from) {
  Copy16 v;
  memcpy(&v, from, 16);
  memcpy(to, &v, 16);
}

// Copies `length` bytes from `distance` bytes before `out`; up to 15 further bytes may be written.
inline void repeat_wide(uint8_t* out, size_t distance, size_t length) {
  const uint8_t* from = out - distance;
  uint8_t* const end = out + length;
  if (distance >= 16) {
    // Long runs of a longer period: the copied length doubles each time, because a load that overlaps the preceding
    // store has to wait.
    for (size_t span = distance; size_t(end - out) > span; span *= 2) {
      uint8_t* const next = out + span;
      for (const uint8_t* at = from; out < next; out += 16, at += 16) copy16(out, at);
      out = next;
    }
    do {
      copy16(out, from);
      out += 16;
      from += 16;
    } while (out < end);
    return;
  }
  Copy16 pattern;
  size_t step = 16;
  // Zeros of detectors give periods of one, two, four or eight bytes; other periods are assembled.
  if (distance == 1) {
    pattern = *from - Copy16{};
  } else if (distance == 2) {
    uint16_t pair;
    memcpy(&pair, from, 2);
    pattern = (Copy16)(pair - Pairs{});
  } else if (distance == 4) {
    uint32_t four;
    memcpy(&four, from, 4);
    pattern = (Copy16)(four - Fours{});
  } else if (distance == 8) {
    uint64_t eight;
    memcpy(&eight, from, 8);
    pattern = (Copy16)(eight - Eights{});
  } else {
#if defined(__wasm_simd128__)
    // The load reads past `out`, where memory exists because copies may write there; `places` selects none of those
    // bytes.
    v128_t source, places;
    memcpy(&source, from, 16);
    memcpy(&places, periods.places[distance], 16);
    pattern = (Copy16)wasm_i8x16_swizzle(source, places);
#else
    uint8_t bytes[16];
    for (size_t i = 0, at = 0; i < 16; i++) {
      bytes[i] = from[at];
      if (++at == distance) at = 0;
    }
    memcpy(&pattern, bytes, 16);
#endif
    step = 16 - 16 % distance;  // whole periods
  }
  do {
    memcpy(out, &pattern, 16);
    out += step;
  } while (out < end);
}

}  // namespace ewald::data
