// Runs of a peak finder, the same in both addons. A `Peaks` is a plan of plan.h with `made()`, its descriptor,
// `rings()`, the number of rings with limits, and `run()`.
#pragma once
#include <cstring>

#include "addon/plan.h"

namespace ewald::addon {

// The peaks of a run as bytes: a copy, because the next run overwrites its list.
inline napi_value packed_peaks(napi_env env, const ewald_peak* found, uint32_t count) {
  napi_value buffer = nullptr, array = nullptr;
  void* data = nullptr;
  const size_t bytes = count * sizeof(ewald_peak);
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return nullptr;
  if (bytes > 0) memcpy(data, found, bytes);
  return napi_create_typedarray(env, napi_uint8_array, bytes, buffer, 0, &array) == napi_ok ? array : nullptr;
}

template <class Peaks>
class PeaksTask : public PlanTask<Peaks> {
public:
  using PlanTask<Peaks>::PlanTask;
  ewald_peaks_params params{};
  bool with_bad = false, with_limits = false, with_sums = false;

protected:
  int32_t work() override {
    // In the order in which they were added.
    size_t next = 0;
    const auto take = [&] { return static_cast<void*>(this->buffers[next++].data()); };
    const void* frame = take();
    const auto* bad = with_bad ? static_cast<const uint8_t*>(take()) : nullptr;
    auto* limits = with_limits ? static_cast<float*>(take()) : nullptr;
    auto* sums = with_sums ? static_cast<double*>(take()) : nullptr;
    return this->plan->run(params, frame, bad, &found_, &count_, limits, sums);
  }
  napi_value answer(napi_env env) override { return packed_peaks(env, found_, count_); }

private:
  const ewald_peak* found_ = nullptr;
  uint32_t count_ = 0;
};

// peaksRun(peaks, params, frame, bad | null, limits | null, sums | null) -> Promise<Uint8Array>, the packed peaks; one
// run at a time
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
  task->with_bad = !info[3].IsNull();
  if (task->with_bad) take(3, pixels, false);
  task->with_limits = !info[4].IsNull();
  if (task->with_limits) take(4, size_t(peaks->rings()) * 4 * sizeof(float), true);
  task->with_sums = !info[5].IsNull() && !info[5].IsUndefined();
  if (task->with_sums) take(5, (2 * size_t(peaks->rings()) + 1025) * sizeof(double), true);
  return Task::start(env, std::move(task));
}

}  // namespace ewald::addon
