// Memory of the core, shared by its JavaScript handle and the active runs.
#pragma once
#include "addon/handle.h"

namespace ewald::addon {

struct Memory {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x72652d6172726179ULL};
  static constexpr const char* what = "the array";
  uint8_t* data;
  size_t bytes;
  explicit Memory(size_t size) : data(static_cast<uint8_t*>(ewald_alloc(size))), bytes(size) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ewald_free(data); }
};

}  // namespace ewald::addon
