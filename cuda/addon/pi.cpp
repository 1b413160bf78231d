// Bindings of cuda/pi.
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

class PiTask : public DeviceTask {
public:
  PiTask(SharedContext context, const ewald_pi_params& params) : DeviceTask(std::move(context)), params_(params) {}

protected:
  int32_t work() override { return ewald_cuda_pi_count(device(), &params_, &hits_); }
  napi_value answer(napi_env env) override { return count_value(env, hits_); }

private:
  ewald_pi_params params_;
  uint64_t hits_ = 0;
};

// piCount(context, params: Uint8Array) -> Promise<bigint>
Napi::Value piCount(const CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<PiTask>(alive<Context>(info), struct_of<ewald_pi_params>(info, 1)));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("piCount", Napi::Function::New(env, piCount, "piCount"));
});

}  // namespace
}  // namespace ewald::addon
