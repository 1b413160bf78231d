// Memory with an owner. Device bytes are counted in their context, so that a test can check for leaks; a failed
// allocation reports the requested and the free bytes.
#pragma once
#include <cstddef>
#include <utility>

#include "context.h"

namespace ewald::cuda {

void* allocateDevice(ewald_cuda_context& context, std::size_t bytes, const char* what);
void freeDevice(ewald_cuda_context& context, void* memory, std::size_t bytes) noexcept;
void* allocatePinned(std::size_t bytes, const char* what);
void freePinned(void* memory) noexcept;
// Whether these bytes lie in one piece of memory that allocatePinned returned, so that a copy to the device reads them
// in place.
bool isPinned(const void* memory, std::size_t bytes);

// `count` elements of device memory; empty when moved from. The context must outlive it.
template <class T>
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(ewald_cuda_context& context, std::size_t count, const char* what = "a buffer")
      : context_(&context), data_(static_cast<T*>(allocateDevice(context, count * sizeof(T), what))), count_(count) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceBuffer() {
    if (data_) freeDevice(*context_, data_, count_ * sizeof(T));
  }
  T* data() const { return data_; }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return count_ * sizeof(T); }

private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  ewald_cuda_context* context_ = nullptr;
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

// `count` elements of page-locked host memory: copies to and from it overlap with kernels.
template <class T>
class PinnedBuffer {
public:
  PinnedBuffer() = default;
  explicit PinnedBuffer(std::size_t count, const char* what = "a staging buffer")
      : data_(static_cast<T*>(allocatePinned(count * sizeof(T), what))), count_(count) {}
  PinnedBuffer(PinnedBuffer&& other) noexcept { swap(other); }
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~PinnedBuffer() {
    if (data_) freePinned(data_);
  }
  T* data() const { return data_; }
  T& operator[](std::size_t index) const { return data_[index]; }
  std::size_t count() const { return count_; }

private:
  void swap(PinnedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace ewald::cuda
