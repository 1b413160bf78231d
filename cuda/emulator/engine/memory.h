// Device memory is a reserved range of addresses with an allocation table: guard words around every allocation, and one
// shadow cell for each of its words (shadow.h). Pinned host memory is ordinary memory with an entry in the table.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace ewald::emulator {

constexpr std::size_t kArenaBytes = std::size_t(8) << 30;

struct Allocation {
  std::uintptr_t begin = 0, end = 0;
  bool tracked = false;  // whether initialised bytes are known: no unchecked code has written here
  explicit operator bool() const { return end != 0; }
};

// Null when the GPU is out of memory.
void* allocateDevice(std::size_t bytes);
bool freeDevice(void* pointer);
void* allocatePinned(std::size_t bytes);
bool freePinned(void* pointer);
std::size_t deviceBytesInUse();

bool inArena(std::uintptr_t address);
std::uintptr_t arenaBase();
// The allocation that holds all of [address, address + bytes), or null.
Allocation deviceAllocation(std::uintptr_t address, std::size_t bytes);
// The same for the thread that runs a launch, with the last answer cached: the table does not change during a launch.
Allocation launchAllocation(std::uintptr_t address, std::size_t bytes);
void forgetLaunchAllocation();
// Unchecked code may write anywhere: reads of memory allocated before are no longer reported as uninitialised.
void stopTracking();
Allocation pinnedAllocation(std::uintptr_t address, std::size_t bytes);
// "offset 1024 of an allocation of 1024 bytes" for the allocation nearest to the address.
std::string describeDeviceAddress(std::uintptr_t address, std::size_t bytes);
// Where a variable of this module may lie (constants, __device__ variables); `writable` selects the part that may be
// written.
bool inModule(std::uintptr_t address, bool writable);
void forEachAllocation(const std::function<void(const Allocation&)>& visit);
// Checks all guard words; returns false and reports if one was overwritten, which only a launch without checks can do.
bool guardsIntact(const char* when);

}  // namespace ewald::emulator
