/* fft: planned transforms of any length, rank and layout; see cpp/fft/README.md. To be merged into ewald.h and src/layout/layout.ts. */
#ifndef EWALD_FFT_ABI_H
#define EWALD_FFT_ABI_H
#include "ewald.h"

typedef enum ewald_fft_kind {
  EWALD_FFT_KIND_C2C = 0,     /* complex to complex */
  EWALD_FFT_KIND_R2C = 1,     /* input real, output complex with shape[reduced] / 2 + 1 along the reduced axis */
  EWALD_FFT_KIND_C2R = 2,     /* the same with input and output exchanged */
  EWALD_FFT_KIND_REAL_C2C = 3, /* input real, output complex of the full shape; backward drops the imaginary parts */
  EWALD_FFT_KIND_R2R = 4      /* real to real, a sine or cosine kind for each axis */
} ewald_fft_kind;

typedef enum ewald_fft_precision { EWALD_FFT_PRECISION_F32 = 0, EWALD_FFT_PRECISION_F64 = 1 } ewald_fft_precision;

/* Kinds I to IV of FFTW: REDFT00, 10, 01, 11 and RODFT00, 10, 01, 11, unnormalised. */
typedef enum ewald_fft_axis_kind {
  EWALD_FFT_AXIS_KIND_DCT1 = 0,
  EWALD_FFT_AXIS_KIND_DCT2 = 1,
  EWALD_FFT_AXIS_KIND_DCT3 = 2,
  EWALD_FFT_AXIS_KIND_DCT4 = 3,
  EWALD_FFT_AXIS_KIND_DST1 = 4,
  EWALD_FFT_AXIS_KIND_DST2 = 5,
  EWALD_FFT_AXIS_KIND_DST3 = 6,
  EWALD_FFT_AXIS_KIND_DST4 = 7
} ewald_fft_axis_kind;

/* The sign of the exponent. Forward (-) turns real into complex numbers, backward (+) complex into real ones, whatever the kind; for R2R
 * backward runs the inverse kinds (II and III change places). */
typedef enum ewald_fft_direction { EWALD_FFT_DIRECTION_FORWARD = 0, EWALD_FFT_DIRECTION_BACKWARD = 1 } ewald_fft_direction;

/* Factor on the result: 1, 1 / N or 1 / sqrt(N), N the product of the transformed lengths (of a R2R axis: its logical length, 2 n and so on). */
typedef enum ewald_fft_scale { EWALD_FFT_SCALE_NONE = 0, EWALD_FFT_SCALE_FULL = 1, EWALD_FFT_SCALE_SYMMETRIC = 2 } ewald_fft_scale;

typedef enum ewald_fft_flag {
  EWALD_FFT_FLAG_IN_PLACE = 1,      /* in and out are the same memory */
  EWALD_FFT_FLAG_USER_WORKSPACE = 2 /* the plan holds no workspace: every run must bring one */
} ewald_fft_flag;

/* What a plan transforms. Axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of the input or output;
 * a side whose strides are all 0 is contiguous in C order (in-place R2C: the reduced, last axis of the real side padded to 2 (n / 2 + 1)). */
typedef struct ewald_fft_descriptor {
  uint32_t rank;         /* 1 .. 8 */
  uint32_t kind;         /* an ewald_fft_kind */
  uint32_t precision;    /* an ewald_fft_precision */
  uint32_t flags;        /* ewald_fft_flag bits */
  uint32_t axes;         /* bit i: axis i is transformed; 0 takes all */
  uint32_t reduced;      /* the axis that R2C halves; it must be transformed */
  uint32_t batch;        /* transforms of a run; 0 is 1 */
  uint32_t threads;      /* host threads; 0 takes one a core */
  uint32_t in_distance;  /* from one transform of the batch to the next; 0 is one behind the other */
  uint32_t out_distance;
  uint32_t tune;         /* 0: choose by rule; other values force a choice, see ewald_fft_tunings */
  uint32_t pad0;
  uint32_t shape[8];      /* logical (real) lengths */
  uint32_t axis_kind[8];  /* an ewald_fft_axis_kind for each transformed axis of R2R */
  uint32_t in_stride[8];
  uint32_t out_stride[8];
} ewald_fft_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_fft_descriptor) == 176, "ewald_fft_descriptor");

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ewald_fft ewald_fft;
int32_t ewald_fft_create(const ewald_fft_descriptor* descriptor, ewald_fft** plan);
void ewald_fft_destroy(ewald_fft* plan);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_fft_bytes(const ewald_fft* plan);
/* Elements that a run touches: of the input and output from their first to their last, of the workspace in complex numbers. Forward sense. */
int32_t ewald_fft_sizes(const ewald_fft* plan, size_t* input, size_t* output, size_t* workspace);
/* Forward reads the input side and writes the output side, backward the reverse. Nothing else is written, the input is kept unless it is
 * the output. `workspace` may be NULL when the plan holds its own. Allocates nothing. */
int32_t ewald_fft_execute(ewald_fft* plan, uint32_t direction, const void* in, void* out, void* workspace, uint32_t scale);

#ifdef __cplusplus
}
#endif
#endif
