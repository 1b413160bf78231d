// Counted memory: every byte a handle holds passes through here, so that ewald_live_bytes tells the truth.
#pragma once
#include <cstddef>

namespace ewald {

// 64-byte aligned memory, zeroed; nullptr when there is none.
void* allocate(size_t bytes);
// Gives memory of `allocate` back; nullptr is fine.
void release(void* memory);
size_t live_bytes();

}  // namespace ewald
