// Device memory that belongs to the caller and persists between calls of the rooms.
#include <memory>
#include <string>

#include "memory.h"
#include "staging.h"

struct ewald_cuda_array {
  ewald_cuda_context* context;
  ewald::cuda::DeviceBuffer<unsigned char> memory;
};

namespace {
using namespace ewald::cuda;

// A copy of `bytes` at byte `offset`; the caller specifies the direction.
template <class Copy>
int32_t copied(ewald_cuda_array* array, std::uint64_t offset, const void* other, std::uint64_t bytes, Copy copy) {
  return guarded([&] {
    if (!array || (!other && bytes))
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array: a pointer is null");
    const std::uint64_t size = array->memory.bytes();
    if (offset > size || bytes > size - offset)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array: " + std::to_string(bytes) +
                                                         " bytes at offset " + std::to_string(offset) +
                                                         " extend beyond the array of " + std::to_string(size));
    if (bytes == 0) return;
    useContext(array->context, [&] {
      copy(array->memory.data() + offset);
      EWALD_CUDA(cudaStreamSynchronize(array->context->stream));
    });
  });
}
}  // namespace

extern "C" {

int32_t ewald_cuda_array_create(ewald_cuda_context* context, uint64_t bytes, ewald_cuda_array** array) {
  return guarded([&] {
    if (!array) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array_create: a pointer is null");
    *array = nullptr;
    if (bytes == 0)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array_create: an array must have at least 1 byte");
    useContext(context, [&] {
      DeviceBuffer<unsigned char> memory(*context, bytes, "an array");
      EWALD_CUDA(cudaMemsetAsync(memory.data(), 0, bytes, context->stream));
      EWALD_CUDA(cudaStreamSynchronize(context->stream));
      *array = new ewald_cuda_array{context, std::move(memory)};
    });
  });
}

void ewald_cuda_array_destroy(ewald_cuda_array* array) {
  if (!array) return;
  const std::lock_guard lock(array->context->busy);
  cudaSetDevice(array->context->device);
  delete array;
}

void* ewald_cuda_array_memory(const ewald_cuda_array* array) { return array->memory.data(); }

int32_t ewald_cuda_array_write(ewald_cuda_array* array, uint64_t offset, const void* from, uint64_t bytes) {
  return copied(array, offset, from, bytes, [&](unsigned char* to) {
    array->context->staging->to_device(to, from, bytes, array->context->stream);
  });
}

int32_t ewald_cuda_array_read(ewald_cuda_array* array, uint64_t offset, void* into, uint64_t bytes) {
  return copied(array, offset, into, bytes, [&](unsigned char* from) {
    array->context->staging->from_device(into, from, bytes, array->context->stream);
  });
}
}
