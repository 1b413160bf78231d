// Bindings of cuda/peaks.
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Peaks : Owned<ewald_cuda_peaks, ewald_cuda_peaks_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d7065616b73ULL};
  static constexpr const char* what = "the CUDA peak finder";
  using Owned::Owned;
  ewald_cuda_peaks_info info{};
  bool busy = false;
};

class PeaksTask : public DeviceTask {
public:
  explicit PeaksTask(std::shared_ptr<Peaks> owner) : DeviceTask(owner->context), peaks(std::move(owner)) {
    peaks->busy = true;
  }
  ~PeaksTask() override { peaks->busy = false; }
  const std::shared_ptr<Peaks> peaks;
  ewald_peaks_params params{};
  bool with_bad = false, with_limits = false;

protected:
  int32_t work_on(ewald_cuda_context*) override {
    // In the order in which they were taken.
    size_t next = 0;
    const auto take = [&] { return static_cast<void*>(buffers[next++].data()); };
    const void* frame = take();
    auto* found = static_cast<ewald_peak*>(take());
    const auto* bad = with_bad ? static_cast<const uint8_t*>(take()) : nullptr;
    auto* limits = with_limits ? static_cast<float*>(take()) : nullptr;
    return ewald_cuda_peaks_run(peaks->handle, &params, frame, bad, found, &count_, limits);
  }
  napi_value answer(napi_env env) override {
    napi_value value = nullptr;
    return napi_create_uint32(env, count_, &value) == napi_ok ? value : nullptr;
  }

private:
  uint32_t count_ = 0;
};

// peaksCreate(context, descriptor, panels: Uint8Array, bins: Uint16Array) -> Promise<handle>
Napi::Value peaksCreate(const CallbackInfo& info) {
  const auto descriptor = struct_of<ewald_peaks_descriptor>(info, 1);
  const auto* panels = elements<ewald_peaks_panel>(info, 2, descriptor.panels);
  const auto* bins = elements<uint16_t>(info, 3, size_t(descriptor.width) * descriptor.height);
  // Copies: the arrays are the caller's, and the making is done on another thread.
  return create<Peaks>(info, [descriptor, panels = std::vector(panels, panels + descriptor.panels),
                              bins = std::vector(bins, bins + size_t(descriptor.width) * descriptor.height)](
                                 ewald_cuda_context* context, Peaks& peaks) {
    const int32_t status = ewald_cuda_peaks_create(context, &descriptor, panels.data(), bins.data(), &peaks.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_peaks_describe(peaks.handle, &peaks.info);
    return status;
  });
}

// peaksBytes(handle) -> { device, host }; the host's are page-locked
Napi::Value peaksBytes(const CallbackInfo& info) {
  const auto peaks = alive<Peaks>(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", double(peaks->info.device_bytes));
  bytes.Set("host", double(peaks->info.host_bytes));
  return bytes;
}

// peaksRun(handle, params, frame, bad | null, found: Uint8Array, limits | null) -> Promise<count>; one run at a time
Napi::Value peaksRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto peaks = alive<Peaks>(info);
  if (peaks->busy) throw argument_error(env, "the CUDA peak finder is running; one run at a time");
  static constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4};
  const ewald_peaks_descriptor& made = peaks->info.descriptor;
  const size_t pixels = size_t(made.width) * made.height;
  auto task = std::make_unique<PeaksTask>(peaks);
  task->params = struct_of<ewald_peaks_params>(info, 1);
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(4);
  take(2, pixels * sizes[made.dtype], false);
  take(4, made.max_peaks * sizeof(ewald_peak), true);
  task->with_bad = !info[3].IsNull();
  if (task->with_bad) take(3, pixels, false);
  task->with_limits = !info[5].IsNull();
  if (task->with_limits) take(5, size_t(peaks->info.rings) * 4 * sizeof(float), true);
  return Task::start(env, std::move(task));
}

// peaksDestroy(handle): twice is a no-op. A run under way keeps the finder until it is done.
void peaksDestroy(const CallbackInfo& info) { slot_of<Peaks>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("peaksCreate", Napi::Function::New(env, peaksCreate, "peaksCreate"));
  exports.Set("peaksBytes", Napi::Function::New(env, peaksBytes, "peaksBytes"));
  exports.Set("peaksRun", Napi::Function::New(env, peaksRun, "peaksRun"));
  exports.Set("peaksDestroy", Napi::Function::New(env, peaksDestroy, "peaksDestroy"));
});

}  // namespace
}  // namespace ewald::addon
