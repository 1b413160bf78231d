// The JavaScript handle of a transform plan, of the core or of an engine.
#pragma once
#include <memory>

#include "addon/handle.h"
#include "addon/task.h"
#include "engines/engine.h"

namespace ewald::addon {

struct Fft {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x72652d6666740000ULL};
  static constexpr const char* what = "the transform";
  ewald_fft* handle = nullptr;
  std::unique_ptr<ewald::engines::Plan> engine;
  size_t input_bytes = 0, output_bytes = 0, workspace_bytes = 0;
  bool in_place = false, f64 = false;
  ~Fft() { ewald_fft_destroy(handle); }

  // Bytes of the arrays of a plan, from its sizes in elements.
  void set_bytes(const ewald_fft_descriptor& descriptor, size_t input, size_t output, size_t workspace) {
    f64 = descriptor.precision == EWALD_FFT_PRECISION_F64;
    const size_t number = f64 ? 8 : 4;
    const bool real_in = descriptor.kind == EWALD_FFT_KIND_R2C || descriptor.kind == EWALD_FFT_KIND_REAL_C2C ||
                         descriptor.kind == EWALD_FFT_KIND_R2R;
    const bool real_out = descriptor.kind == EWALD_FFT_KIND_C2R || descriptor.kind == EWALD_FFT_KIND_R2R;
    input_bytes = input * number * (real_in ? 1 : 2);
    output_bytes = output * number * (real_out ? 1 : 2);
    workspace_bytes = workspace * number * 2;
    in_place = (descriptor.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
  }

  int32_t execute(uint32_t direction, const void* in, void* out, void* workspace, uint32_t scale) {
    if (engine) return engine->execute(direction, in, out, workspace, scale);
    return ewald_fft_execute(handle, direction, in, out, workspace, scale);
  }
};

}  // namespace ewald::addon
