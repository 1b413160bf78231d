// Lengths whose lines have a kernel of their own in float32 (fixed.cuh): powers of two, and the products of 2, 3 and 5
// that are usual for volumes.
#pragma once
#include <cstdint>

#include "pass.h"

namespace ewald::cuda::fft {

struct Fixed {
  std::uint32_t length;
  std::uint32_t elements;  // complex numbers of a thread, so a line has length / elements threads
  std::uint32_t radix[3];  // of the stages; 0 after the last one
};

// Few stages, because the numbers cross shared memory between them, with radices alike, so that most threads work in
// each. The runs that the last stage writes, length / radix numbers, fill sectors of 32 bytes where they can.
constexpr Fixed fixed_lengths[] = {
    {60, 10, {12, 5}},          {64, 16, {8, 8}},           {80, 8, {8, 10}},           {96, 8, {8, 12}},
    {100, 10, {10, 10}},        {120, 10, {12, 10}},        {128, 16, {8, 16}},         {144, 12, {12, 12}},
    {160, 16, {16, 10}},        {192, 12, {16, 12}},        {200, 20, {20, 10}},        {240, 15, {16, 15}},
    {243, 9, {9, 9, 3}},        {250, 10, {10, 5, 5}},      {256, 16, {16, 16}},        {320, 16, {20, 16}},
    {384, 16, {24, 16}},        {400, 20, {20, 20}},        {480, 20, {24, 20}},        {500, 10, {10, 10, 5}},
    {512, 16, {8, 8, 8}},       {640, 8, {10, 8, 8}},       {768, 8, {12, 8, 8}},       {800, 8, {10, 10, 8}},
    {960, 8, {12, 10, 8}},      {1000, 10, {10, 10, 10}},   {1024, 16, {8, 8, 16}},     {2048, 16, {8, 16, 16}},
    {4096, 16, {16, 16, 16}}};
constexpr std::uint32_t fixed_count = sizeof fixed_lengths / sizeof *fixed_lengths;

// The row of a length; fixed_count if it has none.
constexpr std::uint32_t fixed_row(std::uint32_t length) {
  std::uint32_t row = 0;
  while (row < fixed_count && fixed_lengths[row].length != length) row++;
  return row;
}

// Lines of the largest block: a power of two.
constexpr std::uint32_t fixed_lanes(const Fixed& fixed) {
  std::uint32_t lanes = 1;
  while (2 * lanes * fixed.length <= capacity<float>) lanes *= 2;
  return lanes;
}

// Number j of a line is at j + j / gap of shared memory: the first stage writes strides of its radix, which would meet
// few banks if it is even.
constexpr std::uint32_t fixed_gap(const Fixed& fixed) {
  return fixed.radix[0] % 2 == 0 ? fixed.radix[0] : 2 * fixed.length;
}
// From line to line. Across an axis, half a warp takes 16 lines at one number, or 8 at two, or 4 at four: steps of an
// odd number times 1, 2 or 4 keep them on separate banks.
constexpr std::uint32_t fixed_pitch(const Fixed& fixed) {
  const std::uint32_t lanes = fixed_lanes(fixed), step = lanes < 16 ? 16 / lanes : 1;
  std::uint32_t pitch = fixed.length + fixed.length / fixed_gap(fixed);
  while (pitch % (2 * step) != step) pitch++;
  return pitch;
}

// Threads of a block with that many lines.
constexpr std::uint32_t fixed_threads(const Fixed& fixed, std::uint32_t lanes) {
  return (lanes * fixed.length / fixed.elements + 31) / 32 * 32;
}

}  // namespace ewald::cuda::fft
