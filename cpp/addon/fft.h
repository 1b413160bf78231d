// A transform plan as JavaScript holds it, of the core or of an engine.
#pragma once
#include <memory>

#include "addon/task.h"
#include "engines/engine.h"

namespace ewald::addon {

// A transform plan of the core, or of an engine, shared like an indexer.
struct Fft {
  ewald_fft* handle = nullptr;
  std::unique_ptr<ewald::engines::Plan> engine;
  size_t input_bytes = 0, output_bytes = 0, workspace_bytes = 0;
  bool in_place = false;
  ~Fft() { ewald_fft_destroy(handle); }
};
using SharedFft = std::shared_ptr<Fft>;

inline SharedFft& fft_of(const CallbackInfo& info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "argument 0 is not a transform plan");
  SharedFft& fft = *info[0].As<Napi::External<SharedFft>>().Data();
  if (fft == nullptr) throw Napi::Error::New(info.Env(), "the transform plan was destroyed");
  return fft;
}

// Bytes of the arrays of a plan, from its sizes in elements.
inline void set_bytes(Fft& fft, const ewald_fft_descriptor& descriptor, size_t input, size_t output, size_t workspace) {
  const size_t number = descriptor.precision == EWALD_FFT_PRECISION_F64 ? 8 : 4;
  const bool real_in = descriptor.kind == EWALD_FFT_KIND_R2C || descriptor.kind == EWALD_FFT_KIND_REAL_C2C ||
                       descriptor.kind == EWALD_FFT_KIND_R2R;
  const bool real_out = descriptor.kind == EWALD_FFT_KIND_C2R || descriptor.kind == EWALD_FFT_KIND_R2R;
  fft.input_bytes = input * number * (real_in ? 1 : 2);
  fft.output_bytes = output * number * (real_out ? 1 : 2);
  fft.workspace_bytes = workspace * number * 2;
  fft.in_place = (descriptor.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
}

inline Napi::Value fft_external(Napi::Env env, const SharedFft& fft) {
  return Napi::External<SharedFft>::New(env, new SharedFft(fft), [](Napi::Env, SharedFft* shared) { delete shared; });
}

}  // namespace ewald::addon
