// Corrections of frames: (value - dark) * gain, an invocation per pixel and frame; fill.wgsl then replaces bad pixels.
// The host also defines LIMITED (whether a value can be bad in itself), NAN_IS_BAD, MARKERS and ROW_PIXELS (pixels of
// the workgroups along x).
#include "udf/frames.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
// [PIXELS] each: a dark value as two floats, since one would round it; gain.
@group(0) @binding(1) var<storage, read> dark: array<f32>;
@group(0) @binding(2) var<storage, read> dark_rest: array<f32>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;
// [PIXELS], nonzero where a pixel is bad in every frame.
@group(0) @binding(4) var<storage, read> mask: array<u32>;
// Largest and smallest valid value, then the markers.
@group(0) @binding(5) var<storage, read> limits: array<f32>;
// [frames][PIXELS] if values can be bad; otherwise unused.
@group(0) @binding(6) var<storage, read_write> marks: array<u32>;
// [frames][PIXELS], bits of floats, because arithmetic on NaN is not reliable.
@group(0) @binding(7) var<storage, read_write> corrected: array<u32>;

const NAN_BITS: u32 = 0x7fc00000u;

fn is_nan(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }

fn is_outside(value: f32) -> bool {
  if (REAL && is_nan(value)) { return NAN_IS_BAD == 1u; }
  var outside = value > limits[0] || value < limits[1];
  for (var m = 0u; m < MARKERS; m++) { outside = outside || value == limits[2u + m]; }
  return outside;
}

@compute @workgroup_size(64)
fn correct(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.z * ROW_PIXELS + id.x;
  if (pixel >= PIXELS) { return; }
  let value = real_at(frames[id.y * FRAME_WORDS + pixel / PER_WORD], pixel % PER_WORD);
  let at = id.y * PIXELS + pixel;
  if (LIMITED == 1u) { marks[at] = select(mask[pixel], 1u, is_outside(value)); }
  let result = (value - dark[pixel] - dark_rest[pixel]) * gain[pixel];
  corrected[at] = select(bitcast<u32>(result), NAN_BITS, REAL && is_nan(value));
}
