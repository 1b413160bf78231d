// Disk finding: correlation of frames with a pattern, and the peaks of the correlation. The contents of a handle, and
// the kernels that are compiled once for each instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"
#include "udf/plane_axis.h"

namespace ewald::udf {

// Samples of a pixel when a correlation is upsampled, and samples along each axis: 1.5 pixels around the maximum.
constexpr uint32_t upsampling = 20, samples = 30;

// A disk finder. The transformed planes are crops of side x side, or whole frames.
struct Disks {
  ewald_disks_descriptor d;
  size_t pixels, frame_bytes;
  // Sides of a crop and of the transformed planes.
  uint32_t side;
  Axis y, x;
  // Spectrum of the pattern, complex, divided by the number of pixels.
  float* spectrum;
  // ln of 0 .. 65536.
  const float* logs;
  // Phases of upsampling along y and along x, complex: [samples][2 * side] by sample and by the distance of a pixel
  // from the maximum plus side. Along x only the frequencies from 0 to side / 2 are summed, as in blobfinder, which
  // upsamples the spectrum of a real transform.
  const float *phases_y, *phases_x;
};

// One run; the arrays are those of ewald_disks_run.
struct DisksRun {
  const char* frames;
  const int32_t* peaks;
  // Numbers from the peaks of one frame to those of the next: 0 if all frames have the same.
  size_t peak_stride;
  int32_t* centers;
  float *refineds, *heights, *elevations;
};

struct DisksKernels {
  // Planes that are transformed together.
  uint32_t planes;
  // Floats of the memory of one thread.
  size_t (*scratch_floats)(const Disks& disks);
  // The spectrum of a plane, divided by the number of pixels.
  void (*spectrum)(const Disks& disks, const float* plane, float* scratch, float* spectrum);
  // Disks first .. first + count of all frames, at most `planes` of them.
  void (*crops)(const Disks& disks, const DisksRun& run, uint64_t first, uint32_t count, float* scratch);
  // All disks of frames first .. first + count, at most `planes` of them.
  void (*frames)(const Disks& disks, const DisksRun& run, uint64_t first, uint32_t count, float* scratch);
};

}  // namespace ewald::udf

#define EWALD_UDF_DISKS(isa)                            \
  namespace ewald::isa {                                \
  void udf_disks(ewald::udf::DisksKernels& kernels);    \
  }
EWALD_UDF_DISKS(sse2)
EWALD_UDF_DISKS(avx2)
EWALD_UDF_DISKS(avx512)
EWALD_UDF_DISKS(neon)
EWALD_UDF_DISKS(simd128)
#undef EWALD_UDF_DISKS
