// Bindings of cpp/peaks/spans.cpp.
#include "addon/plan.h"
#include "addon/room.h"
#include "peaks/spans.h"

namespace ewald::addon {
namespace {

// spansSum(params: Uint8Array, frame, spans: Uint8Array, range: Float64Array, limits: Float64Array,
// saturation: Float32Array | null, sums: BigInt64Array)
Napi::Value spans_sum(const CallbackInfo& info) {
  const auto params = struct_of<ewald_spans_params>(info, 0);
  const size_t bytes = params.dtype <= EWALD_NUMBER_I32 ? pixel_bytes[params.dtype] : 0;
  const size_t pixels = size_t(params.width) * params.height;
  const View frame = view_at(info, 1, pixels * bytes);
  const auto* spans = elements<ewald_span>(info, 2, params.spans);
  const auto* range = elements<double>(info, 3, 2);
  const auto* limits = elements<double>(info, 4, params.spans);
  const auto* saturation = info[5].IsNull() ? nullptr : elements<float>(info, 5, pixels);
  auto* sums = elements<int64_t>(info, 6, size_t(peaks::span_words) * params.regions);
  check(info.Env(), ewald_spans_sum(&params, frame.data, spans, range, limits, saturation, sums));
  return info.Env().Undefined();
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("spansSum", Napi::Function::New(env, spans_sum, "spansSum"));
});

}  // namespace
}  // namespace ewald::addon
