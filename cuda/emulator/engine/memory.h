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
  bool tracked = false;  // which bytes hold something is known: nothing without checks has written here
  explicit operator bool() const { return end != 0; }
};

// Null when the card has no room.
void* allocateDevice(std::size_t bytes);
bool freeDevice(void* pointer);
void* allocatePinned(std::size_t bytes);
bool freePinned(void* pointer);
std::size_t deviceBytesInUse();

bool inArena(std::uintptr_t address);
std::uintptr_t arenaBase();
// The allocation that holds all of [address, address + bytes), or none.
Allocation deviceAllocation(std::uintptr_t address, std::size_t bytes);
// The same for the thread that runs a launch, with the last answer kept: the table does not change meanwhile.
Allocation launchAllocation(std::uintptr_t address, std::size_t bytes);
void forgetLaunchAllocation();
// What runs without checks writes who knows where: reads of memory allocated before are no longer judged as
// uninitialised.
void stopTracking();
Allocation pinnedAllocation(std::uintptr_t address, std::size_t bytes);
// "offset 1024 of an allocation of 1024 bytes" for the allocation nearest to the address.
std::string describeDeviceAddress(std::uintptr_t address, std::size_t bytes);
// Where a variable of this module may lie (constants, __device__ variables); writable asks for the part that may be
// written.
bool inModule(std::uintptr_t address, bool writable);
void forEachAllocation(const std::function<void(const Allocation&)>& visit);
// Looks at all guard words; false, and a report, when one was overwritten. Only a launch without checks can do that.
bool guardsIntact(const char* when);

}  // namespace ewald::emulator
