// Vectors of 16-bit numbers for the sweep, for each instruction set: V is the widest, seen as sixteen-byte lanes that
// all hold the same eight pixels.
#pragma once
#include "common/simd.h"

namespace ewald::EWALD_ISA {

typedef uint16_t Line __attribute__((vector_size(16)));
typedef uint32_t Wide __attribute__((vector_size(32)));

// The minimum of 65535 and each of eight numbers, in 16 bits.
EWALD_INLINE Line narrowed(const Wide& v) {
#if defined(__AVX2__)
  const __m256i most = _mm256_min_epu32((__m256i)v, _mm256_set1_epi32(65535));
  return (Line)_mm_packus_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
#else
  return __builtin_convertvector(v > 65535u ? v - v + 65535u : v, Line);
#endif
}

// One bit a lane of two lines whose lanes are all ones or zeros.
EWALD_INLINE uint32_t bits_of(Line a, Line b) {
#if defined(__SSE2__)
  return uint32_t(_mm_movemask_epi8(_mm_packs_epi16((__m128i)a, (__m128i)b)));
#elif defined(__wasm_simd128__)
  return uint32_t(wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8((v128_t)a, (v128_t)b)));
#else
  uint32_t bits = 0;
  for (int k = 0; k < 8; k++) bits |= uint32_t(a[k] & 1) << k | uint32_t(b[k] & 1) << (8 + k);
  return bits;
#endif
}

#if defined(__AVX512BW__)
typedef __m512i V;
EWALD_INLINE V zeros() { return _mm512_setzero_si512(); }
EWALD_INLINE V ones() { return _mm512_set1_epi16(1); }
EWALD_INLINE V load(const uint8_t* p) { return _mm512_loadu_si512(p); }
EWALD_INLINE V spread(Line v) { return _mm512_broadcast_i32x4((__m128i)v); }
EWALD_INLINE V shuffle(V v, V pattern) { return _mm512_shuffle_epi8(v, pattern); }
// Adds to each 32-bit number the products of the two pairs of 16-bit numbers in its place.
EWALD_INLINE V add_products(V to, V a, V b) { return _mm512_add_epi32(to, _mm512_madd_epi16(a, b)); }
EWALD_INLINE void add_to(uint32_t* p, V v) { _mm512_storeu_si512(p, _mm512_add_epi32(_mm512_loadu_si512(p), v)); }
EWALD_INLINE void widen_to(uint64_t* p, V v) {
  const __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(v));
  const __m256i high = _mm256_cvtepu32_epi64(_mm512_extracti32x4_epi32(v, 2));
  _mm512_storeu_si512(p, _mm512_add_epi64(_mm512_loadu_si512(p), low));
  __m256i* const rest = reinterpret_cast<__m256i*>(p + 8);
  _mm256_storeu_si256(rest, _mm256_add_epi64(_mm256_loadu_si256(rest), high));
}
#elif defined(__AVX2__)
typedef __m256i V;
EWALD_INLINE V zeros() { return _mm256_setzero_si256(); }
EWALD_INLINE V ones() { return _mm256_set1_epi16(1); }
EWALD_INLINE V load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const V*>(p)); }
EWALD_INLINE V spread(Line v) { return _mm256_broadcastsi128_si256((__m128i)v); }
EWALD_INLINE V shuffle(V v, V pattern) { return _mm256_shuffle_epi8(v, pattern); }
EWALD_INLINE V add_products(V to, V a, V b) { return _mm256_add_epi32(to, _mm256_madd_epi16(a, b)); }
EWALD_INLINE void add_to(uint32_t* p, V v) {
  _mm256_storeu_si256(reinterpret_cast<V*>(p), _mm256_add_epi32(load(reinterpret_cast<uint8_t*>(p)), v));
}
EWALD_INLINE void widen_to(uint64_t* p, V v) {
  for (int half = 0; half < 2; half++) {
    const __m256i wide = _mm256_cvtepu32_epi64(half == 0 ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1));
    V* const at = reinterpret_cast<V*>(p + 4 * half);
    _mm256_storeu_si256(at, _mm256_add_epi64(_mm256_loadu_si256(at), wide));
  }
}
#else
typedef uint32_t V __attribute__((vector_size(16)));
typedef uint64_t Pair __attribute__((vector_size(16)));
EWALD_INLINE V zeros() { return V{}; }
EWALD_INLINE V ones() { return V{0x10001, 0x10001, 0x10001, 0x10001}; }
EWALD_INLINE V load(const uint8_t* p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}
EWALD_INLINE V spread(Line v) { return (V)v; }
#if defined(__wasm_simd128__)
EWALD_INLINE V shuffle(V v, V pattern) { return (V)wasm_i8x16_swizzle((v128_t)v, (v128_t)pattern); }
EWALD_INLINE V add_products(V to, V a, V b) { return to + (V)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b); }
#elif defined(__ARM_NEON)
EWALD_INLINE V shuffle(V v, V pattern) { return (V)vqtbl1q_u8((uint8x16_t)v, (uint8x16_t)pattern); }
EWALD_INLINE V add_products(V to, V a, V b) {
  const int16x8_t x = (int16x8_t)a, y = (int16x8_t)b;
  return to + (V)vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
}
#else
// SSE2 has no shuffle by a vector, so this goes through memory. 0x80 and above gives zero.
EWALD_INLINE V shuffle(V v, V pattern) {
  uint8_t bytes[16], order[16], to[16];
  memcpy(bytes, &v, 16);
  memcpy(order, &pattern, 16);
  for (int k = 0; k < 16; k++) to[k] = order[k] & 0x80 ? 0 : bytes[order[k] & 15];
  return load(to);
}
EWALD_INLINE V add_products(V to, V a, V b) { return to + (V)_mm_madd_epi16((__m128i)a, (__m128i)b); }
#endif
EWALD_INLINE void add_to(uint32_t* p, V v) {
  const V sum = load(reinterpret_cast<uint8_t*>(p)) + v;
  memcpy(p, &sum, sizeof sum);
}
EWALD_INLINE void widen_to(uint64_t* p, V v) {
  for (int half = 0; half < 2; half++) {
    Pair sum;
    memcpy(&sum, p + 2 * half, sizeof sum);
    sum += Pair{v[2 * half], v[2 * half + 1]};
    memcpy(p + 2 * half, &sum, sizeof sum);
  }
}
#endif

}  // namespace ewald::EWALD_ISA
