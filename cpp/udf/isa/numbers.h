// Types of frames for the kernels of this instruction set, and the types in which their sums are exact.
#pragma once
#include <cstdint>
#include <type_traits>

#include "common/simd.h"
#include "ewald.h"

namespace ewald::EWALD_ISA {

// Sums within a row: 2^16 numbers of 16 bits fit into 32 bits, wider integers take 64, floats are unchanged.
template <class T>
using RowSum =
    std::conditional_t<std::is_floating_point_v<T>, T,
                       std::conditional_t<sizeof(T) <= 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                                          std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>>;

// Sums of a frame.
template <class T>
using Total =
    std::conditional_t<std::is_floating_point_v<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

// The type in which a vector of a few numbers is added: twice as wide.
template <class T>
struct TwiceOf {
  using type = RowSum<T>;
};
template <>
struct TwiceOf<uint8_t> {
  using type = uint16_t;
};
template <>
struct TwiceOf<int8_t> {
  using type = int16_t;
};
template <class T>
using Twice = typename TwiceOf<T>::type;

// Numbers of a vector of sums.
template <class S>
constexpr int lanes_of = 4 * width / int(sizeof(S));
template <class S>
using Lanes = Vec<S, lanes_of<S>>;

// A vector of sums from as many narrower numbers.
template <class S, class T>
EWALD_INLINE Lanes<S> widen(const T* p) {
  if constexpr (std::is_same_v<S, T>)
    return load<S, lanes_of<S>>(p);
  else
    return widened<S, lanes_of<S>>(p);
}

template <class S>
EWALD_INLINE Total<S> across(Lanes<S> v) {
  S numbers[lanes_of<S>];
  store<S, lanes_of<S>>(numbers, v);
  Total<S> sum = 0;
  for (int k = 0; k < lanes_of<S>; k++) sum += numbers[k];
  return sum;
}

// Doubles of a vector: half as many as floats.
typedef double D __attribute__((vector_size(4 * width)));

EWALD_INLINE D load(const double* p) {
  D v;
  memcpy(&v, p, sizeof v);
  return v;
}
// Fused where the machine supports it: the compiler contracts it.
EWALD_INLINE D fma(D a, D b, D c) { return a * b + c; }
EWALD_INLINE double sum(D v) {
  double total = 0;
  for (int k = 0; k < width / 2; k++) total += v[k];
  return total;
}

// Calls f with a number of the frames' type.
template <class F>
EWALD_INLINE void with_type(uint32_t dtype, const F& f) {
  switch (dtype) {
    case EWALD_NUMBER_U8:
      return f(uint8_t());
    case EWALD_NUMBER_I8:
      return f(int8_t());
    case EWALD_NUMBER_U16:
      return f(uint16_t());
    case EWALD_NUMBER_I16:
      return f(int16_t());
    case EWALD_NUMBER_U32:
      return f(uint32_t());
    case EWALD_NUMBER_I32:
      return f(int32_t());
    default:
      return f(float());
  }
}

}  // namespace ewald::EWALD_ISA
