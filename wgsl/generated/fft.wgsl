// Generated from src/compute/layout/fft.ts by `npm run layout`. Do not edit.
const FFT_MAX_RANK: u32 = 8u;
const FFT_KIND_C2C: u32 = 0u;
const FFT_KIND_R2C: u32 = 1u;
const FFT_KIND_C2R: u32 = 2u;
const FFT_KIND_REAL_C2C: u32 = 3u;
const FFT_KIND_R2R: u32 = 4u;
const FFT_PRECISION_F32: u32 = 0u;
const FFT_PRECISION_F64: u32 = 1u;
const FFT_AXIS_KIND_DCT1: u32 = 0u;
const FFT_AXIS_KIND_DCT2: u32 = 1u;
const FFT_AXIS_KIND_DCT3: u32 = 2u;
const FFT_AXIS_KIND_DCT4: u32 = 3u;
const FFT_AXIS_KIND_DST1: u32 = 4u;
const FFT_AXIS_KIND_DST2: u32 = 5u;
const FFT_AXIS_KIND_DST3: u32 = 6u;
const FFT_AXIS_KIND_DST4: u32 = 7u;
const FFT_DIRECTION_FORWARD: u32 = 0u;
const FFT_DIRECTION_BACKWARD: u32 = 1u;
const FFT_SCALE_NONE: u32 = 0u;
const FFT_SCALE_FULL: u32 = 1u;
const FFT_SCALE_SYMMETRIC: u32 = 2u;
const FFT_FLAG_IN_PLACE: u32 = 1u;
const FFT_FLAG_USER_WORKSPACE: u32 = 2u;

// A transform: axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of their side; a side whose strides are all 0 is contiguous in C order (in-place R2C: the last axis of the real side is padded to 2 (n / 2 + 1)).
struct FftDescriptor {
  rank: u32, // 1 to 8
  kind: u32, // an FftKind
  precision_: u32, // an FftPrecision
  flags: u32, // FftFlag bits
  axes: u32, // bit i: axis i is transformed; 0 takes all
  reduced: u32, // the axis that r2c and c2r halve; it must be transformed
  batch: u32, // transforms of a run; 0 is 1
  threads: u32, // host threads; 0 takes one a core
  in_distance: u32, // elements from one transform of the batch to the next, input side; 0 is one behind the other
  out_distance: u32, // the same on the output side
  tune: u32, // 0: choose by rule; other values force a choice
  pad0: u32, // zero
  shape: array<u32, 8>, // logical (real) lengths
  axis_kind: array<u32, 8>, // an FftAxisKind for each transformed axis of r2r
  in_stride: array<u32, 8>, // elements from one index of an axis to the next, input side
  out_stride: array<u32, 8>, // the same on the output side
  in_start: array<u32, 8>, // index along an axis of the first element that the input side holds
  in_count: array<u32, 8>, // elements along an axis that the input side holds, from inStart on and around; the others are zero; 0 is all
  out_start: array<u32, 8>, // the same on the output side
  out_count: array<u32, 8>, // elements along an axis that the output side holds; the others are left out; 0 is all
}
