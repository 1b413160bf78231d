// Bindings of corrections in cuda/udf.
#include <algorithm>
#include <vector>

#include "addon/plan.h"
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

class CorrectionTask : public PlanTask<Correction> {
public:
  CorrectionTask(std::shared_ptr<Correction> owner, uint64_t count) : PlanTask(std::move(owner)), count_(count) {}

protected:
  int32_t work() override {
    return ewald_cuda_correction_run(plan->handle, buffers[0].data(), count_, buffers[1].data());
  }

private:
  const uint64_t count_;
};

// correctionRun(handle, frames, count, out) -> Promise; one run at a time
Napi::Value correctionRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto correction = idle<Correction>(info);
  const auto& d = correction->descriptor;
  const uint64_t count = whole_number(info, 2);
  const size_t numbers = size_t(count) * d.pixels;
  auto task = std::make_unique<CorrectionTask>(correction, count);
  task->buffers.reserve(2);
  task->buffers.emplace_back(env, info[1], view_at(info, 1, numbers * pixel_bytes[d.dtype]), false);
  task->buffers.emplace_back(env, info[3], view_at(info, 3, numbers * (d.wide ? 8 : 4)), true);
  return Task::start(env, std::move(task));
}

// correctionDestroy(handle): a second call is a no-op. An active run keeps the tables until it is done.
void correctionDestroy(const CallbackInfo& info) { slot_of<Correction>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("correctionCreate", Napi::Function::New(env, correctionCreate, "correctionCreate"));
  exports.Set("correctionBytes", Napi::Function::New(env, correctionBytes, "correctionBytes"));
  exports.Set("correctionRun", Napi::Function::New(env, correctionRun, "correctionRun"));
  exports.Set("correctionDestroy", Napi::Function::New(env, correctionDestroy, "correctionDestroy"));
});

}  // namespace
}  // namespace ewald::addon
