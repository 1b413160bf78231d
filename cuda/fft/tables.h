// Tables of a plan, made in float64 and rounded once: roots of unity, chirps and the spectra of convolutions, in one
// array of complex numbers.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace ewald::cuda::fft {

// Assigns the position of each table; nothing is computed before `fill`. A table requested twice is stored once.
class Tables {
public:
  // exp(-2 pi i k step / n), k < length
  std::uint32_t roots(std::uint64_t n, std::uint64_t length, std::uint64_t step = 1);
  // exp(-2 pi i q k / (span radix)) for 0 < q < radix, k < span, at (q - 1) span + k
  std::uint32_t stage(std::uint32_t radix, std::uint32_t span);
  // exp(-pi i (k + eighths / 8) / n), k < length
  std::uint32_t half(std::uint64_t n, std::uint64_t length, std::uint32_t eighths = 0);
  // exp(-pi i k^2 / n), k < n
  std::uint32_t chirp(std::uint64_t n);
  // the transform of the conjugated chirp, wrapped around `length` points, over `length`
  std::uint32_t spectrum(std::uint64_t n, std::uint64_t length);

  std::uint64_t count() const { return count_; }
  // All tables, real and imaginary parts in turn.
  std::vector<double> fill() const;

private:
  using Key = std::array<std::uint64_t, 4>;
  using Fill = std::function<void(double*)>;
  std::uint32_t add(const Key& key, std::uint64_t length, Fill fill);

  struct Entry {
    std::uint64_t offset;
    Fill fill;
  };
  std::map<Key, std::uint32_t> places_;
  std::vector<Entry> entries_;
  std::uint64_t count_ = 0;
};

}  // namespace ewald::cuda::fft
