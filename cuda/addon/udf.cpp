// Bindings of cuda/udf.
#include <algorithm>
#include <vector>

#include "addon/plan.h"
#include "addon/room.h"
#include "arrays.h"

namespace ewald::addon {
namespace {

struct Udf : Owned<ewald_cuda_udf, ewald_cuda_udf_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d7564660000ULL};
  static constexpr const char* what = "the CUDA pass";
  using Owned::Owned;
  ewald_cuda_udf_info info{};
  uint32_t running = 0;
  using Run = DeviceTask;
};

class UdfTask : public PlanTask<Udf> {
public:
  UdfTask(std::shared_ptr<Udf> owner, uint64_t count) : PlanTask(std::move(owner)), count_(count) {}

  // Frames are a typed array, or an array on the device.
  void take_frames(const CallbackInfo& info, size_t index, uint64_t needed) {
    if (!is_handle<Array>(info[index])) {
      buffers.emplace_back(info.Env(), info[index], view_at(info, index, size_t(needed)), false);
      frames_ = buffers.back().data();
      return;
    }
    there_ = array_at(info, index, plan->context, needed);
    frames_ = ewald_cuda_array_memory(there_->handle);
  }
  double* take_sums(const CallbackInfo& info, size_t index, uint64_t numbers) {
    buffers.emplace_back(info.Env(), info[index], view_at(info, index, size_t(numbers) * sizeof(double)), true);
    return reinterpret_cast<double*>(buffers.back().data());
  }
  double *nav = nullptr, *sig = nullptr;

protected:
  int32_t work() override {
    return ewald_cuda_udf_run(plan->handle, frames_, there_ ? 1 : 0, count_, nav, sig);
  }

private:
  const uint64_t count_;
  const void* frames_ = nullptr;
  std::shared_ptr<Array> there_;
};

// udfCreate(context, descriptor, steps: Uint8Array, indices: Uint32Array, weights: Float32Array) -> Promise<handle>
Napi::Value udfCreate(const CallbackInfo& info) {
  const auto d = struct_of<ewald_udf_descriptor>(info, 1);
  const auto* steps = elements<ewald_udf_step>(info, 2, d.steps);
  const auto* indices = elements<uint32_t>(info, 3, d.indices);
  const auto* weights = elements<float>(info, 4, d.weights);
  // Copies, because the arrays belong to the caller and the pass is created on another thread. One extra element, so
  // that no copy is empty.
  const auto copy = []<class T>(const T* from, size_t count) {
    std::vector<T> all(count + 1);
    if (count > 0) std::copy_n(from, count, all.begin());
    return all;
  };
  return create<Udf>(info, [d, steps = copy(steps, d.steps), indices = copy(indices, d.indices),
                            weights = copy(weights, d.weights)](ewald_cuda_context* context, Udf& udf) {
    const int32_t status =
        ewald_cuda_udf_create(context, &d, steps.data(), indices.data(), weights.data(), &udf.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_udf_describe(udf.handle, &udf.info);
    return status;
  });
}

// udfBytes(handle) -> { device, host }; host bytes are page-locked
Napi::Value udfBytes(const CallbackInfo& info) {
  return bytes_of(info.Env(), alive<Udf>(info)->info);
}

// udfRun(handle, frames, count, nav: Float64Array, sig: Float64Array) -> Promise; one run at a time
Napi::Value udfRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto udf = idle<Udf>(info);
  const ewald_udf_descriptor& made = udf->info.descriptor;
  const size_t pixels = size_t(made.width) * made.height;
  const uint64_t count = whole_number(info, 2);
  auto task = std::make_unique<UdfTask>(udf, count);
  task->buffers.reserve(3);
  task->take_frames(info, 1, count * pixels * pixel_bytes[made.dtype]);
  task->nav = task->take_sums(info, 3, count * udf->info.columns);
  task->sig = task->take_sums(info, 4, uint64_t(udf->info.planes) * pixels);
  return Task::start(env, std::move(task));
}

// udfDestroy(handle): a second call is a no-op. An active run keeps the pass until it is done.
void udfDestroy(const CallbackInfo& info) { slot_of<Udf>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("udfCreate", Napi::Function::New(env, udfCreate, "udfCreate"));
  exports.Set("udfBytes", Napi::Function::New(env, udfBytes, "udfBytes"));
  exports.Set("udfRun", Napi::Function::New(env, udfRun, "udfRun"));
  exports.Set("udfDestroy", Napi::Function::New(env, udfDestroy, "udfDestroy"));
});

}  // namespace
}  // namespace ewald::addon
