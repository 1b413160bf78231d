// Bindings of corrections in cpp/udf.
#include "addon/plan.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Correction {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x7272656374696f6eULL};
  static constexpr const char* what = "the correction";
  ewald_correction* handle = nullptr;
  ewald_correction_descriptor descriptor{};
  uint32_t running = 0;
  using Run = HostRun;
  ~Correction() { ewald_correction_destroy(handle); }
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

class CorrectionTask : public PlanTask<Correction> {
public:
  CorrectionTask(std::shared_ptr<Correction> owner, uint32_t count) : PlanTask(std::move(owner)), count_(count) {}

protected:
  int32_t work() override {
    return ewald_correction_run(plan->handle, buffers[0].data(), count_, buffers[1].data());
  }

private:
  const uint32_t count_;
};

// correctionRun(correction, frames, count, out) -> Promise; one run at a time
Napi::Value correction_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto correction = idle<Correction>(info);
  const auto& d = correction->descriptor;
  const uint32_t count = uint32_of(info, 2);
  const size_t numbers = size_t(count) * d.pixels;
  auto task = std::make_unique<CorrectionTask>(correction, count);
  task->buffers.reserve(2);
  task->buffers.emplace_back(env, info[1], view_at(info, 1, numbers * pixel_bytes[d.dtype]), false);
  task->buffers.emplace_back(env, info[3], view_at(info, 3, numbers * (d.wide ? 8 : 4)), true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("correctionCreate", Napi::Function::New(env, correction_create, "correctionCreate"));
  exports.Set("correctionBytes", Napi::Function::New(env, correction_bytes, "correctionBytes"));
  exports.Set("correctionRun", Napi::Function::New(env, correction_run, "correctionRun"));
  exports.Set("correctionDestroy", Napi::Function::New(env, correction_destroy, "correctionDestroy"));
});

}  // namespace
}  // namespace ewald::addon
