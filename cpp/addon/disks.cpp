// Bindings of the disk finder of cpp/udf.
#include "addon/plan.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Disks {
  static constexpr napi_type_tag tag = {0x6577616c642d6469ULL, 0x736b732d706c616eULL};
  static constexpr const char* what = "the disk finder";
  ewald_disks* handle = nullptr;
  ewald_disks_descriptor descriptor{};
  uint32_t running = 0;
  using Run = HostRun;
  ~Disks() { ewald_disks_destroy(handle); }
};

// disksCreate(descriptor, pattern: Float32Array) -> External
Napi::Value disks_create(const CallbackInfo& info) {
  auto disks = std::make_shared<Disks>();
  const ewald_disks_descriptor& d = disks->descriptor = struct_of<ewald_disks_descriptor>(info, 0);
  const size_t pixels =
      d.correlation == EWALD_DISKS_CORRELATION_FULL ? size_t(d.width) * d.height : 4 * size_t(d.search) * d.search;
  check(info.Env(), ewald_disks_create(&d, elements<float>(info, 1, pixels), &disks->handle));
  return handle(info.Env(), disks);
}

Napi::Value disks_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_disks_bytes(alive<Disks>(info)->handle)));
}

// disksDestroy(disks): a second call is a no-op. An active run keeps the finder until it is done.
void disks_destroy(const CallbackInfo& info) { slot_of<Disks>(info).reset(); }

class DisksTask : public PlanTask<Disks> {
public:
  DisksTask(std::shared_ptr<Disks> owner, uint32_t count, bool each)
      : PlanTask(std::move(owner)), count_(count), each_(each) {}

protected:
  int32_t work() override {
    const auto floats = [this](size_t i) { return reinterpret_cast<float*>(buffers[i].data()); };
    return ewald_disks_run(plan->handle, buffers[0].data(), count_, reinterpret_cast<int32_t*>(buffers[1].data()),
                           each_ ? 1 : 0, reinterpret_cast<int32_t*>(buffers[2].data()), floats(3), floats(4),
                           floats(5));
  }

private:
  const uint32_t count_;
  const bool each_;
};

// disksRun(disks, frames, count, peaks: Int32Array, each: 0 | 1, centers: Int32Array, refineds, heights, elevations:
// Float32Array) -> Promise; one run at a time
Napi::Value disks_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto disks = idle<Disks>(info);
  const auto& d = disks->descriptor;
  const uint32_t count = uint32_of(info, 2);
  const bool each = uint32_of(info, 4) != 0;
  const size_t found = size_t(count) * d.peaks * sizeof(float), all = size_t(each ? count : 1) * d.peaks;
  auto task = std::make_unique<DisksTask>(disks, count, each);
  task->buffers.reserve(6);
  const auto add = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  add(1, size_t(count) * d.width * d.height * pixel_bytes[d.dtype], false);
  add(3, all * 2 * sizeof(int32_t), false);
  add(5, 2 * found, true);
  add(6, 2 * found, true);
  add(7, found, true);
  add(8, found, true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("disksCreate", Napi::Function::New(env, disks_create, "disksCreate"));
  exports.Set("disksBytes", Napi::Function::New(env, disks_bytes, "disksBytes"));
  exports.Set("disksRun", Napi::Function::New(env, disks_run, "disksRun"));
  exports.Set("disksDestroy", Napi::Function::New(env, disks_destroy, "disksDestroy"));
});

}  // namespace
}  // namespace ewald::addon
