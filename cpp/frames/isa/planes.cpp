// Bit planes to bytes and byte streams to elements, one vector of bytes at a time. Both use the same interleaving as
// the last step.
#include "frames/kernels.h"

#include <cstring>
#include <utility>

namespace ewald::EWALD_ISA {
namespace {

#if defined(__AVX2__)
constexpr size_t width = 32;
#else
constexpr size_t width = 16;
#endif
typedef uint8_t Bytes __attribute__((vector_size(width)));
typedef uint64_t Quads __attribute__((vector_size(width)));
typedef uint8_t Lane __attribute__((vector_size(16)));

inline Bytes load(const uint8_t* p) {
  Bytes v;
  memcpy(&v, p, width);
  return v;
}

// Where byte i of the interleaving of a and b comes from: units of `unit` bytes in turn, within each 16 bytes, from the
// low or the high halves. Bytes of b count from `width`.
template <int unit, bool high>
constexpr int source(int i) {
  const int lane = i / 16, at = i % 16, index = at / unit;
  return lane * 16 + (index / 2 + (high ? 8 / unit : 0)) * unit + at % unit + (index % 2 ? int(width) : 0);
}
template <int unit, bool high, size_t... i>
inline Bytes zip_bytes(Bytes a, Bytes b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, source<unit, high>(int(i))...);
}
template <int unit, bool high>
inline Bytes zip(Bytes a, Bytes b) {
  return zip_bytes<unit, high>(a, b, std::make_index_sequence<width>());
}

// One round: pairs of streams become one stream of twice the unit and twice the vectors.
template <int element, int unit>
inline void zip_round(Bytes (&v)[element]) {
  Bytes w[element];
  for (int group = 0; group < element / (2 * unit); group++)
    for (int part = 0; part < unit; part++) {
      const Bytes a = v[2 * group * unit + part], b = v[(2 * group + 1) * unit + part];
      w[2 * (group * unit + part)] = zip<unit, false>(a, b);
      w[2 * (group * unit + part) + 1] = zip<unit, true>(a, b);
    }
  for (int i = 0; i < element; i++) v[i] = w[i];
}

// `element` streams of `width` bytes, interleaved byte by byte, to `out`.
template <int element>
inline void store_interleaved(Bytes (&v)[element], uint8_t* out) {
  if constexpr (element >= 2) zip_round<element, 1>(v);
  if constexpr (element >= 4) zip_round<element, 2>(v);
  if constexpr (element >= 8) zip_round<element, 4>(v);
  for (int part = 0; part < element; part++) {
    Lane lanes[width / 16];
    memcpy(lanes, &v[part], width);
    for (size_t lane = 0; lane < width / 16; lane++) memcpy(out + (lane * element + part) * 16, &lanes[lane], 16);
  }
}

// Exchanges the bits of a that mask << distance selects with those of b that mask selects.
template <int distance>
inline void exchange(Bytes& a, Bytes& b, uint64_t mask) {
  const Quads x = (Quads)a, y = (Quads)b, different = ((x >> distance) ^ y) & (mask - Quads{});
  a = (Bytes)(x ^ (different << distance));
  b = (Bytes)(y ^ different);
}

// One column of eight bytes: bit e of byte i becomes bit i of byte e.
inline uint64_t transpose_column(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aau;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccu;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0u;
  return x ^ t ^ (t << 28);
}

template <int element, int used>
inline void join(const uint8_t* streams, size_t stride, uint8_t* out, size_t n) {
  size_t i = 0;
  for (; i + width <= n; i += width) {
    Bytes v[element];
    for (int j = 0; j < element; j++) v[j] = j < used ? load(streams + j * stride + i) : Bytes{};
    store_interleaved<element>(v, out + i * element);
  }
  for (; i < n; i++)
    for (int j = 0; j < element; j++) out[i * element + j] = j < used ? streams[j * stride + i] : 0;
}

}  // namespace

bool is_zero(const uint8_t* data, size_t bytes) {
  size_t i = 0;
  // A few vectors per check: most nonzero blocks are recognised at once.
  for (; i + 4 * width <= bytes; i += 4 * width) {
    const Quads any = (Quads)(load(data + i) | load(data + i + width)) |
                      (Quads)(load(data + i + 2 * width) | load(data + i + 3 * width));
    uint64_t folded = 0;
    for (size_t k = 0; k < width / 8; k++) folded |= any[k];
    if (folded != 0) return false;
  }
  for (; i < bytes; i++)
    if (data[i] != 0) return false;
  return true;
}

void join_bits(const uint8_t* planes, uint8_t* bytes, size_t columns) {
  size_t k = 0;
  for (; k + width <= columns; k += width) {
    Bytes v[8];
    for (int i = 0; i < 8; i++) v[i] = load(planes + i * columns + k);
    for (int i = 0; i < 4; i++) exchange<4>(v[i], v[i + 4], 0x0f0f0f0f0f0f0f0fu);
    for (int i : {0, 1, 4, 5}) exchange<2>(v[i], v[i + 2], 0x3333333333333333u);
    for (int i = 0; i < 8; i += 2) exchange<1>(v[i], v[i + 1], 0x5555555555555555u);
    // Register i now holds element i of each column of eight.
    store_interleaved<8>(v, bytes + k * 8);
  }
  for (; k < columns; k++) {
    uint64_t column = 0;
    for (int i = 0; i < 8; i++) column |= uint64_t(planes[i * columns + k]) << (8 * i);
    column = transpose_column(column);
    for (int i = 0; i < 8; i++) bytes[k * 8 + i] = uint8_t(column >> (8 * i));
  }
}

void join_bytes(const uint8_t* streams, size_t stride, uint32_t used, uint32_t element, uint8_t* out, size_t n) {
  if (element == 1) {
    if (used)
      memcpy(out, streams, n);
    else
      memset(out, 0, n);
  } else if (element == 2) {
    used < 2 ? join<2, 1>(streams, stride, out, n) : join<2, 2>(streams, stride, out, n);
  } else if (element == 4) {
    if (used < 2)
      join<4, 1>(streams, stride, out, n);
    else if (used == 2)
      join<4, 2>(streams, stride, out, n);
    else if (used == 3)
      join<4, 3>(streams, stride, out, n);
    else
      join<4, 4>(streams, stride, out, n);
  } else if (element == 8 && used == 8) {
    join<8, 8>(streams, stride, out, n);
  } else {
    // Sizes that detectors do not use: without vectors.
    for (size_t i = 0; i < n; i++)
      for (uint32_t j = 0; j < element; j++) out[i * element + j] = j < used ? streams[j * stride + i] : 0;
  }
}

}  // namespace ewald::EWALD_ISA
