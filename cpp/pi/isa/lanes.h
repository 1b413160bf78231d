// The few integer operations that the pi kernel needs, for each instruction set: `Words` holds 32-bit lanes.
//
// A Philox round wants the full 64-bit product of 32-bit lanes. x86 and wasm multiply the even lanes only, NEON the low
// or high half, so the product comes as two vectors of 64-bit lanes and is sorted into high and low words again;
// `Counters` hides which.
#pragma once
#include <cstdint>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

namespace ewald::EWALD_ISA {

#if defined(__wasm_simd128__)

using Words = v128_t;
constexpr uint32_t lanes = 4;
inline Words splat(uint32_t x) { return wasm_i32x4_splat(int32_t(x)); }
inline Words iota() { return wasm_i32x4_const(0, 1, 2, 3); }
inline Words add(Words a, Words b) { return wasm_i32x4_add(a, b); }
inline Words exclusive_or(Words a, Words b) { return wasm_v128_xor(a, b); }
inline Words shift_right(Words a, int bits) { return wasm_u32x4_shr(a, uint32_t(bits)); }
inline Words shift_left(Words a, int bits) { return wasm_i32x4_shl(a, uint32_t(bits)); }
inline Words dot16(Words a, Words b) { return wasm_i32x4_dot_i16x8(a, b); }
inline void store(uint32_t* to, Words a) { wasm_v128_store(to, a); }
inline void multiply(Words a, Words m, Words& high, Words& low) {
  const v128_t p = wasm_u64x2_extmul_low_u32x4(a, m), q = wasm_u64x2_extmul_high_u32x4(a, m);
  low = wasm_i32x4_shuffle(p, q, 0, 2, 4, 6);
  high = wasm_i32x4_shuffle(p, q, 1, 3, 5, 7);
}

#elif defined(__AVX512F__)

using Words = __m512i;
constexpr uint32_t lanes = 16;
inline Words splat(uint32_t x) { return _mm512_set1_epi32(int(x)); }
inline Words iota() { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
inline Words add(Words a, Words b) { return _mm512_add_epi32(a, b); }
inline Words exclusive_or(Words a, Words b) { return _mm512_xor_si512(a, b); }
inline Words shift_right(Words a, int bits) { return _mm512_srli_epi32(a, unsigned(bits)); }
inline Words shift_left(Words a, int bits) { return _mm512_slli_epi32(a, unsigned(bits)); }
inline Words dot16(Words a, Words b) { return _mm512_madd_epi16(a, b); }
inline void store(uint32_t* to, Words a) { _mm512_storeu_si512(to, a); }
inline void multiply(Words a, Words m, Words& high, Words& low) {
  const __m512i even = _mm512_mul_epu32(a, m), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), m);
  high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
  low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}

#elif defined(__AVX2__)

using Words = __m256i;
constexpr uint32_t lanes = 8;
inline Words splat(uint32_t x) { return _mm256_set1_epi32(int(x)); }
inline Words iota() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
inline Words add(Words a, Words b) { return _mm256_add_epi32(a, b); }
inline Words exclusive_or(Words a, Words b) { return _mm256_xor_si256(a, b); }
inline Words shift_right(Words a, int bits) { return _mm256_srli_epi32(a, bits); }
inline Words shift_left(Words a, int bits) { return _mm256_slli_epi32(a, bits); }
inline Words dot16(Words a, Words b) { return _mm256_madd_epi16(a, b); }
inline void store(uint32_t* to, Words a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
inline void multiply(Words a, Words m, Words& high, Words& low) {
  const __m256i even = _mm256_mul_epu32(a, m), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

#elif defined(__x86_64__)

using Words = __m128i;
constexpr uint32_t lanes = 4;
inline Words splat(uint32_t x) { return _mm_set1_epi32(int(x)); }
inline Words iota() { return _mm_setr_epi32(0, 1, 2, 3); }
inline Words add(Words a, Words b) { return _mm_add_epi32(a, b); }
inline Words exclusive_or(Words a, Words b) { return _mm_xor_si128(a, b); }
inline Words shift_right(Words a, int bits) { return _mm_srli_epi32(a, bits); }
inline Words shift_left(Words a, int bits) { return _mm_slli_epi32(a, bits); }
inline Words dot16(Words a, Words b) { return _mm_madd_epi16(a, b); }
inline void store(uint32_t* to, Words a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a); }
inline void multiply(Words a, Words m, Words& high, Words& low) {
  const __m128i even = _mm_mul_epu32(a, m), odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), m);
  const __m128 p = _mm_castsi128_ps(even), q = _mm_castsi128_ps(odd);
  low = _mm_shuffle_epi32(_mm_castps_si128(_mm_shuffle_ps(p, q, _MM_SHUFFLE(2, 0, 2, 0))), _MM_SHUFFLE(3, 1, 2, 0));
  high = _mm_shuffle_epi32(_mm_castps_si128(_mm_shuffle_ps(p, q, _MM_SHUFFLE(3, 1, 3, 1))), _MM_SHUFFLE(3, 1, 2, 0));
}

#else

using Words = uint32x4_t;
constexpr uint32_t lanes = 4;
inline Words splat(uint32_t x) { return vdupq_n_u32(x); }
inline Words iota() {
  const uint32_t index[4] = {0, 1, 2, 3};
  return vld1q_u32(index);
}
inline Words add(Words a, Words b) { return vaddq_u32(a, b); }
inline Words exclusive_or(Words a, Words b) { return veorq_u32(a, b); }
inline Words shift_right(Words a, int bits) { return vshlq_u32(a, vdupq_n_s32(-bits)); }
inline Words shift_left(Words a, int bits) { return vshlq_u32(a, vdupq_n_s32(bits)); }
inline Words dot16(Words a, Words b) {
  const int16x8_t p = vreinterpretq_s16_u32(a), q = vreinterpretq_s16_u32(b);
  return vreinterpretq_u32_s32(vpaddq_s32(vmull_s16(vget_low_s16(p), vget_low_s16(q)), vmull_high_s16(p, q)));
}
inline void store(uint32_t* to, Words a) { vst1q_u32(to, a); }
inline void multiply(Words a, Words m, Words& high, Words& low) {
  const uint32x4_t p = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(m)));
  const uint32x4_t q = vreinterpretq_u32_u64(vmull_high_u32(a, m));
  low = vuzp1q_u32(p, q);
  high = vuzp2q_u32(p, q);
}

#endif

}  // namespace ewald::EWALD_ISA
