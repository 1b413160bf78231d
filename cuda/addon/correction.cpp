// Bindings of corrections in cuda/udf.
#include "addon/correction.h"

#include <vector>

#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Correction : Owned<ewald_cuda_correction, ewald_cuda_correction_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d636f727200ULL};
  static constexpr const char* what = "the CUDA correction";
  using Owned::Owned;
  ewald_correction_descriptor descriptor{};
  uint32_t running = 0;

  using Run = DeviceTask;
  static constexpr uint64_t most_frames = uint64_t(1) << 53;
  int32_t run(const void* frames, uint64_t count, void* out) {
    return ewald_cuda_correction_run(handle, frames, count, out);
  }
};

// A copy of a table, because it belongs to the caller and the handle is created on another thread; empty if it is null.
template <class T>
std::vector<T> copied(const CallbackInfo& info, size_t index, size_t count) {
  if (info[index].IsNull()) return {};
  const T* from = elements<T>(info, index, count);
  return {from, from + count};
}
template <class T>
const T* data_of(const std::vector<T>& table) {
  return table.empty() ? nullptr : table.data();
}

// correctionCreate(context, descriptor, dark, gain: Float64Array | null, mask: Uint8Array | null,
//                  limits: Float64Array) -> Promise<handle>
Napi::Value correctionCreate(const CallbackInfo& info) {
  const auto d = struct_of<ewald_correction_descriptor>(info, 1);
  return create<Correction>(
      info, [d, dark = copied<double>(info, 2, d.pixels), gain = copied<double>(info, 3, d.pixels),
             mask = copied<uint8_t>(info, 4, d.pixels), limits = copied<double>(info, 5, size_t(2) + d.markers)](
                ewald_cuda_context* context, Correction& correction) {
        correction.descriptor = d;
        return ewald_cuda_correction_create(context, &d, data_of(dark), data_of(gain), data_of(mask), limits.data(),
                                            &correction.handle);
      });
}

Napi::Value correctionBytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_cuda_correction_bytes(alive<Correction>(info)->handle)));
}

// correctionDestroy(handle): a second call is a no-op. An active run keeps the tables until it is done.
void correctionDestroy(const CallbackInfo& info) { slot_of<Correction>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("correctionCreate", Napi::Function::New(env, correctionCreate, "correctionCreate"));
  exports.Set("correctionBytes", Napi::Function::New(env, correctionBytes, "correctionBytes"));
  exports.Set("correctionRun", Napi::Function::New(env, correction_run<Correction>, "correctionRun"));
  exports.Set("correctionDestroy", Napi::Function::New(env, correctionDestroy, "correctionDestroy"));
});

}  // namespace
}  // namespace ewald::addon
