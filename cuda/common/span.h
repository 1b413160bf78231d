// DeviceSpan<T>: a part of a device allocation. Plain pointers are already checked against their whole allocation; a
// span adds its own length, for arrays that share one workspace. With nvcc it is only a pointer: no length is stored
// and no check is made.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

namespace ewald::cuda {

template <class T>
class DeviceSpan {
public:
  DeviceSpan() = default;
#ifdef EWALD_CUDA_EMULATOR
  DeviceSpan(T* data, std::size_t size) : data_(data), size_(size) {}
  [[gnu::always_inline]] T& operator[](std::size_t index) const {
    if (index >= size_) ::ewald::emulator::outOfSpan(index, size_);
    return data_[index];
  }
#else
  __host__ __device__ DeviceSpan(T* data, std::size_t) : data_(data) {}
  __device__ __forceinline__ T& operator[](std::size_t index) const { return data_[index]; }
#endif
  __host__ __device__ T* data() const { return data_; }

private:
  T* data_ = nullptr;
#ifdef EWALD_CUDA_EMULATOR
  std::size_t size_ = 0;
#endif
};

}  // namespace ewald::cuda
