#include "memory.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "check.h"

namespace ewald::cuda {
namespace {

// The pieces of page-locked memory: addresses and bytes.
std::mutex pinnedMutex;
std::map<std::uintptr_t, std::size_t> pinnedPieces;

}  // namespace

void* allocateDevice(ewald_cuda_context& context, std::size_t bytes, const char* what) {
  void* memory = nullptr;
  if (bytes == 0) return memory;
  const cudaError_t code = cudaMalloc(&memory, bytes);
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw CudaError(EWALD_STATUS_OUT_OF_MEMORY,
                    "out of device memory: " + std::string(what) + " requested " + std::to_string(bytes) + " bytes, " +
                        std::to_string(free) + " of " + std::to_string(total) + " are free",
                    code);
  }
  EWALD_CUDA(code);
  context.liveBytes += bytes;
  return memory;
}

void freeDevice(ewald_cuda_context& context, void* memory, std::size_t bytes) noexcept {
  cudaFree(memory);  // on a lost device this fails, and the memory is already lost
  cudaGetLastError();
  context.liveBytes -= bytes;
}

void* allocatePinned(std::size_t bytes, const char* what) {
  void* memory = nullptr;
  if (bytes == 0) return memory;
  const cudaError_t code = cudaMallocHost(&memory, bytes);
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw CudaError(
        EWALD_STATUS_OUT_OF_MEMORY,
        "out of page-locked host memory: " + std::string(what) + " requested " + std::to_string(bytes) + " bytes",
        code);
  }
  EWALD_CUDA(code);
  const std::lock_guard lock(pinnedMutex);
  pinnedPieces[reinterpret_cast<std::uintptr_t>(memory)] = bytes;
  return memory;
}

bool isPinned(const void* memory, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::lock_guard lock(pinnedMutex);
  auto piece = pinnedPieces.upper_bound(begin);
  return piece != pinnedPieces.begin() && (--piece, begin + bytes <= piece->first + piece->second);
}

void freePinned(void* memory) noexcept {
  {
    const std::lock_guard lock(pinnedMutex);
    pinnedPieces.erase(reinterpret_cast<std::uintptr_t>(memory));
  }
  cudaFreeHost(memory);
  cudaGetLastError();
}

}  // namespace ewald::cuda
