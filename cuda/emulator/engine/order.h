// Whether work on the same memory in two streams is ordered by events or by the host, in the mode `ordered`. The emulator
// does all work at once, so a missing event changes no result here.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::emulator {

// `stream` is any number that names one; `what` the work, in reports.
void orderedUse(std::uintptr_t stream, std::uintptr_t allocation, bool writes, const char* what);
// A use by the kernel that runs; counted for its stream when it has ended.
void noteUse(std::uintptr_t allocation, bool writes);
void endOfKernel(std::uintptr_t stream, const char* kernel);
void eventRecorded(std::uintptr_t event, std::uintptr_t stream);
void streamWaits(std::uintptr_t stream, std::uintptr_t event);
// The host has waited for an event, or for all work of a stream: what it submits afterwards comes behind that.
void hostWaitedForEvent(std::uintptr_t event);
void hostWaitedForStream(std::uintptr_t stream);
// Memory that is freed waits for all of its work.
void forgetUses(std::uintptr_t allocation);

}  // namespace ewald::emulator
