// Monte Carlo pi: how many points of a Philox4x32-10 stream fall into the quarter circle, `width` blocks at a time.
//
// The counterparts wgsl/pi/count.wgsl and cuda/pi/pi.cu count the same points; the tests require equal counts.
#include "common/simd.h"
#include "pi/count.h"
#include "pi/philox.h"

namespace ewald::EWALD_ISA {
namespace {

// 1 in each lane whose point lies outside. With x' = x - 2^15 (signed 16-bit) and likewise y',
//   [x (x + 1) + y (y + 1)] / 2 = [x'^2 + x' + y'^2 + y'] / 2 + 2^15 (x' + y') + 2^15 (2^15 + 1),
// the bracket is even and below 2^31, the whole below 2^32, and the point is outside when the top bit is set. The two
// dot products of 16-bit halves are one instruction each.
EWALD_INLINE U outside(U word) {
  const U halves = word ^ splat(0x80008000u);
  const U squares = dot16(halves, halves), sum = dot16(halves, splat(0x00010001u));
  const U bracket = (squares + sum) >> 1;
  return (bracket + (sum << 15) + splat(32768u * 32769u)) >> 31;
}

}  // namespace

uint64_t pi_count_blocks(uint64_t first_block, uint64_t blocks, uint32_t stream, uint32_t key0, uint32_t key1) {
  uint64_t hits = 0;
  uint64_t block = first_block, end = first_block + blocks;
  const U m0 = splat(EWALD_PHILOX_M0), m1 = splat(EWALD_PHILOX_M1);
  while (end - block >= width) {
    // One stretch: the high counter word stays the same, and the 32-bit sums cannot overflow.
    uint64_t stretch = (end - block) / width;
    const uint64_t to_carry = (0x100000000u - (block & 0xffffffffu)) / width;
    if (to_carry == 0) break;
    if (stretch > to_carry) stretch = to_carry;
    if (stretch > (1u << 24)) stretch = 1u << 24;
    U low_counter = splat(uint32_t(block)) + iota(), sum = splat(0u);
    const U high_counter = splat(uint32_t(block >> 32)), stream_word = splat(stream);
    for (uint64_t i = 0; i < stretch; i++) {
      U c0 = low_counter, c1 = high_counter, c2 = stream_word, c3 = splat(0u);
      uint32_t k0 = key0, k1 = key1;
      for (uint32_t round = 0; round < EWALD_PHILOX_ROUNDS; round++) {
        U high0, low0, high1, low1;
        multiply(c0, m0, high0, low0);
        multiply(c2, m1, high1, low1);
        c0 = high1 ^ c1 ^ splat(k0);
        c1 = low1;
        c2 = high0 ^ c3 ^ splat(k1);
        c3 = low0;
        k0 += EWALD_PHILOX_W0;
        k1 += EWALD_PHILOX_W1;
      }
      sum += (outside(c0) + outside(c1)) + (outside(c2) + outside(c3));
      low_counter += splat(uint32_t(width));
    }
    uint32_t lane[width];
    store(lane, sum);
    hits += stretch * width * 4;
    for (uint32_t outside_points : lane) hits -= outside_points;
    block += stretch * width;
  }
  // The remainder: a few blocks at the end, or blocks across a carry of the low counter word.
  for (; block < end; block++) {
    const ewald::pi::Block random =
        ewald::pi::philox({{uint32_t(block), uint32_t(block >> 32), stream, 0}}, key0, key1);
    for (uint32_t word : random.word) hits += ewald::pi::inside(word);
  }
  return hits;
}

}  // namespace ewald::EWALD_ISA
