// An array on the device.
#pragma once
#include "handles.h"

namespace ewald::addon {

struct Array : Owned<ewald_cuda_array, ewald_cuda_array_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d6172726179ULL};
  static constexpr const char* what = "the CUDA array";
  using Owned::Owned;
  uint64_t bytes = 0;
};

}  // namespace ewald::addon
