// The kernels that are compiled once for each instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#define EWALD_DATA_KERNELS(isa)                                                                                    \
  namespace ewald::isa {                                                                                           \
  bool is_zero(const uint8_t* data, size_t bytes);                                                                 \
  void join_bits(const uint8_t* planes, uint8_t* bytes, size_t columns);                                           \
  void join_bytes(const uint8_t* streams, size_t stride, uint32_t used, uint32_t element, uint8_t* out, size_t n); \
  void swap_bytes(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t size);                                   \
  uint32_t adler32(uint32_t adler, const uint8_t* data, size_t bytes);                                             \
  size_t convert_words(const uint16_t* words, const float* pedestals, const float* factors, uint32_t stages,       \
                       size_t n, int16_t* out);                                                                    \
  }
EWALD_DATA_KERNELS(sse2)
EWALD_DATA_KERNELS(avx2)
EWALD_DATA_KERNELS(avx512)
EWALD_DATA_KERNELS(neon)
EWALD_DATA_KERNELS(simd128)
#undef EWALD_DATA_KERNELS

namespace ewald::data {

struct Kernels {
  bool (*is_zero)(const uint8_t* data, size_t bytes);
  // Eight bit planes of `columns` bytes each, one after the other, become 8 * columns bytes: bit i of byte e is bit e %
  // 8 of byte e / 8 of plane i.
  void (*join_bits)(const uint8_t* planes, uint8_t* bytes, size_t columns);
  // Byte j of `n` elements lies in stream j; streams are `stride` bytes apart, those from `used` on are zero and not
  // read. `element` is their number, the bytes of an element.
  void (*join_bytes)(const uint8_t* streams, size_t stride, uint32_t used, uint32_t element, uint8_t* out, size_t n);
  // Numbers of `size` bytes from `in` to `out`, which may be the same place, the bytes of each in reverse.
  void (*swap_bytes)(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t size);
  // zlib's Adler-32, continued from `adler`, which starts at 1.
  uint32_t (*adler32)(uint32_t adler, const uint8_t* data, size_t bytes);
  // What ewald_convert_words says; returns the first word without constants, `n` if there is none.
  size_t (*convert_words)(const uint16_t* words, const float* pedestals, const float* factors, uint32_t stages, size_t n,
                          int16_t* out);
};

// The kernels for the best instruction set of this machine.
const Kernels& kernels();

}  // namespace ewald::data
