// Corrections of frames: the contents of a handle, and the kernels that are compiled once for each instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::udf {

// The tables of a correction. Numbers have the type of the results, float or double.
struct CorrectionTables {
  size_t pixels;
  // A dark value is `dark` + `rest`: as one float it would be rounded, and the difference from a similar count would
  // keep the error of the large numbers. `rest` is null for doubles, and where it is zero.
  const void *dark, *rest, *gain;
  // Largest and smallest valid value, then the markers.
  const void* limits;
  uint32_t markers;
  bool nan_is_bad;
  // [pixels], nonzero where a pixel is bad in every frame.
  const uint8_t* mask;
};

// Kernels of one type of frames and of results.
struct CorrectionKernels {
  // (value - dark) * gain of all pixels of `count` frames.
  void (*values)(const CorrectionTables& tables, const void* frames, uint32_t count, void* out);
  // Whether a value of this frame is bad in itself; marks (of all bad pixels) are written only if one is.
  bool (*marks)(const CorrectionTables& tables, const void* frame, uint8_t* marks);
};

// EWALD_STATUS_OK, or the status of ewald::fail with what is wrong with a descriptor; for cuda/udf, too.
int32_t check(const ewald_correction_descriptor& d);

// The two halves of a dark value, and limits such that comparing a float with them has the result of comparing it with
// the double: the largest float that is not above, the smallest that is not below.
float rest_of(double dark);
float not_above(double limit);
float not_below(double limit);

// The good pixels among the neighbours of pixel i within its panel, at most 8; returns their number.
uint32_t good_around(const uint8_t* marks, size_t i, uint32_t width, uint32_t height, size_t* good);

}  // namespace ewald::udf

#define EWALD_CORRECTION_KERNELS(isa)                                                            \
  namespace ewald::isa {                                                                         \
  void udf_correct(uint32_t dtype, uint32_t wide, ewald::udf::CorrectionKernels& kernels);        \
  }
EWALD_CORRECTION_KERNELS(sse2)
EWALD_CORRECTION_KERNELS(avx2)
EWALD_CORRECTION_KERNELS(avx512)
EWALD_CORRECTION_KERNELS(neon)
EWALD_CORRECTION_KERNELS(simd128)
#undef EWALD_CORRECTION_KERNELS
