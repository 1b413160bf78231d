// Counted memory: every byte a handle holds passes through here, so that ewald_live_bytes is correct.
#pragma once
#include <cstddef>

namespace ewald {

// 64-byte aligned memory, zeroed; nullptr when out of memory.
void* allocate(size_t bytes);
// The same without zeroing: for memory that is written before it is read.
void* allocate_raw(size_t bytes);
// Frees memory from `allocate`; nullptr is allowed.
void release(void* memory);
size_t live_bytes();

// Requests huge pages in new memory of another owner; returns where the first one starts, relative to `memory`, and 0
// if there are no huge pages.
size_t prefer_huge_pages(void* memory, size_t bytes);

}  // namespace ewald
