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
// few banks if it is even. A convolution also writes strides of its last radix, on its way back.
constexpr std::uint32_t fixed_gap(const Fixed& fixed, bool convolves = false) {
  const std::uint32_t radix = convolves && fixed.length > 64 ? 16 : fixed.radix[0];
  return radix % 2 == 0 ? radix : 2 * fixed.length;
}
constexpr std::uint32_t fixed_gapped(const Fixed& fixed, bool convolves, std::uint32_t j) {
  return j + j / fixed_gap(fixed, convolves);
}

// Whether lines of that length are also the convolutions of others.
constexpr bool fixed_convolves(std::uint32_t length) { return (length & (length - 1)) == 0; }

// Whether neighbouring threads may also take two lines in turn; what that needs does not fit into the registers beside 20
// numbers.
constexpr bool fixed_takes_pairs(const Fixed& fixed) { return fixed.elements <= 16; }

constexpr std::uint32_t fixed_stages(const Fixed& fixed) { return fixed.radix[2] != 0 ? 3 : 2; }
// Of stage s; the way back of a convolution has the radices in reverse, so that it begins with the numbers that a thread
// holds.
constexpr std::uint32_t fixed_radix(const Fixed& fixed, std::uint32_t s, bool backward = false) {
  return fixed.radix[backward ? fixed_stages(fixed) - 1 - s : s];
}

// Numbers that a thread holds in the stage with the most.
constexpr std::uint32_t fixed_held(const Fixed& fixed) {
  std::uint32_t most = 0;
  for (std::uint32_t s = 0; s < fixed_stages(fixed); s++) {
    const std::uint32_t held = (fixed.elements + fixed.radix[s] - 1) / fixed.radix[s] * fixed.radix[s];
    most = held > most ? held : most;
  }
  return most;
}

// Threads of a block with that many lines.
constexpr std::uint32_t fixed_threads(const Fixed& fixed, std::uint32_t lanes) {
  return (lanes * fixed.length / fixed.elements + 31) / 32 * 32;
}

}  // namespace ewald::cuda::fft
