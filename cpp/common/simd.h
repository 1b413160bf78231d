// Vectors for kernels that are compiled once for each instruction set (see cpu.h): the one file with intrinsics for all
// rooms.
//
// A file that includes this is compiled with -DEWALD_ISA=sse2|avx2|avx512|neon|simd128 and the matching machine flags;
// everything here lives in namespace ewald::<that name> and is always inlined, so the linker never mixes code of two
// instruction sets.
//
//   F  `width` floats        I  `width` int32        U  `width` uint32        M  one truth value a lane
//   Vec<T, W>  W numbers of any type
//
// Two notes. Splats use the intrinsics, because both g++ and clang compile a loop that fills a vector badly. `fma` is
// fused where the machine supports it and two operations elsewhere, so results of different sets may differ in the last
// bit.
#pragma once
#ifndef EWALD_ISA
#error "compile this file with -DEWALD_ISA=<instruction set>"
#endif
#include <stdint.h>
#include <string.h>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 warns about its own AVX-512 header (GCC bug 105593, mended in 13): drop this when 12 is no longer used.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define EWALD_INLINE static inline __attribute__((always_inline))

namespace ewald::EWALD_ISA {

#if defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX2__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif

typedef float F __attribute__((vector_size(4 * width)));
typedef int32_t I __attribute__((vector_size(4 * width)));
typedef uint32_t U __attribute__((vector_size(4 * width)));

EWALD_INLINE F load(const float* p) {
  F v;
  memcpy(&v, p, sizeof v);
  return v;
}
EWALD_INLINE I load(const int32_t* p) {
  I v;
  memcpy(&v, p, sizeof v);
  return v;
}
EWALD_INLINE void store(float* p, F v) { memcpy(p, &v, sizeof v); }
EWALD_INLINE void store(int32_t* p, I v) { memcpy(p, &v, sizeof v); }
EWALD_INLINE void store(uint32_t* p, U v) { memcpy(p, &v, sizeof v); }
EWALD_INLINE I bits(F v) { return (I)v; }
EWALD_INLINE F from_bits(I v) { return (F)v; }

#if defined(__AVX512F__)
typedef __mmask16 M;
EWALD_INLINE F splat(float x) { return (F)_mm512_set1_ps(x); }
EWALD_INLINE I splat(int32_t x) { return (I)_mm512_set1_epi32(x); }
EWALD_INLINE F fma(F a, F b, F c) { return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
EWALD_INLINE F fnma(F a, F b, F c) { return (F)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c); }
EWALD_INLINE F round_even(F x) {
  return (F)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
EWALD_INLINE F sqrt(F x) { return (F)_mm512_sqrt_ps((__m512)x); }
EWALD_INLINE F min(F a, F b) { return (F)_mm512_min_ps((__m512)a, (__m512)b); }
EWALD_INLINE F max(F a, F b) { return (F)_mm512_max_ps((__m512)a, (__m512)b); }
EWALD_INLINE M lt(F a, F b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
EWALD_INLINE M lt(I a, I b) { return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b); }
EWALD_INLINE M both(M a, M b) { return a & b; }
EWALD_INLINE F where(M m, F v) { return (F)_mm512_maskz_mov_ps(m, (__m512)v); }
EWALD_INLINE F choose(M m, F yes, F no) { return (F)_mm512_mask_mov_ps((__m512)no, m, (__m512)yes); }
// c + 1, a + v in the lanes of m, unchanged elsewhere
EWALD_INLINE I count(M m, I c) { return (I)_mm512_mask_sub_epi32((__m512i)c, m, (__m512i)c, _mm512_set1_epi32(-1)); }
EWALD_INLINE F add_where(M m, F a, F v) { return (F)_mm512_mask_add_ps((__m512)a, m, (__m512)a, (__m512)v); }
EWALD_INLINE uint32_t lanes(M m) { return m; }
EWALD_INLINE float sum(F v) { return _mm512_reduce_add_ps((__m512)v); }
EWALD_INLINE int32_t sum(I v) { return _mm512_reduce_add_epi32((__m512i)v); }
#else
typedef I M;
#if defined(__AVX2__)
EWALD_INLINE F splat(float x) { return (F)_mm256_set1_ps(x); }
EWALD_INLINE I splat(int32_t x) { return (I)_mm256_set1_epi32(x); }
EWALD_INLINE F fma(F a, F b, F c) { return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
EWALD_INLINE F fnma(F a, F b, F c) { return (F)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c); }
EWALD_INLINE F round_even(F x) { return (F)_mm256_round_ps((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
EWALD_INLINE F sqrt(F x) { return (F)_mm256_sqrt_ps((__m256)x); }
EWALD_INLINE F min(F a, F b) { return (F)_mm256_min_ps((__m256)a, (__m256)b); }
EWALD_INLINE F max(F a, F b) { return (F)_mm256_max_ps((__m256)a, (__m256)b); }
EWALD_INLINE uint32_t lanes(M m) { return (uint32_t)_mm256_movemask_ps((__m256)m); }
#elif defined(__wasm_simd128__)
EWALD_INLINE F splat(float x) { return (F)wasm_f32x4_splat(x); }
EWALD_INLINE I splat(int32_t x) { return (I)wasm_i32x4_splat(x); }
EWALD_INLINE F fma(F a, F b, F c) { return a * b + c; }
EWALD_INLINE F fnma(F a, F b, F c) { return c - a * b; }
EWALD_INLINE F round_even(F x) { return (F)wasm_f32x4_nearest((v128_t)x); }
EWALD_INLINE F sqrt(F x) { return (F)wasm_f32x4_sqrt((v128_t)x); }
EWALD_INLINE F min(F a, F b) { return (F)wasm_f32x4_pmin((v128_t)a, (v128_t)b); }
EWALD_INLINE F max(F a, F b) { return (F)wasm_f32x4_pmax((v128_t)a, (v128_t)b); }
EWALD_INLINE uint32_t lanes(M m) { return (uint32_t)wasm_i32x4_bitmask((v128_t)m); }
#elif defined(__SSE2__)
EWALD_INLINE F splat(float x) { return (F)_mm_set1_ps(x); }
EWALD_INLINE I splat(int32_t x) { return (I)_mm_set1_epi32(x); }
EWALD_INLINE F fma(F a, F b, F c) { return a * b + c; }
EWALD_INLINE F fnma(F a, F b, F c) { return c - a * b; }
// SSE2 has no rounding instruction; adding and taking away 1.5 * 2^23 rounds half to even for |x| < 2^22.
EWALD_INLINE F round_even(F x) {
  const F magic = splat(12582912.0f);
  F y = x + magic;
  __asm__("" : "+x"(y));  // or the compiler may cancel the pair
  return y - magic;
}
EWALD_INLINE F sqrt(F x) { return (F)_mm_sqrt_ps((__m128)x); }
EWALD_INLINE F min(F a, F b) { return (F)_mm_min_ps((__m128)a, (__m128)b); }
EWALD_INLINE F max(F a, F b) { return (F)_mm_max_ps((__m128)a, (__m128)b); }
EWALD_INLINE uint32_t lanes(M m) { return (uint32_t)_mm_movemask_ps((__m128)m); }
#elif defined(__ARM_NEON)
EWALD_INLINE F splat(float x) { return (F)vdupq_n_f32(x); }
EWALD_INLINE I splat(int32_t x) { return (I)vdupq_n_s32(x); }
EWALD_INLINE F fma(F a, F b, F c) { return (F)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
EWALD_INLINE F fnma(F a, F b, F c) { return (F)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
EWALD_INLINE F round_even(F x) { return (F)vrndnq_f32((float32x4_t)x); }
EWALD_INLINE F sqrt(F x) { return (F)vsqrtq_f32((float32x4_t)x); }
EWALD_INLINE F min(F a, F b) { return (F)vminq_f32((float32x4_t)a, (float32x4_t)b); }
EWALD_INLINE F max(F a, F b) { return (F)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
EWALD_INLINE uint32_t lanes(M m) {
  uint32_t r = 0;
  for (int k = 0; k < width; k++) r |= (uint32_t)(m[k] & 1) << k;
  return r;
}
#else
#error "no vectors for this machine"
#endif
EWALD_INLINE M lt(F a, F b) { return (I)(a < b); }
EWALD_INLINE M lt(I a, I b) { return (I)(a < b); }
EWALD_INLINE M both(M a, M b) { return a & b; }
EWALD_INLINE F where(M m, F v) { return (F)((I)v & m); }
EWALD_INLINE F choose(M m, F yes, F no) { return (F)(((I)yes & m) | ((I)no & ~m)); }
EWALD_INLINE I count(M m, I c) { return c - m; }
EWALD_INLINE F add_where(M m, F a, F v) { return a + where(m, v); }
EWALD_INLINE float sum(F v) {
  float half[width];
  store(half, v);
  // pairwise, the order every set uses
  for (int step = width / 2; step > 0; step /= 2)
    for (int k = 0; k < step; k++) half[k] += half[k + step];
  return half[0];
}
EWALD_INLINE int32_t sum(I v) {
  int32_t total = 0;
  for (int k = 0; k < width; k++) total += v[k];
  return total;
}
#endif

EWALD_INLINE F zero() { return splat(0.0f); }
EWALD_INLINE I izero() { return splat((int32_t)0); }
EWALD_INLINE U splat(uint32_t x) { return (U)splat((int32_t)x); }
// 0, 1, 2 ..
EWALD_INLINE U iota() {
  U v{};
  for (int k = 0; k < width; k++) v[k] = (uint32_t)k;
  return v;
}

// Products of 32-bit lanes, high and low words. x86 and wasm multiply the even lanes only, NEON the low or high half,
// so the product comes as two vectors of 64-bit lanes and is sorted into words again. dot16: products of signed 16-bit
// halves, both of a lane added.
#if defined(__wasm_simd128__)
EWALD_INLINE void multiply(U a, U m, U& high, U& low) {
  const v128_t p = wasm_u64x2_extmul_low_u32x4((v128_t)a, (v128_t)m),
               q = wasm_u64x2_extmul_high_u32x4((v128_t)a, (v128_t)m);
  low = (U)wasm_i32x4_shuffle(p, q, 0, 2, 4, 6);
  high = (U)wasm_i32x4_shuffle(p, q, 1, 3, 5, 7);
}
EWALD_INLINE U dot16(U a, U b) { return (U)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b); }
#elif defined(__AVX512F__)
EWALD_INLINE void multiply(U a, U m, U& high, U& low) {
  const __m512i even = _mm512_mul_epu32((__m512i)a, (__m512i)m),
                odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), (__m512i)m);
  high = (U)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
  low = (U)_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}
EWALD_INLINE U dot16(U a, U b) { return (U)_mm512_madd_epi16((__m512i)a, (__m512i)b); }
#elif defined(__AVX2__)
EWALD_INLINE void multiply(U a, U m, U& high, U& low) {
  const __m256i even = _mm256_mul_epu32((__m256i)a, (__m256i)m),
                odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), (__m256i)m);
  high = (U)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = (U)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
EWALD_INLINE U dot16(U a, U b) { return (U)_mm256_madd_epi16((__m256i)a, (__m256i)b); }
#elif defined(__SSE2__)
EWALD_INLINE void multiply(U a, U m, U& high, U& low) {
  const __m128i even = _mm_mul_epu32((__m128i)a, (__m128i)m),
                odd = _mm_mul_epu32(_mm_srli_epi64((__m128i)a, 32), (__m128i)m);
  const __m128 p = _mm_castsi128_ps(even), q = _mm_castsi128_ps(odd);
  low = (U)_mm_shuffle_epi32(_mm_castps_si128(_mm_shuffle_ps(p, q, _MM_SHUFFLE(2, 0, 2, 0))), _MM_SHUFFLE(3, 1, 2, 0));
  high = (U)_mm_shuffle_epi32(_mm_castps_si128(_mm_shuffle_ps(p, q, _MM_SHUFFLE(3, 1, 3, 1))), _MM_SHUFFLE(3, 1, 2, 0));
}
EWALD_INLINE U dot16(U a, U b) { return (U)_mm_madd_epi16((__m128i)a, (__m128i)b); }
#else
EWALD_INLINE void multiply(U a, U m, U& high, U& low) {
  const uint32x4_t x = (uint32x4_t)a, y = (uint32x4_t)m;
  const uint32x4_t p = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(x), vget_low_u32(y)));
  const uint32x4_t q = vreinterpretq_u32_u64(vmull_high_u32(x, y));
  low = (U)vuzp1q_u32(p, q);
  high = (U)vuzp2q_u32(p, q);
}
EWALD_INLINE U dot16(U a, U b) {
  const int16x8_t p = vreinterpretq_s16_u32((uint32x4_t)a), q = vreinterpretq_s16_u32((uint32x4_t)b);
  return (U)vpaddq_s32(vmull_s16(vget_low_s16(p), vget_low_s16(q)), vmull_high_s16(p, q));
}
#endif

template <class T, int W>
struct VecOf {
  typedef T type __attribute__((vector_size(sizeof(T) * W)));
};
template <class T, int W>
using Vec = typename VecOf<T, W>::type;

// Of any type and width.
template <class T, int W>
EWALD_INLINE Vec<T, W> splat(T x) {
  constexpr int bytes = int(sizeof(T)) * W;
#if defined(__wasm_simd128__)
  static_assert(bytes == 16);
  if constexpr (sizeof(T) == 4)
    return (Vec<T, W>)wasm_f32x4_splat(x);
  else
    return (Vec<T, W>)wasm_f64x2_splat(x);
#elif defined(__SSE2__)
#if defined(__AVX512F__)
  if constexpr (bytes == 64) {
    if constexpr (sizeof(T) == 4)
      return (Vec<T, W>)_mm512_set1_ps(x);
    else
      return (Vec<T, W>)_mm512_set1_pd(x);
  }
#endif
#if defined(__AVX2__)
  if constexpr (bytes == 32) {
    if constexpr (sizeof(T) == 4)
      return (Vec<T, W>)_mm256_set1_ps(x);
    else
      return (Vec<T, W>)_mm256_set1_pd(x);
  }
#endif
  if constexpr (bytes == 16) {
    if constexpr (sizeof(T) == 4)
      return (Vec<T, W>)_mm_set1_ps(x);
    else
      return (Vec<T, W>)_mm_set1_pd(x);
  }
#else
  static_assert(bytes == 16);
  if constexpr (sizeof(T) == 4)
    return (Vec<T, W>)vdupq_n_f32(x);
  else
    return (Vec<T, W>)vdupq_n_f64(x);
#endif
}

template <class T, int W>
EWALD_INLINE Vec<T, W> load(const T* p) {
  Vec<T, W> v;
  memcpy(&v, p, sizeof v);
  return v;
}
template <class T, int W>
EWALD_INLINE void store(T* p, Vec<T, W> v) {
  memcpy(p, &v, sizeof v);
}

// W numbers, each as one of twice its width.
template <class To, int W, class From>
EWALD_INLINE Vec<To, W> widened(const From* p) {
  static_assert(sizeof(To) == 2 * sizeof(From));
#if defined(__wasm_simd128__)
  if constexpr (From(1) / 2 != 0)
    return (Vec<To, W>)wasm_f64x2_promote_low_f32x4(wasm_v128_load64_zero(p));
  else if constexpr (sizeof(From) == 1)
    return (Vec<To, W>)(From(-1) < 0 ? wasm_i16x8_load8x8(p) : wasm_u16x8_load8x8(p));
  else if constexpr (sizeof(From) == 2)
    return (Vec<To, W>)(From(-1) < 0 ? wasm_i32x4_load16x4(p) : wasm_u32x4_load16x4(p));
  else
    return (Vec<To, W>)(From(-1) < 0 ? wasm_i64x2_load32x2(p) : wasm_u64x2_load32x2(p));
#else
  return __builtin_convertvector((load<From, W>(p)), Vec<To, W>);
#endif
}

// 2 W numbers, each as one of twice its width.
template <class To, int W, class From>
EWALD_INLINE void widen_two(const From* p, Vec<To, W>& low, Vec<To, W>& high) {
#if defined(__wasm_simd128__)
  if constexpr (From(1) / 2 != 0) {
    const v128_t both = wasm_v128_load(p);
    low = (Vec<To, W>)wasm_f64x2_promote_low_f32x4(both);
    high = (Vec<To, W>)wasm_f64x2_promote_low_f32x4(wasm_i64x2_shuffle(both, both, 1, 1));
    return;
  }
#endif
  low = widened<To, W>(p);
  high = widened<To, W>(p + W);
}

// The 16-bit halves of two vectors in turn, within each 16 bytes: of their first eight bytes, of their last.
#if defined(__wasm_simd128__)
EWALD_INLINE U interleave_low16(U a, U b) {
  return (U)wasm_i16x8_shuffle((v128_t)a, (v128_t)b, 0, 8, 1, 9, 2, 10, 3, 11);
}
EWALD_INLINE U interleave_high16(U a, U b) {
  return (U)wasm_i16x8_shuffle((v128_t)a, (v128_t)b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#elif defined(__AVX512F__)
EWALD_INLINE U interleave_low16(U a, U b) { return (U)_mm512_unpacklo_epi16((__m512i)a, (__m512i)b); }
EWALD_INLINE U interleave_high16(U a, U b) { return (U)_mm512_unpackhi_epi16((__m512i)a, (__m512i)b); }
#elif defined(__AVX2__)
EWALD_INLINE U interleave_low16(U a, U b) { return (U)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b); }
EWALD_INLINE U interleave_high16(U a, U b) { return (U)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b); }
#elif defined(__SSE2__)
EWALD_INLINE U interleave_low16(U a, U b) { return (U)_mm_unpacklo_epi16((__m128i)a, (__m128i)b); }
EWALD_INLINE U interleave_high16(U a, U b) { return (U)_mm_unpackhi_epi16((__m128i)a, (__m128i)b); }
#else
EWALD_INLINE U interleave_low16(U a, U b) { return (U)vzip1q_u16((uint16x8_t)a, (uint16x8_t)b); }
EWALD_INLINE U interleave_high16(U a, U b) { return (U)vzip2q_u16((uint16x8_t)a, (uint16x8_t)b); }
#endif

}  // namespace ewald::EWALD_ISA
