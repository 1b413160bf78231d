// The layout of the single block of memory that a handle holds.
#pragma once
#include <cstddef>

namespace ewald {

// Hands out 64-byte aligned pieces of one block; a first pass without memory (base NULL) determines its size.
struct Arena {
  char* base;
  size_t used;
  template <typename T>
  T* take(size_t count) {
    used = (used + 63) / 64 * 64;
    T* p = base ? reinterpret_cast<T*>(base + used) : nullptr;
    used += count * sizeof(T);
    return p;
  }
};

}  // namespace ewald
