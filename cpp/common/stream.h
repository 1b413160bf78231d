// Stores past the cache, for results that are read only long after they were written.
#pragma once
#include "common/simd.h"

namespace ewald::EWALD_ISA {

// Whether two vectors fill whole cache lines, which can then be stored without reading them first.
template <class T, int W>
constexpr bool streams =
#if defined(__SSE2__)
    sizeof(T) * W >= 32;
#else
    false;
#endif

// Stores past the cache, to an address that is a multiple of the size of the vector; `end_stream` must follow before
// another thread reads it.
template <class T, int W>
EWALD_INLINE void stream(T* p, Vec<T, W> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof v == 64) return _mm512_stream_si512((__m512i*)p, (__m512i)v);
#endif
#if defined(__AVX2__)
  if constexpr (sizeof v == 32) return _mm256_stream_si256((__m256i*)p, (__m256i)v);
#endif
  store<T, W>(p, v);
}
EWALD_INLINE void end_stream() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace ewald::EWALD_ISA
