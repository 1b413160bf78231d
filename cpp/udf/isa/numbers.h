// Types of frames for the kernels of this instruction set, and what their sums are exact in.
#pragma once
#include <cstdint>
#include <type_traits>

#include "common/simd.h"
#include "ewald.h"

namespace ewald::EWALD_ISA {

// Sums within a row: 2^16 numbers of 16 bits fit into 32 bits, wider integers take 64, floats stay as they are.
template <class T>
using RowSum = std::conditional_t<sizeof(T) <= 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                                  std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

// Calls f with a pointer of the frames' type.
template <class F>
EWALD_INLINE void with_type(uint32_t dtype, const void* frames, const F& f) {
  switch (dtype) {
    case EWALD_NUMBER_U8:
      return f(static_cast<const uint8_t*>(frames));
    case EWALD_NUMBER_I8:
      return f(static_cast<const int8_t*>(frames));
    case EWALD_NUMBER_U16:
      return f(static_cast<const uint16_t*>(frames));
    case EWALD_NUMBER_I16:
      return f(static_cast<const int16_t*>(frames));
    case EWALD_NUMBER_U32:
      return f(static_cast<const uint32_t*>(frames));
    case EWALD_NUMBER_I32:
      return f(static_cast<const int32_t*>(frames));
    default:
      return f(static_cast<const float*>(frames));
  }
}

}  // namespace ewald::EWALD_ISA
