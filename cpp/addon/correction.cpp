// Bindings of corrections in cpp/udf.
#include "addon/correction.h"

#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Correction {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x7272656374696f6eULL};
  static constexpr const char* what = "the correction";
  ewald_correction* handle = nullptr;
  ewald_correction_descriptor descriptor{};
  uint32_t running = 0;
  ~Correction() { ewald_correction_destroy(handle); }

  using Run = HostRun;
  static constexpr uint64_t most_frames = UINT32_MAX;
  int32_t run(const void* frames, uint64_t count, void* out) {
    return ewald_correction_run(handle, frames, uint32_t(count), out);
  }
};

// The elements of a table that may be absent.
template <class T>
const T* table(const CallbackInfo& info, size_t index, size_t count) {
  return info[index].IsNull() ? nullptr : elements<T>(info, index, count);
}

// correctionCreate(descriptor, dark, gain: Float64Array | null, mask: Uint8Array | null, limits: Float64Array)
Napi::Value correction_create(const CallbackInfo& info) {
  auto correction = std::make_shared<Correction>();
  const ewald_correction_descriptor& d = correction->descriptor = struct_of<ewald_correction_descriptor>(info, 0);
  const auto* dark = table<double>(info, 1, d.pixels);
  const auto* gain = table<double>(info, 2, d.pixels);
  const auto* mask = table<uint8_t>(info, 3, d.pixels);
  const auto* limits = elements<double>(info, 4, size_t(2) + d.markers);
  check(info.Env(), ewald_correction_create(&d, dark, gain, mask, limits, &correction->handle));
  return handle(info.Env(), correction);
}

Napi::Value correction_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_correction_bytes(alive<Correction>(info)->handle)));
}

// correctionDestroy(correction): a second call is a no-op. An active run keeps the tables until it is done.
void correction_destroy(const CallbackInfo& info) { slot_of<Correction>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("correctionCreate", Napi::Function::New(env, correction_create, "correctionCreate"));
  exports.Set("correctionBytes", Napi::Function::New(env, correction_bytes, "correctionBytes"));
  exports.Set("correctionRun", Napi::Function::New(env, correction_run<Correction>, "correctionRun"));
  exports.Set("correctionDestroy", Napi::Function::New(env, correction_destroy, "correctionDestroy"));
});

}  // namespace
}  // namespace ewald::addon
