// Four pixels at a time, of any type; and numbers of any type in one order.
#pragma once
#include "pass.cuh"

namespace ewald::cuda::udf {

template <class T>
struct QuadOf;
template <>
struct QuadOf<std::uint8_t> {
  using type = uchar4;
};
template <>
struct QuadOf<std::int8_t> {
  using type = char4;
};
template <>
struct QuadOf<std::uint16_t> {
  using type = ushort4;
};
template <>
struct QuadOf<std::int16_t> {
  using type = short4;
};
template <>
struct QuadOf<std::uint32_t> {
  using type = uint4;
};
template <>
struct QuadOf<std::int32_t> {
  using type = int4;
};
template <>
struct QuadOf<float> {
  using type = float4;
};
template <class T>
using Quad = typename QuadOf<T>::type;

// The four pixels at an address; zeros in place of those beyond the end of the frame, of which `left` pixels remain
// there. If frames are not aligned the pixels are read one by one, equally coalesced, but with four loads instead of
// one.
template <bool Aligned, class T>
__device__ __forceinline__ Quad<T> quad_from(const T* at, std::uint32_t left) {
  if constexpr (Aligned) return *reinterpret_cast<const Quad<T>*>(at);
  Quad<T> quad;
  quad.x = at[0];
  quad.y = left > 1 ? at[1] : T(0);
  quad.z = left > 2 ? at[2] : T(0);
  quad.w = left > 3 ? at[3] : T(0);
  return quad;
}

// The same for frames of which only the launch says whether they are aligned.
template <class T>
__device__ __forceinline__ Quad<T> quad_at(const T* at, std::uint32_t left, const Frames<T>& frames) {
  return frames.aligned ? quad_from<true>(at, left) : quad_from<false>(at, left);
}

// The value about which moments of a pixel are taken: its number in the first frame, or 0 if that is not finite,
// because every difference from it would be NaN.
template <class T>
__device__ __forceinline__ double middle_of(T first) {
  const double v = double(first);
  return v - v == 0 ? v : 0;
}

// Words in the order of the numbers that they represent, like order_of of wgsl/udf/order.wgsl.
template <class T>
__device__ __forceinline__ std::uint32_t order_of(T v) {
  if constexpr (kReal<T>) {
    const std::uint32_t bits = __float_as_uint(v);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
  } else if constexpr (std::is_signed_v<T>) {
    return std::uint32_t(std::int32_t(v)) ^ 0x80000000u;
  } else {
    return v;
  }
}

// The same with NaN below all numbers: it is the smallest of its frame, and makes every difference from it NaN.
template <class T>
__device__ __forceinline__ std::uint32_t order_or_least(T v) {
  if constexpr (kReal<T>)
    if (v != v) return 0;
  return order_of(v);
}

// The difference between a number and the smallest one of its frame, which is given as an ordered word.
template <class T>
__device__ __forceinline__ double above(T v, std::uint32_t least) {
  if constexpr (kReal<T>) {
    const std::uint32_t bits = least >> 31 ? least & 0x7fffffffu : ~least;
    return double(v) - double(__uint_as_float(bits));
  } else {
    return double(order_of(v) - least);
  }
}

}  // namespace ewald::cuda::udf
