#include "lengths.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fft/factor.h"

namespace ewald::cuda::fft {
namespace {

std::vector<std::uint64_t> divisors_of(std::uint64_t n) {
  std::vector<std::uint64_t> divisors;
  for (std::uint64_t d = 1; d * d <= n; d++) {
    if (n % d != 0) continue;
    divisors.push_back(d);
    if (d * d != n) divisors.push_back(n / d);
  }
  return divisors;
}

// `count` factors that all fit, as equal as possible; empty if there is no such factorisation.
std::vector<Core> balanced(std::uint64_t points, std::uint32_t count, std::uint32_t room) {
  if (count == 1) {
    const Core core = core_of(points, room);
    return core.length != 0 ? std::vector<Core>{core} : std::vector<Core>{};
  }
  const double ideal = std::pow(double(points), 1.0 / count);
  std::vector<std::uint64_t> divisors = divisors_of(points);
  const auto distance = [&](std::uint64_t d) { return std::fabs(std::log(double(d) / ideal)); };
  std::sort(divisors.begin(), divisors.end(), [&](std::uint64_t a, std::uint64_t b) {
    return distance(a) != distance(b) ? distance(a) < distance(b) : a < b;
  });
  for (const std::uint64_t divisor : divisors) {
    if (divisor == 1 || divisor == points) continue;
    const Core core = core_of(divisor, room);
    if (core.length == 0) continue;
    std::vector<Core> rest = balanced(points / divisor, count - 1, room);
    if (rest.empty()) continue;
    rest.insert(rest.begin(), core);
    return rest;
  }
  return {};
}

std::vector<Core> cut(std::uint64_t points, std::uint32_t capacity, std::uint32_t side_by_side) {
  for (const std::uint32_t room : {capacity / side_by_side, capacity})
    for (std::uint32_t count = 2; count <= 4; count++) {
      if (room != capacity && count == 4) continue;
      std::vector<Core> found = balanced(points, count, room);
      if (!found.empty()) return found;
    }
  return {};
}

}  // namespace

std::vector<std::uint32_t> radices_of(std::uint32_t n) {
  std::vector<std::uint32_t> radices;
  for (const std::uint32_t p : {13u, 11u, 7u, 5u, 3u})
    for (; n % p == 0; n /= p) radices.push_back(p);
  std::uint32_t twos = 0;
  for (; n % 2 == 0; n /= 2) twos++;
  // 16 = 4 * 4, not 8 * 2
  for (; twos > 4 || twos == 3; twos -= 3) radices.push_back(8);
  if (twos == 4)
    radices.insert(radices.end(), {4, 4});
  else if (twos > 0)
    radices.push_back(1u << twos);
  return radices;
}

std::uint64_t convolution_length(std::uint64_t shortest) {
  std::uint64_t best = ~std::uint64_t(0);
  for (const std::uint64_t odd : {1u, 3u, 5u, 9u, 15u, 25u, 27u}) {
    std::uint64_t length = odd;
    while (length < shortest) length *= 2;
    best = std::min(best, length);
  }
  return best;
}

Core core_of(std::uint64_t points, std::uint32_t capacity) {
  if (points <= capacity && ewald::fft::is_smooth(std::size_t(points)))
    return {std::uint32_t(points), std::uint32_t(points)};
  const std::uint64_t length = convolution_length(2 * points - 1);
  return length <= capacity ? Core{std::uint32_t(points), std::uint32_t(length)} : Core{};
}

Split split_of(std::uint64_t points, std::uint32_t capacity, std::uint32_t side_by_side) {
  const Core whole = core_of(points, capacity);
  if (whole.length != 0) return {{whole}, 0};
  std::vector<Core> pieces = cut(points, capacity, side_by_side);
  if (!pieces.empty()) return {pieces, 0};
  const std::uint64_t convolution = convolution_length(2 * points - 1);
  pieces = cut(convolution, capacity, side_by_side);
  if (pieces.empty()) throw std::logic_error("a convolution was not split into passes");
  return {pieces, convolution};
}

}  // namespace ewald::cuda::fft
