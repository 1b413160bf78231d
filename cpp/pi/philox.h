// Philox4x32-10: a random block is a pure function of (counter, key), so any point of any stream can be computed
// anywhere, in any order, on any device (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3.
// SC11).
#pragma once
#include <cstdint>

#include "generated/layout.h"

namespace ewald::pi {

struct Block {
  uint32_t word[4];
};

// The block of one counter, written as in the paper.
static inline Block philox(Block counter, uint32_t key0, uint32_t key1) {
  for (uint32_t round = 0; round < EWALD_PHILOX_ROUNDS; round++) {
    const uint64_t product0 = uint64_t(EWALD_PHILOX_M0) * counter.word[0];
    const uint64_t product1 = uint64_t(EWALD_PHILOX_M1) * counter.word[2];
    counter = {{uint32_t(product1 >> 32) ^ counter.word[1] ^ key0, uint32_t(product1),
                uint32_t(product0 >> 32) ^ counter.word[3] ^ key1, uint32_t(product0)}};
    key0 += EWALD_PHILOX_W0;
    key1 += EWALD_PHILOX_W1;
  }
  return counter;
}

// A word is a point: x in its low half, y in its high half, at the centre of a cell of a 65536 x 65536 grid. It lies in
// the quarter circle when (x + 1/2)^2 + (y + 1/2)^2 < 2^32, which is x (x + 1) + y (y + 1) <= 2^32 - 1: exact in 32-bit
// integers.
static inline bool inside(uint32_t word) {
  const uint32_t x = word & 0xffff, y = word >> 16;
  return x * (x + 1) <= ~(y * (y + 1));
}

}  // namespace ewald::pi
