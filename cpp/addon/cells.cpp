// Bindings of the search for unknown cells in cpp/indexing.
#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

class ProposeTask : public Task {
public:
  uint32_t spots = 0, capacity = 0;
  float min_length = 0, max_length = 0;

protected:
  int32_t work() override {
    return ewald_cells_propose(reinterpret_cast<float*>(buffers[0].data()), spots, min_length, max_length, capacity,
                               reinterpret_cast<float*>(buffers[1].data()),
                               reinterpret_cast<uint32_t*>(buffers[2].data()), &count_);
  }
  napi_value answer(napi_env env) override { return count_value(env, count_); }

private:
  uint32_t count_ = 0;
};

// cellsPropose(spots: Float32Array, count, minLength, maxLength, capacity, cells: Float32Array, explained: Uint32Array)
// -> Promise<number>, the number of cells
Napi::Value cells_propose(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto task = std::make_unique<ProposeTask>();
  task->spots = uint32_of(info, 1);
  task->min_length = info[2].As<Napi::Number>().FloatValue();
  task->max_length = info[3].As<Napi::Number>().FloatValue();
  task->capacity = uint32_of(info, 4);
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(3);
  take(0, size_t(task->spots) * 12, false);
  take(5, size_t(task->capacity) * 36, true);
  take(6, size_t(task->capacity) * 4, true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("cellsPropose", Napi::Function::New(env, cells_propose, "cellsPropose"));
});

}  // namespace
}  // namespace ewald::addon
