// Runs of a peak finder, the same in both addons. A `Peaks` is a plan of plan.h with `made()`, its descriptor,
// `rings()`, the number of rings with limits, and `run()`.
#pragma once
#include "addon/plan.h"

namespace ewald::addon {

template <class Peaks>
class PeaksTask : public PlanTask<Peaks> {
public:
  using PlanTask<Peaks>::PlanTask;
  ewald_peaks_params params{};
  bool with_bad = false, with_limits = false;

protected:
  int32_t work() override {
    // In the order in which they were added.
    size_t next = 0;
    const auto take = [&] { return static_cast<void*>(this->buffers[next++].data()); };
    const void* frame = take();
    auto* found = static_cast<ewald_peak*>(take());
    const auto* bad = with_bad ? static_cast<const uint8_t*>(take()) : nullptr;
    auto* limits = with_limits ? static_cast<float*>(take()) : nullptr;
    return this->plan->run(params, frame, bad, found, &count_, limits);
  }
  napi_value answer(napi_env env) override { return count_value(env, count_); }

private:
  uint32_t count_ = 0;
};

// peaksRun(peaks, params, frame, bad | null, found: Uint8Array, limits | null) -> Promise<count>; one run at a time
template <class Peaks>
Napi::Value peaks_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto peaks = idle<Peaks>(info);
  const ewald_peaks_descriptor& made = peaks->made();
  const size_t pixels = size_t(made.width) * made.height;
  auto task = std::make_unique<PeaksTask<Peaks>>(peaks);
  task->params = struct_of<ewald_peaks_params>(info, 1);
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(4);
  take(2, pixels * pixel_bytes[made.dtype], false);
  take(4, made.max_peaks * sizeof(ewald_peak), true);
  task->with_bad = !info[3].IsNull();
  if (task->with_bad) take(3, pixels, false);
  task->with_limits = !info[5].IsNull();
  if (task->with_limits) take(5, size_t(peaks->rings()) * 4 * sizeof(float), true);
  return Task::start(env, std::move(task));
}

}  // namespace ewald::addon
