// Plans of a room and their active runs, the same in both addons. A plan is the object of a handle (handle.h), and has
// `uint32_t running`, the number of its active runs, and `Run`, the task type of its addon that is created from a plan.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "addon/handle.h"
#include "addon/task.h"

namespace ewald::addon {

// Bytes of a pixel, by the dtype of a descriptor.
inline constexpr uint8_t pixel_bytes[] = {1, 1, 2, 2, 4, 4, 4};

// The plan at an argument, which must have no active run.
template <class Plan>
std::shared_ptr<Plan> idle(const CallbackInfo& info, const char* otherwise = "one run at a time") {
  auto plan = alive<Plan>(info);
  if (plan->running > 0)
    throw argument_error(info.Env(), std::string(Plan::what) + " is running; " + otherwise);
  return plan;
}

// A run of a plan of the core.
class HostRun : public Task {
public:
  template <class Plan>
  explicit HostRun(const Plan&) {}
};

// A run of a plan: it keeps the plan until it is done.
template <class Plan>
class PlanTask : public Plan::Run {
public:
  explicit PlanTask(std::shared_ptr<Plan> owner) : Plan::Run(*owner), plan(std::move(owner)) { plan->running++; }
  ~PlanTask() override { plan->running--; }
  const std::shared_ptr<Plan> plan;
};

}  // namespace ewald::addon
