// One pass that computes sums over frames: the contents of a handle, and the kernels that are compiled once for each
// instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::udf {

// Frames that sums over frames process together: their pixels are added before a running sum is touched.
constexpr uint32_t group = 8;
// Pixels of a block: its part of a group of frames and of their running sums stays in the nearest caches.
constexpr uint32_t block = 2048;
// Frames of a matrix product that share a block of masks.
constexpr uint32_t tile = 16;
// Frames of integers up to 16 bits whose running sums fit 32 bits: 2^31 / 2^16.
constexpr uint32_t running_most = 1u << 15;

// Runs of pixels within rows, [first, end).
struct Spans {
  const uint32_t* pairs;
  uint32_t count;
};

// Consecutive frames, and the range of their pixels to use.
struct Stack {
  const void* frames;
  uint32_t count;
  size_t pixels, first, end;
};

// Running sums of integers up to 16 bits, one word per pixel, in the kernel's own order, stored before they overflow.
// `low` and `high` are for squares: Σ of 32-bit terms modulo 2^32, and Σ of their upper halves.
struct Running {
  uint32_t *sum, *low, *high;
};

// Kernels of one type of frames. They are called through pointers, one type each, so that no compiler inlines all of
// them into one function: V8 takes a second to optimise such a function, and runs it unoptimised until then.
struct Kernels {
  // Σ over spans -> out[1]; Σ and Σ² over spans -> out[2]
  void (*sums)(const void* frame, Spans spans, double* out);
  void (*squares)(const void* frame, Spans spans, double* out);
  // Σ, Σ y v, Σ x v over spans -> out[3]; column: width numbers of 8 bytes, zero before and after
  void (*com)(const void* frame, uint32_t width, Spans spans, void* column, double* out);
  // frames x masks; scratch: tile * block floats; adds to out[frame * columns + mask]. The second has float64 masks.
  void (*dense)(const void* frames, uint32_t count, size_t pixels, const float* masks, uint32_t mask_count,
                float* scratch, double* out, size_t columns);
  void (*dense_double)(const void* frames, uint32_t count, size_t pixels, const double* masks, uint32_t mask_count,
                       float* scratch, double* out, size_t columns);
  void (*sparse)(const void* frame, const uint32_t* starts, const uint32_t* places, const float* weights,
                 uint32_t masks, double* out);
  void (*sparse_double)(const void* frame, const uint32_t* starts, const uint32_t* places, const double* weights,
                        uint32_t masks, double* out);
  // Adds the pixels of frames onto sums (and onto squares, about `shift`).
  void (*add)(const Stack& stack, double* sum);
  void (*moments)(const Stack& stack, const double* shift, double* sum, double* second);
  // The same onto running sums; null where the type has none. `first` of a stack is a multiple of `block`.
  void (*add_running)(const Stack& stack, Running running);
  void (*moments_running)(const Stack& stack, Running running);
  // Adds running sums of `frames` frames onto doubles: pixels [first, end) of `pixels`.
  void (*store_sum)(Running running, size_t pixels, size_t first, size_t end, double* sum);
  void (*store_moments)(Running running, uint64_t frames, size_t pixels, size_t first, size_t end, double* sum,
                        double* second);
};

}  // namespace ewald::udf

// Each function fills in its part of the kernels of a type.
#define EWALD_UDF_KERNELS(isa)                                    \
  namespace ewald::isa {                                          \
  void udf_spans(uint32_t dtype, ewald::udf::Kernels& kernels);   \
  void udf_centre(uint32_t dtype, ewald::udf::Kernels& kernels);  \
  void udf_dense(uint32_t dtype, ewald::udf::Kernels& kernels);   \
  void udf_planes(uint32_t dtype, ewald::udf::Kernels& kernels);  \
  void udf_running(uint32_t dtype, ewald::udf::Kernels& kernels); \
  }
EWALD_UDF_KERNELS(sse2)
EWALD_UDF_KERNELS(avx2)
EWALD_UDF_KERNELS(avx512)
EWALD_UDF_KERNELS(neon)
EWALD_UDF_KERNELS(simd128)
#undef EWALD_UDF_KERNELS

namespace ewald::udf {

// The kernels of the best instruction set on this machine.
Kernels kernels(uint32_t dtype);

}  // namespace ewald::udf
