// Bindings of cpp/peaks.
#include "addon/handle.h"
#include "addon/room.h"
#include "addon/task.h"
#include "common/memory.h"

namespace ewald::addon {
namespace {

struct Peaks {
  static constexpr napi_type_tag tag = {0x6577616c642d7065ULL, 0x616b732d706c616eULL};
  static constexpr const char* what = "the peak finder";
  ewald_peaks* handle = nullptr;
  ewald_peaks_descriptor descriptor{};
  bool busy = false;
  ~Peaks() { ewald_peaks_destroy(handle); }
};

// peaksCreate(descriptor: Uint8Array, panels: Uint8Array, bins: Uint16Array) -> External
Napi::Value peaks_create(const CallbackInfo& info) {
  auto peaks = std::make_shared<Peaks>();
  peaks->descriptor = struct_of<ewald_peaks_descriptor>(info, 0);
  const auto* panels = elements<ewald_peaks_panel>(info, 1, peaks->descriptor.panels);
  const auto* bins = elements<uint16_t>(info, 2, size_t(peaks->descriptor.width) * peaks->descriptor.height);
  check(info.Env(), ewald_peaks_create(&peaks->descriptor, panels, bins, &peaks->handle));
  return handle(info.Env(), peaks);
}

Napi::Value peaks_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_peaks_bytes(alive<Peaks>(info)->handle)));
}

Napi::Value peaks_bins(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ewald_peaks_bins(alive<Peaks>(info)->handle));
}

// peaksDestroy(peaks): twice is a no-op. A run under way keeps the plan until it is done.
void peaks_destroy(const CallbackInfo& info) { slot_of<Peaks>(info).reset(); }

// preferHugePages(memory: Uint8Array) -> where the first of them begins
Napi::Value prefer(const CallbackInfo& info) {
  const View memory = view_at(info, 0, 0);
  return Napi::Number::New(info.Env(), double(prefer_huge_pages(memory.data, memory.bytes)));
}

class PeaksTask : public Task {
public:
  explicit PeaksTask(std::shared_ptr<Peaks> owner) : peaks(std::move(owner)) { peaks->busy = true; }
  ~PeaksTask() override { peaks->busy = false; }
  const std::shared_ptr<Peaks> peaks;
  ewald_peaks_params params{};
  bool with_bad = false, with_limits = false;

protected:
  int32_t work() override {
    // In the order in which they were taken.
    size_t next = 0;
    const auto take = [&] { return static_cast<void*>(buffers[next++].data()); };
    const void* frame = take();
    auto* found = static_cast<ewald_peak*>(take());
    const auto* bad = with_bad ? static_cast<const uint8_t*>(take()) : nullptr;
    auto* limits = with_limits ? static_cast<float*>(take()) : nullptr;
    return ewald_peaks_run(peaks->handle, &params, frame, bad, found, &count_, limits);
  }
  napi_value answer(napi_env env) override {
    napi_value value = nullptr;
    return napi_create_uint32(env, count_, &value) == napi_ok ? value : nullptr;
  }

private:
  uint32_t count_ = 0;
};

// peaksRun(peaks, params, frame, bad | null, found: Uint8Array, limits | null) -> Promise<count>; one run at a time
Napi::Value peaks_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto peaks = alive<Peaks>(info);
  if (peaks->busy) throw argument_error(env, "the peak finder is running; one run at a time");
  static constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4};
  const size_t pixels = size_t(peaks->descriptor.width) * peaks->descriptor.height;
  auto task = std::make_unique<PeaksTask>(peaks);
  task->params = struct_of<ewald_peaks_params>(info, 1);
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(4);
  take(2, pixels * sizes[peaks->descriptor.dtype], false);
  take(4, peaks->descriptor.max_peaks * sizeof(ewald_peak), true);
  task->with_bad = !info[3].IsNull();
  if (task->with_bad) take(3, pixels, false);
  task->with_limits = !info[5].IsNull();
  if (task->with_limits) take(5, size_t(ewald_peaks_bins(peaks->handle)) * 4 * sizeof(float), true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("peaksCreate", Napi::Function::New(env, peaks_create, "peaksCreate"));
  exports.Set("peaksBytes", Napi::Function::New(env, peaks_bytes, "peaksBytes"));
  exports.Set("peaksBins", Napi::Function::New(env, peaks_bins, "peaksBins"));
  exports.Set("peaksRun", Napi::Function::New(env, peaks_run, "peaksRun"));
  exports.Set("preferHugePages", Napi::Function::New(env, prefer, "preferHugePages"));
  exports.Set("peaksDestroy", Napi::Function::New(env, peaks_destroy, "peaksDestroy"));
});

}  // namespace
}  // namespace ewald::addon
