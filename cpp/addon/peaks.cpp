// Bindings of cpp/peaks.
#include "addon/peaks.h"

#include "addon/room.h"
#include "common/memory.h"

namespace ewald::addon {
namespace {

struct Peaks {
  static constexpr napi_type_tag tag = {0x6577616c642d7065ULL, 0x616b732d706c616eULL};
  static constexpr const char* what = "the peak finder";
  ewald_peaks* handle = nullptr;
  ewald_peaks_descriptor descriptor{};
  uint32_t running = 0;
  ~Peaks() { ewald_peaks_destroy(handle); }

  using Run = HostRun;
  const ewald_peaks_descriptor& made() const { return descriptor; }
  uint32_t rings() const { return ewald_peaks_bins(handle); }
  int32_t run(const ewald_peaks_params& params, const void* frame, const uint8_t* bad,
              const ewald_peak** found, uint32_t* count, float* limits, double* sums) {
    return ewald_peaks_run(handle, &params, frame, bad, found, count, limits, sums);
  }
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
  return Napi::Number::New(info.Env(), alive<Peaks>(info)->rings());
}

// peaksDestroy(peaks): a second call is a no-op. An active run keeps the plan until it is done.
void peaks_destroy(const CallbackInfo& info) { slot_of<Peaks>(info).reset(); }

// preferHugePages(memory: Uint8Array) -> where the first huge page starts
Napi::Value prefer(const CallbackInfo& info) {
  const View memory = view_at(info, 0, 0);
  return Napi::Number::New(info.Env(), double(prefer_huge_pages(memory.data, memory.bytes)));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("peaksCreate", Napi::Function::New(env, peaks_create, "peaksCreate"));
  exports.Set("peaksBytes", Napi::Function::New(env, peaks_bytes, "peaksBytes"));
  exports.Set("peaksBins", Napi::Function::New(env, peaks_bins, "peaksBins"));
  exports.Set("peaksRun", Napi::Function::New(env, peaks_run<Peaks>, "peaksRun"));
  exports.Set("preferHugePages", Napi::Function::New(env, prefer, "preferHugePages"));
  exports.Set("peaksDestroy", Napi::Function::New(env, peaks_destroy, "peaksDestroy"));
});

}  // namespace
}  // namespace ewald::addon
