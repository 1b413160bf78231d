// A broken kernel and its correct counterpart: the same template, with Broken true and false. run(true) must end with
// `expected`, run(false) without a report and with the right numbers.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../../common/launch.h"
#include "../../common/shared.h"
#include "../mode.h"

namespace ewald::emulator::broken {

struct Case {
  std::string name;
  Finding expected;
  std::function<bool(bool broken)> run;  // false: the numbers are wrong
  bool host = false;                     // the mistake is not in a kernel, so the report names no kernel
};

std::vector<Case> memoryCases();
std::vector<Case> raceCases();
std::vector<Case> barrierCases();
std::vector<Case> warpCases();
std::vector<Case> hostCases();

// Device memory of a test: filled from the host, read back by at().
template <class T>
class Array {
public:
  explicit Array(std::size_t count, bool filled = true) : count_(count) {
    cudaMalloc(&data_, count * sizeof(T));
    if (!filled) return;
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = T(i);
    cudaMemcpy(data_, values.data(), count * sizeof(T), cudaMemcpyHostToDevice);
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { cudaFree(data_); }
  T* data() const { return data_; }
  std::size_t count() const { return count_; }
  T at(std::size_t index) const {
    T value{};
    cudaMemcpy(&value, data_ + index, sizeof value, cudaMemcpyDeviceToHost);
    return value;
  }

private:
  T* data_ = nullptr;
  std::size_t count_;
};

// Launches one of the two kernels.
#define EWALD_TWINS(broken, kernel, grid, block, shared, ...)           \
  do {                                                                  \
    if (broken)                                                         \
      EWALD_LAUNCH(kernel<true>, grid, block, shared, 0, __VA_ARGS__);  \
    else                                                                \
      EWALD_LAUNCH(kernel<false>, grid, block, shared, 0, __VA_ARGS__); \
  } while (0)

}  // namespace ewald::emulator::broken
