// Counted memory: every byte a handle holds passes through here, so that ewald_live_bytes tells the truth.
#pragma once
#include <cstddef>

namespace ewald {

// 64-byte aligned memory, zeroed; nullptr when there is none.
void* allocate(size_t bytes);
// The same with whatever was there before: for memory that is written before it is read.
void* allocate_raw(size_t bytes);
// Gives memory of `allocate` back; nullptr is fine.
void release(void* memory);
size_t live_bytes();

// Asks for huge pages in fresh memory of another owner; gives where the first one begins, from `memory` on, and 0 where
// there are none.
size_t prefer_huge_pages(void* memory, size_t bytes);

}  // namespace ewald
