// Reverses the bytes of numbers by shifts and masks, which every instruction set has for whole vectors.
#include <cstring>

#include "frames/isa/vector.h"
#include "frames/kernels.h"

namespace ewald::EWALD_ISA {
namespace {

typedef uint32_t Words __attribute__((vector_size(vector_bytes)));
typedef uint64_t Longs __attribute__((vector_size(vector_bytes)));

inline Words pairs(Words x) { return (x & 0x00ff00ffu) << 8 | (x >> 8 & 0x00ff00ffu); }
inline Words fours(Words x) {
  x = pairs(x);
  return x << 16 | x >> 16;
}
inline Words eights(Words x) {
  const Longs y = (Longs)fours(x);
  return (Words)(y << 32 | y >> 32);
}

template <Words (*turn)(Words)>
size_t turn_all(const uint8_t* in, uint8_t* out, size_t bytes) {
  size_t at = 0;
  for (; at + vector_bytes <= bytes; at += vector_bytes) {
    Words x;
    memcpy(&x, in + at, vector_bytes);
    x = turn(x);
    memcpy(out + at, &x, vector_bytes);
  }
  return at;
}

}  // namespace

void swap_bytes(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t size) {
  size_t at = size == 2   ? turn_all<pairs>(in, out, bytes)
              : size == 4 ? turn_all<fours>(in, out, bytes)
              : size == 8 ? turn_all<eights>(in, out, bytes)
                          : 0;
  // The remainder that fills no vector; in and out may be the same memory.
  for (; at + size <= bytes; at += size)
    for (uint32_t i = 0, k = size - 1; i <= k; i++, k--) {
      const uint8_t low = in[at + i], high = in[at + k];
      out[at + i] = high;
      out[at + k] = low;
    }
}

}  // namespace ewald::EWALD_ISA
