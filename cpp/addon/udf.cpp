// Bindings of cpp/udf.
#include "addon/plan.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Udf {
  static constexpr napi_type_tag tag = {0x6577616c642d7564ULL, 0x662d706173732d31ULL};
  static constexpr const char* what = "the pass";
  ewald_udf* handle = nullptr;
  ewald_udf_descriptor descriptor{};
  uint32_t running = 0;
  using Run = HostRun;
  ~Udf() { ewald_udf_destroy(handle); }
};

// udfCreate(descriptor, steps: Uint8Array, indices: Uint32Array, weights: Float32Array) -> External
Napi::Value udf_create(const CallbackInfo& info) {
  auto udf = std::make_shared<Udf>();
  const ewald_udf_descriptor& d = udf->descriptor = struct_of<ewald_udf_descriptor>(info, 0);
  const auto* steps = elements<ewald_udf_step>(info, 1, d.steps);
  const auto* indices = elements<uint32_t>(info, 2, d.indices);
  const auto* weights = elements<float>(info, 3, d.weights);
  // An empty array has no address.
  static constexpr uint32_t none = 0;
  static constexpr float nothing = 0;
  check(info.Env(), ewald_udf_create(&d, steps, d.indices == 0 ? &none : indices, d.weights == 0 ? &nothing : weights,
                                     &udf->handle));
  return handle(info.Env(), udf);
}

Napi::Value udf_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_udf_bytes(alive<Udf>(info)->handle)));
}

// udfDestroy(udf): a second call is a no-op. An active run keeps the pass until it is done.
void udf_destroy(const CallbackInfo& info) { slot_of<Udf>(info).reset(); }

void udf_begin(const CallbackInfo& info) {
  const auto udf = idle<Udf>(info);
  check(info.Env(), ewald_udf_begin(udf->handle));
}

class UdfTask : public PlanTask<Udf> {
public:
  UdfTask(std::shared_ptr<Udf> owner, uint32_t count) : PlanTask(std::move(owner)), count_(count) {}

protected:
  int32_t work() override {
    return ewald_udf_run(plan->handle, buffers[0].data(), count_, reinterpret_cast<double*>(buffers[1].data()));
  }

private:
  const uint32_t count_;
};

// udfRun(udf, frames, count, nav: Float64Array, columns) -> Promise; one run at a time
Napi::Value udf_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto udf = idle<Udf>(info);
  const auto& d = udf->descriptor;
  const uint32_t count = uint32_of(info, 2);
  const size_t columns = uint32_of(info, 4);
  auto task = std::make_unique<UdfTask>(udf, count);
  task->buffers.reserve(2);
  task->buffers.emplace_back(env, info[1], view_at(info, 1, size_t(count) * d.width * d.height * pixel_bytes[d.dtype]),
                             false);
  task->buffers.emplace_back(env, info[3], view_at(info, 3, size_t(count) * columns * sizeof(double)), true);
  return Task::start(env, std::move(task));
}

// udfEnd(udf, sig: Float64Array, planes)
void udf_end(const CallbackInfo& info) {
  const auto udf = idle<Udf>(info);
  const auto& d = udf->descriptor;
  check(info.Env(),
        ewald_udf_end(udf->handle, elements<double>(info, 1, size_t(uint32_of(info, 2)) * d.width * d.height)));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("udfCreate", Napi::Function::New(env, udf_create, "udfCreate"));
  exports.Set("udfBytes", Napi::Function::New(env, udf_bytes, "udfBytes"));
  exports.Set("udfBegin", Napi::Function::New(env, udf_begin, "udfBegin"));
  exports.Set("udfRun", Napi::Function::New(env, udf_run, "udfRun"));
  exports.Set("udfEnd", Napi::Function::New(env, udf_end, "udfEnd"));
  exports.Set("udfDestroy", Napi::Function::New(env, udf_destroy, "udfDestroy"));
});

}  // namespace
}  // namespace ewald::addon
