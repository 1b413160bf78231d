// Sums of counts over stretches of rows of a frame, of which regions consist.
#pragma once
#include <cstdint>

#include "ewald.h"

namespace ewald::peaks {

// What is summed; the arguments of ewald_spans_sum, which have been checked.
struct Spans {
  const ewald_spans_params* params;
  const void* frame;
  const ewald_span* spans;
  // Values outside are no counts.
  int64_t low, high;
  const double* limits;
  // Of each pixel, or NULL.
  const float* saturation;
  // Numbers of each region, as ewald.h has them.
  int64_t* sums;
};

constexpr uint32_t span_words = 9;

}  // namespace ewald::peaks

// Compiled once for each instruction set.
#define EWALD_PEAKS_SPANS(isa) \
  namespace ewald::isa {       \
  void sum_spans(const peaks::Spans& spans); \
  }
EWALD_PEAKS_SPANS(sse2)
EWALD_PEAKS_SPANS(avx2)
EWALD_PEAKS_SPANS(avx512)
EWALD_PEAKS_SPANS(neon)
EWALD_PEAKS_SPANS(simd128)
#undef EWALD_PEAKS_SPANS
