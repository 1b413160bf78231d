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

// The array at an argument, which must belong to this context and have at least `bytes` bytes.
inline std::shared_ptr<Array> array_at(const CallbackInfo& info, size_t index, const SharedContext& context,
                                       uint64_t bytes) {
  auto array = alive<Array>(info, index);
  if (array->context != context)
    throw argument_error(info.Env(), argument(index) + " belongs to another context");
  if (array->bytes < bytes)
    throw argument_error(info.Env(), argument(index) + " has " + std::to_string(array->bytes) + " bytes, expected " +
                                         std::to_string(bytes));
  return array;
}

}  // namespace ewald::addon
