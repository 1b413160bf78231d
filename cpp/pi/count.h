// The count of whole blocks, compiled once for each instruction set.
#pragma once
#include <cstdint>

#define EWALD_PI_COUNT(isa)                                                                                       \
  namespace ewald::isa {                                                                                          \
  uint64_t pi_count_blocks(uint64_t first_block, uint64_t blocks, uint32_t stream, uint32_t key0, uint32_t key1); \
  }
EWALD_PI_COUNT(sse2)
EWALD_PI_COUNT(avx2)
EWALD_PI_COUNT(avx512)
EWALD_PI_COUNT(neon)
EWALD_PI_COUNT(simd128)
#undef EWALD_PI_COUNT
