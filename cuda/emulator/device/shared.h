// Shared memory is handed out per block from an arena: every array has its own name and a gap of forbidden bytes around
// it.
#pragma once
#include <cstddef>

namespace ewald::emulator {
// The array declared at file:line under this name; the first thread of a block that reaches it allocates it.
void* sharedArray(const char* name, std::size_t bytes, std::size_t alignment, std::size_t elementBytes,
                  const char* file, unsigned line);
// The bytes that the launch requested.
void* dynamicShared(const char* name, std::size_t elementBytes);
// An index past the end of a DeviceSpan (cuda/common/span.h).
void outOfSpan(std::size_t index, std::size_t size);
}  // namespace ewald::emulator
