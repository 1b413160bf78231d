// Bindings of cpp/pi.
#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

class PiTask : public Task {
public:
  explicit PiTask(const ewald_pi_params& params) : params_(params) {}

protected:
  int32_t work() override { return ewald_pi_count(&params_, &hits_); }
  napi_value answer(napi_env env) override { return count_value(env, hits_); }

private:
  ewald_pi_params params_;
  uint64_t hits_ = 0;
};

// piCount(params: Uint8Array) -> Promise<bigint>
Napi::Value pi_count(const CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<PiTask>(struct_of<ewald_pi_params>(info, 0)));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("piCount", Napi::Function::New(env, pi_count, "piCount"));
});

}  // namespace
}  // namespace ewald::addon
