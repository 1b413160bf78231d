// Frames times masks of few pixels: one workgroup per mask and frame. The host also defines MASKS.
#include "udf/frames.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
// starts of the masks (MASKS + 1), then one pixel per entry
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
// [frames, masks]
@group(0) @binding(3) var<storage, read_write> products: array<f32>;

const LANES: u32 = 64u;
const RUN: u32 = 16u;
var<workgroup> cells: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn sparse(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let mask = workgroup.x;
  let frame = workgroup.y;
  let end = indices[mask + 1u];
  var sum = 0.0;
  for (var first = indices[mask] + lane; first < end; first += LANES * RUN) {
    var run = 0.0;
    for (var e = first; e < min(end, first + LANES * RUN); e += LANES) {
      let pixel = indices[MASKS + 1u + e];
      run += weights[e] * real_at(frames[frame * FRAME_WORDS + pixel / PER_WORD], pixel % PER_WORD);
    }
    sum += run;
  }
  cells[lane] = sum;
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) { cells[lane] += cells[lane + stride]; }
  }
  if (lane == 0u) { products[frame * MASKS + mask] = cells[0]; }
}
