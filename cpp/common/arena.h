// How a handle lays out the one block of memory that it holds.
#pragma once
#include <cstddef>

namespace ewald {

// Hands out pieces of one block, 64-byte aligned; run once over nothing (base NULL) to learn its size.
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
