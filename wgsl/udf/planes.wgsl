// Sums of each pixel over the frames: Σ, moments, Σ of logarithms. An invocation handles the pixels of one word, reads
// them in every frame of the chunk, and then updates the results of the earlier chunks.
//
//   sum      integers: 64 bits (2 words) · reals: the sum of a run of 16 chunks, and of all before it (2 floats)
//   moments  Σ as above · 16 bits and less: Σ², 64 bits · 32 bits: the first frame's pixel, and of the differences from it
//            mean and Σ (d - mean)², merged chunk by chunk (Chan, Golub and LeVeque)
//   logSum   2 floats
//
// Word i of pixel p is at i * PLANE + p. Planes that are too large for a binding are divided into bands of pixels: then
// frames are bound from the first word of the band. The host also defines STEP, BAND_WORDS (words of a band) and PLANE
// (its pixels).
#include "generated/udf.wgsl"
#include "udf/order.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
@group(0) @binding(1) var<uniform> chunk: Chunk;
@group(0) @binding(2) var<storage, read_write> planes: array<u32>;
// The smallest value of each frame, as an ordered word (order_of).
@group(0) @binding(3) var<storage, read> least: array<u32>;

const LANES: u32 = 64u;
// Reals are added in runs, so that no sum involves more than some dozens of roundings.
const RUN: u32 = 16u;
const RUN_OF_CHUNKS: u32 = 16u;

// The difference between a pixel and the smallest value of its frame.
fn above(word: u32, place: u32, floor: u32) -> f32 {
  if (!REAL) { return f32(order_of(word, place) - floor); }
  return bitcast<f32>(word) - bitcast<f32>(select(~floor, floor & 0x7fffffffu, (floor >> 31u) != 0u));
}

// log(1 + x) of x >= 0; NaN and infinity are detected by their bits and preserved, whatever a device's logarithm
// returns for them.
fn log_above(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u) { return x; }
  if (x < 0.01) { return x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x))); }
  return log(1.0 + x);
}

// The signed difference of two numbers.
fn difference(word: u32, place: u32, from_word: u32) -> f32 {
  if (REAL) { return bitcast<f32>(word) - bitcast<f32>(from_word); }
  let a = order_of(word, place);
  let b = order_of(from_word, place);
  return select(-f32(b - a), f32(a - b), a >= b);
}

fn load_wide(at: u32) -> vec2u {
  return vec2u(planes[at], planes[at + PLANE]);
}

fn store_wide(at: u32, value: vec2u) {
  planes[at] = value.x;
  planes[at + PLANE] = value.y;
}

// Adds the result of this chunk; at the end of a run of chunks the run's sum is added to the total.
fn add_real(at: u32, here: f32) {
  let run = bitcast<f32>(planes[at]) + here;
  if (chunk.number % RUN_OF_CHUNKS == RUN_OF_CHUNKS - 1u) {
    planes[at + PLANE] = bitcast<u32>(bitcast<f32>(planes[at + PLANE]) + run);
    planes[at] = 0u;
  } else {
    planes[at] = bitcast<u32>(run);
  }
}

fn add_reals(at: u32, w: u32, place: u32) {
  var sum = 0.0;
  for (var first = 0u; first < chunk.count; first += RUN) {
    var run = 0.0;
    for (var f = first; f < min(chunk.count, first + RUN); f++) { run += real_at(frames[f * FRAME_WORDS + w], place); }
    sum += run;
  }
  add_real(at, sum);
}

fn add_integers(at: u32, w: u32, place: u32) {
  if (!NARROW) {
    var sum = load_wide(at);
    for (var f = 0u; f < chunk.count; f++) { sum = add_wide(sum, widened(integer_at(frames[f * FRAME_WORDS + w], place))); }
    store_wide(at, sum);
    return;
  }
  // A chunk has at most 4096 frames: their sum is below 2^28.
  var here = 0;
  for (var f = 0u; f < chunk.count; f++) { here += integer_at(frames[f * FRAME_WORDS + w], place); }
  store_wide(at, add_wide(load_wide(at), widened(here)));
}

// Squares of 16-bit numbers have 32 bits: their halves are added separately.
fn add_squares(at: u32, w: u32, place: u32) {
  var low = 0u;
  var high = 0u;
  for (var f = 0u; f < chunk.count; f++) {
    let v = bitcast<u32>(integer_at(frames[f * FRAME_WORDS + w], place));
    let square = v * v;
    low += square & 0xffffu;
    high += square >> 16u;
  }
  store_wide(at, add_wide(add_u64(load_wide(at), low), vec2u(high << 16u, high >> 16u)));
}

fn add_moments(at: u32, w: u32, place: u32) {
  if (chunk.before == 0u) { planes[at] = frames[w]; }
  let from_word = planes[at];
  let n = f32(chunk.count);
  var sum = 0.0;
  for (var first = 0u; first < chunk.count; first += RUN) {
    var run = 0.0;
    for (var f = first; f < min(chunk.count, first + RUN); f++) {
      run += difference(frames[f * FRAME_WORDS + w], place, from_word);
    }
    sum += run;
  }
  let mean = sum / n;
  var second = 0.0;
  for (var first = 0u; first < chunk.count; first += RUN) {
    var run = 0.0;
    for (var f = first; f < min(chunk.count, first + RUN); f++) {
      let d = difference(frames[f * FRAME_WORDS + w], place, from_word) - mean;
      run += d * d;
    }
    second += run;
  }
  let before = f32(chunk.before);
  let all = before + n;
  let old = bitcast<f32>(planes[at + PLANE]);
  let step = mean - old;
  planes[at + PLANE] = bitcast<u32>(old + step * (n / all));
  planes[at + 2u * PLANE] = bitcast<u32>(bitcast<f32>(planes[at + 2u * PLANE]) + second + step * step * (before * n / all));
}

@compute @workgroup_size(LANES)
fn add_planes(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let w = (workgroup.y * workgroups.x + workgroup.x) * LANES + lane;
  if (w >= BAND_WORDS) { return; }
  for (var k = 0u; k < PER_WORD; k++) {
    let at = w * PER_WORD + k;
    if (STEP == UDF_STEP_KIND_SUM || STEP == UDF_STEP_KIND_MOMENTS) {
      if (REAL) { add_reals(at, w, k); } else { add_integers(at, w, k); }
    }
    if (STEP == UDF_STEP_KIND_MOMENTS) {
      if (NARROW) { add_squares(at + 2u * PLANE, w, k); } else { add_moments(at + 2u * PLANE, w, k); }
    }
    if (STEP == UDF_STEP_KIND_LOG_SUM) {
      var sum = 0.0;
      for (var first = 0u; first < chunk.count; first += RUN) {
        var run = 0.0;
        for (var f = first; f < min(chunk.count, first + RUN); f++) {
          run += log_above(above(frames[f * FRAME_WORDS + w], k, least[f]));
        }
        sum += run;
      }
      add_real(at, sum);
    }
  }
}
