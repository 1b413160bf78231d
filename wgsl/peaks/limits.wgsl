// The limits of a ring after five clips, and the pixels above them: one workgroup per ring. It gathers the ring's
// pixels once and passes over them five times, in integers for frames of integers.
#include "peaks/pixels.wgsl"
#include "peaks/found.wgsl"

// Pixels in the order of their rings: those of ring r are order[first[r]] .. order[first[r + 1] - 1].
@group(0) @binding(3) var<storage, read> first: array<u32>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
// The keys of the usable pixels; each invocation reads only what it wrote.
@group(0) @binding(5) var<storage, read_write> keys: array<i32>;
@group(0) @binding(6) var<storage, read_write> rings: array<PeaksRing>;
@group(0) @binding(7) var<storage, read_write> candidates: array<u32>;
@group(0) @binding(8) var<storage, read_write> found: Found;

const WORKGROUP = 128u;
const PASSES = 5u;
// 10^9 and the largest float32.
const WIDEST = 0x4e6e6b28u;
const LARGEST = 0x7f7fffffu;

var<workgroup> counts: array<u32, WORKGROUP>;
// Sums and sums of squares, [WORKGROUP][2].
var<workgroup> sums: array<Real, 256>;
// Keys of a pass, and the key relative to which its integers are counted.
struct Clip { least: i32, greatest: i32, centre: i32 }
var<workgroup> clip: Clip;
var<workgroup> limits: PeaksRing;

// The first key above a limit; the flag states whether there is one.
fn first_above(bits: u32) -> vec2i {
  if (run.dtype == NUMBER_F32) { return vec2i(key_of_f32(bits) + 1, 1); }
  let x = floor(bitcast<f32>(bits));
  if (run.dtype == NUMBER_U32) {
    if (x >= 4294967296.0) { return vec2i(0); }
    return vec2i(bitcast<i32>(select(u32(x) + 1u, 0u, x < 0.0) ^ TOP), 1);
  }
  if (x >= 2147483648.0) { return vec2i(0); }
  return vec2i(select(i32(x) + 1, -0x7fffffff - 1, x < -2147483648.0), 1);
}

// The last key below a limit.
fn last_below(bits: u32) -> vec2i {
  if (run.dtype == NUMBER_F32) { return vec2i(key_of_f32(bits) - 1, 1); }
  let x = ceil(bitcast<f32>(bits));
  if (run.dtype == NUMBER_U32) {
    if (x <= 0.0) { return vec2i(0); }
    return vec2i(bitcast<i32>(select(u32(x) - 1u, 0xffffffffu, x >= 4294967296.0) ^ TOP), 1);
  }
  if (x <= -2147483648.0) { return vec2i(0); }
  return vec2i(select(i32(x) - 1, 0x7fffffff, x >= 2147483648.0), 1);
}

// Limits as keys; if there are no keys between them the range is empty.
fn clip_of(lower: u32, upper: u32, centre: i32) -> Clip {
  let least = first_above(lower);
  let greatest = last_below(upper);
  if (least.y == 0 || greatest.y == 0) { return Clip(1, 0, centre); }
  return Clip(least.x, greatest.x, centre);
}

// The values of one invocation that lie between the keys: their count, sum and sum of squares relative to the centre.
struct Moments { count: u32, sums: array<Real, 2> }

fn moments_of_integers(begin: u32, mine: u32, within: Clip) -> Moments {
  var count = 0u;
  // Sums of the values above and below the centre, in 64 bits, and of squares, in 96.
  var above = vec2u(0u);
  var below = vec2u(0u);
  var low = vec2u(0u);
  var high = 0u;
  for (var k = 0u; k < mine; k++) {
    let key = keys[begin + k * WORKGROUP];
    if (key < within.least || key > within.greatest) { continue; }
    count++;
    let up = key >= within.centre;
    let off = select(u32(within.centre) - u32(key), u32(key) - u32(within.centre), up);
    if (up) { above = add_u64(above, off); } else { below = add_u64(below, off); }
    let square = vec2u(off * off, multiply_high(off, off));
    let next = add_u64(vec2u(low.x, low.y + square.y), square.x);
    // At most one carry: a square ends below its highest word.
    high += select(0u, 1u, next.y < low.y || (next.y == low.y && next.x < low.x));
    low = next;
  }
  let sum = minus(normal(above.y, above.x, 0, 0u), normal(below.y, below.x, 0, 0u));
  return Moments(count, array(sum, plus(normal(0u, high, 64, 0u), normal(low.y, low.x, 0, 0u))));
}

fn moments_of_reals(begin: u32, mine: u32, within: Clip) -> Moments {
  var all = Moments(0u, array(ZERO, ZERO));
  for (var k = 0u; k < mine; k++) {
    let key = keys[begin + k * WORKGROUP];
    if (key < within.least || key > within.greatest) { continue; }
    all.count++;
    var v = array(real_of_key(key), ZERO);
    v[1] = times(v[0], v[0]);
    for (var j = 0u; j < 2u; j++) { all.sums[j] = plus(all.sums[j], v[j]); }
  }
  return all;
}

// Limits from the moments of a pass; computed by the first invocation.
fn conclude(centre: i32) {
  limits = PeaksRing(0.0, 0.0, bitcast<f32>(LARGEST | TOP), bitcast<f32>(LARGEST), 0, 0, 0u, 0u);
  var next = centre;
  if (counts[0] > 0u) {
    let n = real_of_u32(counts[0]);
    var means: array<Real, 2>;
    for (var j = 0u; j < 2u; j++) { means[j] = over(sums[j], n); }
    let off = means[0];
    let variance = minus(means[1], times(off, off));
    var sigma = ZERO;
    if (is_positive(variance)) { sigma = root(variance); }
    var mean = off;
    if (run.dtype != NUMBER_F32) { mean = plus(off, real_of_key(centre)); }
    let reach = times(real_of_f32(bitcast<u32>(run.params.min_snr)), sigma);
    // Mean, sigma, lower and upper limit.
    var four = array(mean, sigma, minus(mean, reach), plus(mean, reach));
    var bits: vec4u;
    for (var j = 0u; j < 4u; j++) { bits[j] = f32_of_real(four[j]); }
    let threshold = bitcast<u32>(run.params.threshold);
    if (!(key_of_f32(bits.w) > key_of_f32(threshold))) { bits.w = threshold; }
    let rounded = bitcast<vec4f>(bits);
    limits.mean = rounded.x;
    limits.sigma = rounded.y;
    limits.lower = rounded.z;
    limits.upper = rounded.w;
    if (run.dtype != NUMBER_F32) { next = first_above(bits.x).x; }
  }
  let upper = bitcast<u32>(limits.upper);
  let above = first_above(upper);
  let below = last_below(upper);
  limits.above = above.x;
  limits.below = below.x;
  limits.has = u32(above.y) | (u32(below.y) << 1u);
  clip = clip_of(bitcast<u32>(limits.lower), upper, next);
}

@compute @workgroup_size(WORKGROUP)
fn find_limits(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let ring = workgroup.x;
  let begin = first[ring] + lane;
  let end = first[ring + 1u];
  var mine = 0u;
  for (var k = begin; k < end; k += WORKGROUP) {
    let key = key_of_pixel(order[k]);
    if (!is_usable(order[k], key)) { continue; }
    keys[begin + mine * WORKGROUP] = key;
    mine++;
  }
  if (lane == 0u) { clip = clip_of(WIDEST | TOP, WIDEST, select(0, -0x7fffffff - 1, run.dtype == NUMBER_U32)); }
  for (var pass_number = 0u; pass_number < PASSES; pass_number++) {
    let within = workgroupUniformLoad(&clip);
    var own: Moments;
    if (run.dtype == NUMBER_F32) {
      own = moments_of_reals(begin, mine, within);
    } else {
      own = moments_of_integers(begin, mine, within);
    }
    counts[lane] = own.count;
    sums[2u * lane] = own.sums[0];
    sums[2u * lane + 1u] = own.sums[1];
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      // Both sums go through the tree together.
      if (lane < half) { counts[lane] += counts[lane + half]; }
      if (lane < 2u * half) { sums[lane] = plus(sums[lane], sums[lane + 2u * half]); }
    }
    workgroupBarrier();
    if (lane == 0u) { conclude(within.centre); }
  }
  let own = workgroupUniformLoad(&limits);
  if (lane == 0u) { rings[ring] = own; }
  if ((own.has & 1u) == 0u) { return; }
  for (var k = begin; k < end; k += WORKGROUP) {
    let pixel = order[k];
    let key = key_of_pixel(pixel);
    if (key >= own.above && is_usable(pixel, key)) { candidates[atomicAdd(&found.candidates, 1u)] = pixel; }
  }
}
