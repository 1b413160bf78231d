// Runs of a correction, the same in both addons. A `Correction` is a plan of plan.h with its `descriptor`,
// `most_frames`, the number of frames that a run can count, and `run()`.
#pragma once
#include "addon/plan.h"

namespace ewald::addon {

template <class Correction>
class CorrectionTask : public PlanTask<Correction> {
public:
  CorrectionTask(std::shared_ptr<Correction> owner, uint64_t count)
      : PlanTask<Correction>(std::move(owner)), count_(count) {}

protected:
  int32_t work() override { return this->plan->run(this->buffers[0].data(), count_, this->buffers[1].data()); }

private:
  const uint64_t count_;
};

// correctionRun(correction, frames, count, out) -> Promise; one run at a time
template <class Correction>
Napi::Value correction_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto correction = idle<Correction>(info);
  const ewald_correction_descriptor& made = correction->descriptor;
  const uint64_t count = whole_number(info, 2, Correction::most_frames);
  const size_t numbers = size_t(count) * made.pixels;
  auto task = std::make_unique<CorrectionTask<Correction>>(correction, count);
  task->buffers.reserve(2);
  task->buffers.emplace_back(env, info[1], view_at(info, 1, numbers * pixel_bytes[made.dtype]), false);
  task->buffers.emplace_back(env, info[3], view_at(info, 3, numbers * (made.wide ? 8 : 4)), true);
  return Task::start(env, std::move(task));
}

}  // namespace ewald::addon
