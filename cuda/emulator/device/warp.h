// Shuffles, votes and __syncwarp. All named lanes must arrive at the same line with the same mask.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "barrier.h"

namespace ewald::emulator {
enum class WarpOp : unsigned char { index, up, down, exchange, ballot, any, all, matchAny, sync };
std::uint64_t warpMeeting(WarpOp op, unsigned mask, std::uint64_t value, unsigned parameter, unsigned width,
                          const char* file, unsigned line);
unsigned onlyThisLane();

template <class T>
T shuffle(WarpOp op, unsigned mask, T value, unsigned parameter, int width, const char* file, unsigned line) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "a shuffle moves 4 or 8 bytes");
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const std::uint64_t moved = warpMeeting(op, mask, std::bit_cast<Bits>(value), parameter, unsigned(width), file, line);
  return std::bit_cast<T>(Bits(moved));
}
}  // namespace ewald::emulator

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, EWALD_HERE) {
  return ::ewald::emulator::shuffle(::ewald::emulator::WarpOp::index, mask, value, unsigned(lane), width, file, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EWALD_HERE) {
  return ::ewald::emulator::shuffle(::ewald::emulator::WarpOp::up, mask, value, delta, width, file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EWALD_HERE) {
  return ::ewald::emulator::shuffle(::ewald::emulator::WarpOp::down, mask, value, delta, width, file, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32, EWALD_HERE) {
  return ::ewald::emulator::shuffle(::ewald::emulator::WarpOp::exchange, mask, value, unsigned(laneMask), width, file,
                                    line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, EWALD_HERE) {
  return unsigned(
      ::ewald::emulator::warpMeeting(::ewald::emulator::WarpOp::ballot, mask, predicate != 0, 0, 32, file, line));
}
inline int __any_sync(unsigned mask, int predicate, EWALD_HERE) {
  return int(::ewald::emulator::warpMeeting(::ewald::emulator::WarpOp::any, mask, predicate != 0, 0, 32, file, line));
}
inline int __all_sync(unsigned mask, int predicate, EWALD_HERE) {
  return int(::ewald::emulator::warpMeeting(::ewald::emulator::WarpOp::all, mask, predicate != 0, 0, 32, file, line));
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, EWALD_HERE) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return unsigned(::ewald::emulator::warpMeeting(::ewald::emulator::WarpOp::matchAny, mask, std::bit_cast<Bits>(value),
                                                 0, 32, file, line));
}
inline void __syncwarp(unsigned mask = 0xffffffffu, EWALD_HERE) {
  ::ewald::emulator::warpMeeting(::ewald::emulator::WarpOp::sync, mask, 0, 0, 32, file, line);
}
// The GPU decides which lanes run together; a single lane is an answer that every GPU may give, so code that needs more
// is wrong.
inline unsigned __activemask() { return ::ewald::emulator::onlyThisLane(); }
