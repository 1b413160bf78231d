// Sums of each frame over a mask of single pixels: Σ v, Σ v², Σ y v, Σ x v as selected by STEP. A workgroup sums a part
// of a frame; the host adds the parts. Integers are exact; reals are float32 sums of a few hundred numbers each. The
// host also defines STEP, VALUES (result words of a part) and PART_WORDS (words of a part).
#include "generated/udf.wgsl"
#include "udf/frames.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
// One bit per pixel.
@group(0) @binding(1) var<storage, read> marks: array<u32>;
// [frames, parts, VALUES]
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

const LANES: u32 = 256u;
// For integers: Σ v in words 0 and 1, then Σ v² in 2 to 4, or Σ y v in 2 and 3 and Σ x v in 4 and 5; for reals one word
// each.
var<workgroup> heads: array<vec4u, LANES>;
var<workgroup> tails: array<vec2u, LANES>;

// Adds the values of another lane to those of this one.
fn take(lane: u32, from_lane: u32) {
  let a = heads[lane];
  let b = heads[from_lane];
  let c = tails[lane];
  let d = tails[from_lane];
  if (REAL) {
    heads[lane] = bitcast<vec4u>(bitcast<vec4f>(a) + bitcast<vec4f>(b));
    return;
  }
  let second = add_wide(a.zw, b.zw);
  heads[lane] = vec4u(add_wide(a.xy, b.xy), second);
  if (STEP == UDF_STEP_KIND_SQUARES_OF) {
    let carry = second.y < a.w || (second.y == a.w && second.x < a.z);
    tails[lane].x = c.x + d.x + select(0u, 1u, carry);
  } else {
    tails[lane] = add_wide(c, d);
  }
}

@compute @workgroup_size(LANES)
fn spans(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let frame = workgroup.y * FRAME_WORDS;
  let end = min(FRAME_WORDS, (workgroup.x + 1u) * PART_WORDS);
  var sum = vec2u();
  var square = vec3u();
  var by_y = vec2u();
  var by_x = vec2u();
  var real = vec4f();
  for (var w = workgroup.x * PART_WORDS + lane; w < end; w += LANES) {
    let pixel = w * PER_WORD;
    let wanted = extractBits(marks[pixel >> 5u], pixel & 31u, PER_WORD);
    if (wanted == 0u) { continue; }
    let word = frames[frame + w];
    for (var k = 0u; k < PER_WORD; k++) {
      if ((wanted & (1u << k)) == 0u) { continue; }
      let y = (pixel + k) / WIDTH;
      let x = (pixel + k) % WIDTH;
      if (REAL) {
        let v = real_at(word, k);
        // Relative to the middle of the frame: fewer digits are lost, and the host shifts it back.
        real += vec4f(v, v * v, v * (f32(y) - f32(HEIGHT / 2u)), v * (f32(x) - f32(WIDTH / 2u)));
        continue;
      }
      let v = integer_at(word, k);
      sum = add_wide(sum, widened(v));
      if (STEP == UDF_STEP_KIND_SQUARES_OF) { square = add_square(square, v); }
      if (STEP == UDF_STEP_KIND_COM) {
        by_y = add_wide(by_y, times(v, y));
        by_x = add_wide(by_x, times(v, x));
      }
    }
  }
  if (REAL) {
    heads[lane] = bitcast<vec4u>(vec4f(real.x, select(real.z, real.y, STEP == UDF_STEP_KIND_SQUARES_OF), real.w, 0.0));
  } else if (STEP == UDF_STEP_KIND_SQUARES_OF) {
    heads[lane] = vec4u(sum, square.xy);
    tails[lane] = vec2u(square.z, 0u);
  } else {
    heads[lane] = vec4u(sum, by_y);
    tails[lane] = by_x;
  }
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) { take(lane, lane + stride); }
  }
  if (lane == 0u) {
    let at = (workgroup.y * workgroups.x + workgroup.x) * VALUES;
    let head = heads[0];
    let tail = tails[0];
    for (var i = 0u; i < min(4u, VALUES); i++) { sums[at + i] = head[i]; }
    for (var i = 4u; i < VALUES; i++) { sums[at + i] = tail[i - 4u]; }
  }
}
