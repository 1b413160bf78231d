// Bindings of cuda/peaks.
#include "addon/peaks.h"

#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Peaks : Owned<ewald_cuda_peaks, ewald_cuda_peaks_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d7065616b73ULL};
  static constexpr const char* what = "the CUDA peak finder";
  using Owned::Owned;
  ewald_cuda_peaks_info info{};
  uint32_t running = 0;

  using Run = DeviceTask;
  const ewald_peaks_descriptor& made() const { return info.descriptor; }
  uint32_t rings() const { return info.rings; }
  int32_t run(const ewald_peaks_params& params, const void* frame, const uint8_t* bad,
              const ewald_peak** found, uint32_t* count, float* limits, double* sums) {
    return ewald_cuda_peaks_run(handle, &params, frame, bad, found, count, limits, sums);
  }
};

// peaksCreate(context, descriptor, panels: Uint8Array, bins: Uint16Array) -> Promise<handle>
Napi::Value peaksCreate(const CallbackInfo& info) {
  const auto descriptor = struct_of<ewald_peaks_descriptor>(info, 1);
  const auto* panels = elements<ewald_peaks_panel>(info, 2, descriptor.panels);
  const auto* bins = elements<uint16_t>(info, 3, size_t(descriptor.width) * descriptor.height);
  // Copies, because the arrays belong to the caller and the plan is created on another thread.
  return create<Peaks>(info, [descriptor, panels = std::vector(panels, panels + descriptor.panels),
                              bins = std::vector(bins, bins + size_t(descriptor.width) * descriptor.height)](
                                 ewald_cuda_context* context, Peaks& peaks) {
    const int32_t status = ewald_cuda_peaks_create(context, &descriptor, panels.data(), bins.data(), &peaks.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_peaks_describe(peaks.handle, &peaks.info);
    return status;
  });
}

// peaksBytes(handle) -> { device, host }; host bytes are page-locked, and grow with the first frame that is not
Napi::Value peaksBytes(const CallbackInfo& info) {
  ewald_cuda_peaks_info now;
  ewald_cuda_peaks_describe(alive<Peaks>(info)->handle, &now);
  return bytes_of(info.Env(), now);
}

// peaksDestroy(handle): a second call is a no-op. An active run keeps the finder until it is done.
void peaksDestroy(const CallbackInfo& info) { slot_of<Peaks>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("peaksCreate", Napi::Function::New(env, peaksCreate, "peaksCreate"));
  exports.Set("peaksBytes", Napi::Function::New(env, peaksBytes, "peaksBytes"));
  exports.Set("peaksRun", Napi::Function::New(env, peaks_run<Peaks>, "peaksRun"));
  exports.Set("peaksDestroy", Napi::Function::New(env, peaksDestroy, "peaksDestroy"));
});

}  // namespace
}  // namespace ewald::addon
