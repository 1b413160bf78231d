// Device memory that belongs to the caller and persists between calls of the rooms.
#include <memory>
#include <string>

#include "memory.h"
#include "staging.h"

struct ewald_cuda_array {
  ewald_cuda_context* context;
  // Empty where the memory is another library's.
  ewald::cuda::DeviceBuffer<unsigned char> own;
  unsigned char* data;
  std::uint64_t bytes;
};

namespace {
using namespace ewald::cuda;

// A copy of `bytes` at byte `offset`; the caller specifies the direction.
template <class Copy>
int32_t copied(ewald_cuda_array* array, std::uint64_t offset, const void* other, std::uint64_t bytes, Copy copy) {
  return guarded([&] {
    if (!array || (!other && bytes))
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array: a pointer is null");
    const std::uint64_t size = array->bytes;
    if (offset > size || bytes > size - offset)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array: " + std::to_string(bytes) +
                                                         " bytes at offset " + std::to_string(offset) +
                                                         " extend beyond the array of " + std::to_string(size));
    if (bytes == 0) return;
    useContext(array->context, [&] {
      copy(array->data + offset);
      EWALD_CUDA(cudaStreamSynchronize(array->context->stream));
    });
  });
}

// Throws unless this byte of another library's memory is one that kernels of the context can use.
void expectOnDevice(const ewald_cuda_context& context, const unsigned char* byte, const char* which) {
  const auto wrong = [&](const std::string& why) {
    return CudaError(EWALD_STATUS_INVALID_ARGUMENT, std::string("array: the ") + which + " byte of the memory " + why);
  };
  cudaPointerAttributes found{};
  if (cudaPointerGetAttributes(&found, byte) != cudaSuccess) {
    cudaGetLastError();
    throw wrong("is unknown to CUDA; expected memory of cudaMalloc or cudaMallocManaged that was not freed");
  }
  if (found.type != cudaMemoryTypeDevice && found.type != cudaMemoryTypeManaged)
    throw wrong("is not in device memory; expected memory of cudaMalloc or cudaMallocManaged that was not freed");
  if (found.type == cudaMemoryTypeDevice && found.device != context.device)
    throw wrong("is on device " + std::to_string(found.device) + ", but the context is on device " +
                std::to_string(context.device) + "; open one there");
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
      unsigned char* const data = memory.data();
      *array = new ewald_cuda_array{context, std::move(memory), data, bytes};
    });
  });
}

int32_t ewald_cuda_array_wrap(ewald_cuda_context* context, void* memory, uint64_t bytes, ewald_cuda_array** array) {
  return guarded([&] {
    if (!array) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_array_wrap: a pointer is null");
    *array = nullptr;
    if (bytes == 0 || reinterpret_cast<std::uintptr_t>(memory) % 16 != 0)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                      "ewald_cuda_array_wrap: the memory is empty, or its address is not a multiple of 16");
    useContext(context, [&] {
      auto* const data = static_cast<unsigned char*>(memory);
      // The driver knows no length of memory that it did not give to this library; the ends are what can be asked for.
      expectOnDevice(*context, data, "first");
      expectOnDevice(*context, data + bytes - 1, "last");
      *array = new ewald_cuda_array{context, {}, data, bytes};
    });
  });
}

void ewald_cuda_array_destroy(ewald_cuda_array* array) {
  if (!array) return;
  const std::lock_guard lock(array->context->busy);
  cudaSetDevice(array->context->device);
  delete array;
}

void* ewald_cuda_array_memory(const ewald_cuda_array* array) { return array->data; }

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
