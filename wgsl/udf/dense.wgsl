// Frames times masks in float32: [frames, pixels] x [pixels, masks], one part of the pixels per workgroup; the host
// adds the parts. An invocation has 4 x 4 products in registers; FRAME_LANES x MASK_LANES invocations share the data
// that is read. The host also defines MASKS, FRAME_LANES, MASK_LANES, PART_WORDS and STEP_PIXELS.
#include "udf/frames.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
@group(0) @binding(1) var<uniform> chunk: Chunk;
// [masks, pixels]
@group(0) @binding(2) var<storage, read> weights: array<f32>;
// [frames, parts, masks]
@group(0) @binding(3) var<storage, read_write> products: array<f32>;

const EACH: u32 = 4u;
const LANES: u32 = FRAME_LANES * MASK_LANES;
// STEP_PIXELS is the number of pixels that are in workgroup memory at a time.
const STEP_WORDS: u32 = STEP_PIXELS / PER_WORD;
const TILE_FRAMES: u32 = FRAME_LANES * EACH;
const TILE_MASKS: u32 = MASK_LANES * EACH;

// [pixels, frames] and [pixels, masks]
var<workgroup> frame_tile: array<f32, STEP_PIXELS * TILE_FRAMES>;
var<workgroup> mask_tile: array<f32, STEP_PIXELS * TILE_MASKS>;

fn put(frame: u32, row: u32, mask: u32, sums: vec4f) {
  if (frame >= chunk.count) { return; }
  for (var k = 0u; k < min(EACH, MASKS - min(MASKS, mask)); k++) { products[row * MASKS + mask + k] = sums[k]; }
}

@compute @workgroup_size(LANES)
fn dense(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_frame = workgroup.y * TILE_FRAMES;
  let first_mask = workgroup.z * TILE_MASKS;
  let begin = workgroup.x * PART_WORDS;
  let end = min(FRAME_WORDS, begin + PART_WORDS);
  let frame_lane = lane / MASK_LANES;
  let mask_lane = lane % MASK_LANES;
  // A vector of masks for each frame. Separate variables, because not every compiler keeps arrays in registers.
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var word = begin; word < end; word += STEP_WORDS) {
    for (var i = lane; i < TILE_FRAMES * STEP_WORDS; i += LANES) {
      let f = i / STEP_WORDS;
      let w = i % STEP_WORDS;
      let there = first_frame + f < chunk.count && word + w < end;
      var bits = 0u;
      if (there) { bits = frames[(first_frame + f) * FRAME_WORDS + word + w]; }
      for (var k = 0u; k < PER_WORD; k++) {
        frame_tile[(w * PER_WORD + k) * TILE_FRAMES + f] = select(0.0, real_at(bits, k), there);
      }
    }
    for (var i = lane; i < TILE_MASKS * STEP_PIXELS; i += LANES) {
      let m = i / STEP_PIXELS;
      let p = i % STEP_PIXELS;
      let pixel = word * PER_WORD + p;
      var weight = 0.0;
      if (first_mask + m < MASKS && pixel < min(PIXELS, end * PER_WORD)) {
        weight = weights[(first_mask + m) * PIXELS + pixel];
      }
      mask_tile[p * TILE_MASKS + m] = weight;
    }
    workgroupBarrier();
    // The products of a step are summed before this sum is added to the others.
    var here0 = vec4f();
    var here1 = vec4f();
    var here2 = vec4f();
    var here3 = vec4f();
    for (var p = 0u; p < STEP_PIXELS; p++) {
      let m = p * TILE_MASKS + mask_lane * EACH;
      let weight = vec4f(mask_tile[m], mask_tile[m + 1u], mask_tile[m + 2u], mask_tile[m + 3u]);
      let f = p * TILE_FRAMES + frame_lane * EACH;
      here0 += frame_tile[f] * weight;
      here1 += frame_tile[f + 1u] * weight;
      here2 += frame_tile[f + 2u] * weight;
      here3 += frame_tile[f + 3u] * weight;
    }
    sum0 += here0;
    sum1 += here1;
    sum2 += here2;
    sum3 += here3;
    workgroupBarrier();
  }
  let frame = first_frame + frame_lane * EACH;
  let at = frame * workgroups.x + workgroup.x;
  let mask = first_mask + mask_lane * EACH;
  put(frame, at, mask, sum0);
  put(frame + 1u, at + workgroups.x, mask, sum1);
  put(frame + 2u, at + 2u * workgroups.x, mask, sum2);
  put(frame + 3u, at + 3u * workgroups.x, mask, sum3);
}
