// One pass of sums over frames: what a handle holds, and the kernels that are compiled once for each instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::udf {

// Frames that sums over frames take together: their pixels are added before a running sum is touched.
constexpr uint32_t group = 8;
// Pixels of a block: what a group of frames and its running sums have of it stays in the nearest caches.
constexpr uint32_t block = 2048;
// Frames of a matrix product that share a block of masks.
constexpr uint32_t tile = 16;

// Runs of pixels within rows, [first, end).
struct Spans {
  const uint32_t* pairs;
  uint32_t count;
};

// Running sums of integers up to 16 bits, 32 bits wide: emptied before they overflow.
struct Running {
  uint32_t *sum, *low, *high;
};

}  // namespace ewald::udf

// sums      Σ over spans                               -> out[1]
// squares   Σ and Σ² over spans                        -> out[2]
// com       Σ, Σ y v, Σ x v over spans; column: width  -> out[3]
// dense     frames x masks; scratch: tile * block floats, adds to out[frame * columns + mask]
// add       pixels [first, end) of `frames` frames onto sum (and onto second: squares, or squares about `shift`)
// logs      adds log(v - least + 1) of pixels [first, end)
#define EWALD_UDF_KERNELS(isa)                                                                                         \
  namespace ewald::isa {                                                                                               \
  void udf_sums(uint32_t dtype, const void* frame, ewald::udf::Spans spans, double* out);                              \
  void udf_squares(uint32_t dtype, const void* frame, ewald::udf::Spans spans, double* out);                           \
  void udf_com(uint32_t dtype, const void* frame, uint32_t width, ewald::udf::Spans spans, void* column, double* out); \
  void udf_dense(uint32_t dtype, const void* frames, uint32_t count, size_t pixels, const float* masks,                \
                 uint32_t mask_count, float* scratch, double* out, size_t columns);                                    \
  void udf_sparse(uint32_t dtype, const void* frame, const uint32_t* starts, const uint32_t* places,                   \
                  const float* weights, uint32_t masks, double* out);                                                  \
  void udf_add(uint32_t dtype, const void* frames, uint32_t count, size_t pixels, size_t first, size_t end,            \
               double* sum);                                                                                           \
  void udf_moments(uint32_t dtype, const void* frames, uint32_t count, size_t pixels, size_t first, size_t end,        \
                   const double* shift, double* sum, double* second);                                                  \
  }
EWALD_UDF_KERNELS(sse2)
EWALD_UDF_KERNELS(avx2)
EWALD_UDF_KERNELS(avx512)
EWALD_UDF_KERNELS(neon)
EWALD_UDF_KERNELS(simd128)
#undef EWALD_UDF_KERNELS

namespace ewald::udf {

struct Kernels {
  void (*sums)(uint32_t, const void*, Spans, double*);
  void (*squares)(uint32_t, const void*, Spans, double*);
  void (*com)(uint32_t, const void*, uint32_t, Spans, void*, double*);
  void (*dense)(uint32_t, const void*, uint32_t, size_t, const float*, uint32_t, float*, double*, size_t);
  void (*sparse)(uint32_t, const void*, const uint32_t*, const uint32_t*, const float*, uint32_t, double*);
  void (*add)(uint32_t, const void*, uint32_t, size_t, size_t, size_t, double*);
  void (*moments)(uint32_t, const void*, uint32_t, size_t, size_t, size_t, const double*, double*, double*);
};

// Those of the best instruction set here.
const Kernels& kernels();

}  // namespace ewald::udf
