// The last accesses to each word of shared and device memory, and whether the current access may follow them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "machine.h"

namespace ewald::emulator {

enum class Access : std::uint8_t { read, write, atomic };

// Checks one access of the running thread before it happens. Returns only if it is allowed. `aligned` requires natural
// alignment.
void checkAccess(Machine& machine, std::uintptr_t address, std::size_t bytes, Access access, bool aligned,
                 std::uintptr_t code);
// A read of memory that was never written is either an uninitialised read or a race with a later write, which is known
// only at the end of the block. Reports the first read that no race has explained.
void judgeUninitialised(Machine& machine);
// A copy or fill from the host makes device memory readable.
void markInitialised(std::uintptr_t address, std::size_t bytes);
void copyInitialised(std::uintptr_t to, std::uintptr_t from, std::size_t bytes);
void forgetShadow(std::uintptr_t address, std::size_t bytes);
// Runs a launch once for each order, each time from the same device memory, and ends with the result of the forward
// order.
void runOrders(Machine& machine, const std::function<void(unsigned index)>& run);

}  // namespace ewald::emulator
