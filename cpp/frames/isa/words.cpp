// Raw words of a JUNGFRAU to quarter photons: a block as if all its words were of G0, in a loop that compilers make of
// vectors; blocks with others once more, pixel by pixel.
#include "frames/kernels.h"

namespace ewald::EWALD_ISA {
namespace {

constexpr float least = -32767, most = 32767, none = -32768;
// A float32 from 2^23 on is a whole number whose bits end with it: `first | n` is 2^23 + n. Added to `rounding`, 1.5 * 2^23,
// a number is rounded, halves to even ones, and is the low bits of the sum. Conversions of floats take compilers of
// WebAssembly lane by lane.
constexpr uint32_t first = 0x4b000000;
constexpr float rounding = 12582912;
constexpr uint16_t most_adc = 0x3fff;
constexpr size_t block = 64;

// The comparisons leave what is no number as it is until the last one. They also keep compilers from fusing the product
// with the sum that rounds.
inline int16_t quarters(uint32_t adc, float pedestal, float factor) {
  float value = (__builtin_bit_cast(float, first | adc) - __builtin_bit_cast(float, first) - pedestal) * factor;
  value = value < least ? least : value;
  value = value > most ? most : value;
  value = value == value ? value : none;
  return int16_t(__builtin_bit_cast(uint32_t, value + rounding));
}

}  // namespace

size_t convert_words(const uint16_t* __restrict words, const float* __restrict pedestals,
                     const float* __restrict factors, uint32_t stages, size_t n, int16_t* __restrict out) {
  for (size_t at = 0; at < n;) {
    const size_t end = n - at < block ? n : at + block;
    uint16_t all = most_adc + 1;
    if (end - at == block && stages & 1) {
      all = 0;
#ifdef __clang__
#pragma clang loop unroll(disable) interleave(disable)
#endif
      for (size_t i = 0; i < block; i++) {
        all |= words[at + i];
        out[at + i] = quarters(words[at + i], pedestals[at + i], factors[at + i]);
      }
    }
    if (all <= most_adc) at = end;
    for (; at < end; at++) {
      const uint32_t code = words[at] >> 14, stage = code - (code == 3);
      if (code == 2 || !(stages >> stage & 1)) return at;
      const float pedestal = pedestals[stage * n + at];
      out[at] = quarters(words[at] & most_adc, pedestal, factors[stage * n + at]);
      // In G2 the ADC falls with light; at 0 it is at its end.
      if (words[at] == 0xc000 && pedestal == pedestal) out[at] = int16_t(most);
    }
  }
  return n;
}

}  // namespace ewald::EWALD_ISA
