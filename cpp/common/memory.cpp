#include "common/memory.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ewald {
namespace {

constexpr size_t alignment = 64;
std::atomic<size_t> live{0};

// Stored in the 64 bytes before the memory, which also keep it aligned.
struct Header {
  size_t bytes;
  void* mapping;  // the argument of munmap or free
  size_t mapped;  // 0 for heap memory
};

#if defined(__linux__)
// Large blocks come straight from the kernel: they arrive zeroed, and with huge pages a new one costs a hundredth of
// the page faults.
constexpr size_t huge_page = size_t(2) << 20, large = 2 * huge_page;

Header* map(size_t bytes) {
  const size_t mapped = bytes + huge_page;
  void* mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  char* block = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(mapping) + huge_page - 1) / huge_page * huge_page);
  madvise(block, bytes, MADV_HUGEPAGE);
  Header* header = reinterpret_cast<Header*>(block);
  header->mapping = mapping;
  header->mapped = mapped;
  return header;
}
#endif

Header* take(size_t bytes, bool zero) {
#if defined(__linux__)
  if (bytes >= large) return map(bytes);
#endif
  // aligned_alloc is not used: glibc does not reuse an aligned block (its bug 14581), so each plan of the same size
  // would take new memory next to the gap left by the previous one. If the memory is aligned here, the block is an
  // ordinary one.
  void* block = std::malloc(bytes + alignment - 1);
  if (block == nullptr) return nullptr;
  const uintptr_t aligned = (reinterpret_cast<uintptr_t>(block) + alignment - 1) / alignment * alignment;
  Header* header = reinterpret_cast<Header*>(aligned);
  header->mapping = block;
  header->mapped = 0;
  if (zero) std::memset(reinterpret_cast<char*>(header) + alignment, 0, bytes - alignment);
  return header;
}

void give(Header* header) {
#if defined(__linux__)
  if (header->mapped != 0) {
    munmap(header->mapping, header->mapped);
    return;
  }
#endif
  std::free(header->mapping);
}

void* allocate(size_t bytes, bool zero) {
  // Rounding and the header must not overflow the size.
  if (bytes > size_t(-1) - (size_t(8) << 20)) return nullptr;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  Header* header = take(rounded + alignment, zero);
  if (header == nullptr) return nullptr;
  header->bytes = rounded;
  live.fetch_add(rounded, std::memory_order_relaxed);
  return reinterpret_cast<char*>(header) + alignment;
}

}  // namespace

void* allocate(size_t bytes) { return allocate(bytes, true); }
void* allocate_raw(size_t bytes) { return allocate(bytes, false); }

void release(void* memory) {
  if (memory == nullptr) return;
  Header* header = reinterpret_cast<Header*>(static_cast<char*>(memory) - alignment);
  live.fetch_sub(header->bytes, std::memory_order_relaxed);
  give(header);
}

size_t prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] size_t bytes) {
#if defined(__linux__)
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = (begin + huge_page - 1) / huge_page * huge_page, end = (begin + bytes) / huge_page * huge_page;
  if (first < end && madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE) == 0) return first - begin;
#endif
  return 0;
}

size_t live_bytes() { return live.load(std::memory_order_relaxed); }

}  // namespace ewald
