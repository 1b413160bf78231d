// How often a warp meets a bank of shared memory more than once in one access.
#pragma once
#include <cstddef>
#include <cstdint>

#include "machine.h"

namespace ewald::emulator {

// Notes an access of the running thread to shared memory; `code` is the place of the instruction.
void noteBanks(const Machine& machine, std::uintptr_t address, std::size_t bytes, bool writes, std::uintptr_t code);
// Counts what was noted since the last barrier; at barriers, and at the end of a block.
void countBanks();

}  // namespace ewald::emulator
