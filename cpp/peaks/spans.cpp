// The C function of sums over stretches of rows: checks its arguments.
#include "peaks/spans.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/cpu.h"
#include "common/status.h"

namespace {

using namespace ewald;

auto sum_spans_of_this_machine() {
  switch (best_isa()) {
#if defined(__wasm_simd128__)
    default:
      return &simd128::sum_spans;
#elif defined(__x86_64__)
    case Isa::avx512:
      return &avx512::sum_spans;
    case Isa::avx2:
      return &avx2::sum_spans;
    default:
      return &sse2::sum_spans;
#else
    default:
      return &neon::sum_spans;
#endif
  }
}

}  // namespace

extern "C" EWALD_EXPORT(ewald_spans_sum) int32_t
    ewald_spans_sum(const ewald_spans_params* params, const void* frame, const ewald_span* spans, const double* range,
                    const double* limits, const float* saturation, int64_t* sums) {
  if (params == nullptr || frame == nullptr || spans == nullptr || range == nullptr || limits == nullptr ||
      sums == nullptr)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_spans_sum: a pointer is null");
  const ewald_spans_params p = *params;
  if (p.dtype > EWALD_NUMBER_I32)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "dtype is %u; expected an integer type of ewald_number", p.dtype);
  if (p.width > 1u << 16)
    return fail(EWALD_STATUS_LIMIT, "a row has %u pixels; expected at most %u", p.width, 1u << 16);
  for (uint32_t k = 0; k < p.spans; k++) {
    const ewald_span& span = spans[k];
    if (span.region >= p.regions || span.ss >= p.height || span.fs > p.width || span.count > p.width - span.fs)
      return fail(EWALD_STATUS_INVALID_ARGUMENT,
                  "stretch %u (region %u, ss %u, fs %u, %u pixels) does not lie in a frame of %u x %u pixels with %u "
                  "regions",
                  k, span.region, span.ss, span.fs, span.count, p.width, p.height, p.regions);
  }
  for (size_t region = 0; region < p.regions; region++) {
    int64_t* const words = sums + peaks::span_words * region;
    std::fill_n(words, peaks::span_words, 0);
    words[1] = std::numeric_limits<int64_t>::min();
  }
  // Beyond all types, so that the bounds are whole numbers.
  const auto whole = [](double bound) { return int64_t(std::clamp(bound, -0x1p33, 0x1p33)); };
  sum_spans_of_this_machine()(
      {params, frame, spans, whole(std::ceil(range[0])), whole(std::floor(range[1])), limits, saturation, sums});
  return EWALD_STATUS_OK;
}
