#include "common/memory.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace ewald {
namespace {

constexpr size_t alignment = 64;
std::atomic<size_t> live{0};

// The size stands in the 64 bytes in front of the memory, which also keep it aligned.
struct Header {
  size_t bytes;
};

}  // namespace

void* allocate(size_t bytes) {
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded < bytes || rounded + alignment < rounded) return nullptr;
  void* block = std::aligned_alloc(alignment, rounded + alignment);
  if (block == nullptr) return nullptr;
  static_cast<Header*>(block)->bytes = rounded;
  live.fetch_add(rounded, std::memory_order_relaxed);
  void* memory = static_cast<char*>(block) + alignment;
  std::memset(memory, 0, rounded);
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  void* block = static_cast<char*>(memory) - alignment;
  live.fetch_sub(static_cast<Header*>(block)->bytes, std::memory_order_relaxed);
  std::free(block);
}

size_t live_bytes() { return live.load(std::memory_order_relaxed); }

}  // namespace ewald
