// One workgroup per seed: floods its blob, stops if the blob has an earlier seed, and measures it. cpp/peaks/README.md
// defines a blob and its measurement. Pixels around a blob are pixels below their limits, which no blob contains, so no
// blob waits for another.
#include "peaks/detector.wgsl"
#include "peaks/flood.wgsl"

@group(0) @binding(5) var<storage, read> panels: array<PeaksPanel>;
@group(0) @binding(6) var<storage, read> seeds: array<u32>;
@group(0) @binding(8) var<storage, read_write> found: Found;

const NEIGHBOURS = 8u;
// All cells except the middle one.
fn cell_of(which: u32) -> u32 { return which + select(0u, 1u, which >= 4u); }
fn belongs(pixel: u32) -> bool { return is_above(pixel, places[pixel]); }
fn begins(pixel: u32) -> bool { return (places[pixel] & BORDER) == 0u; }

var<workgroup> seed_count: u32;
// Four sums of a phase, [WORKGROUP][4], and the highest key.
var<workgroup> partial: array<Real, 256>;
var<workgroup> highest: atomic<i32>;

// The contribution of pixel `item` to the four sums of a phase. 0: the blob relative to the rings' means, for its
// centre; 1: the surroundings; 2: the blob by its own numbers.
struct Four { sums: array<Real, 4> }

fn item_of_blob(item: u32, weigh: bool, background: Real) -> Four {
  let pixel = blob[item];
  let key = key_of_pixel(pixel);
  let v = real_of_key(key);
  var mean = background;
  if (weigh) { mean = real_of_f32(bitcast<u32>(rings[places[pixel] & 0xffffu].mean)); }
  else { atomicMax(&highest, key); }
  let off = minus(v, mean);
  var weight = v;
  if (weigh) { weight = magnitude(off); }
  var sums = array(weight, ZERO, ZERO, off);
  let at = vec2u(pixel % run.width, pixel / run.width);
  for (var j = 0u; j < 2u; j++) { sums[j + 1u] = times(weight, real_of_u32(at[j])); }
  return Four(sums);
}

fn item_around(item: u32, middle: vec2i, panel: PeaksPanel) -> Four {
  let nothing = Four(array(ZERO, ZERO, ZERO, ZERO));
  let reach = 2 * i32(run.params.local_bg_radius);
  let off = vec2i(i32(item) % (2 * reach), i32(item) / (2 * reach)) - reach;
  let at = middle + off;
  if (off.x * off.x + off.y * off.y > reach * reach || at.x < i32(panel.fs) || at.x >= i32(panel.end_fs) ||
      at.y < i32(panel.ss) || at.y >= i32(panel.end_ss)) { return nothing; }
  let pixel = u32(at.y) * run.width + u32(at.x);
  let ring = places[pixel] & 0xffffu;
  if (ring == MASKED || (rings[ring].has & 2u) == 0u) { return nothing; }
  let key = key_of_pixel(pixel);
  if (key > rings[ring].below || !is_usable(pixel, key)) { return nothing; }
  let v = real_of_key(key);
  atomicMax(&highest, key);
  return Four(array(real_of_u32(1u), v, times(v, v), ZERO));
}

@compute @workgroup_size(WORKGROUP)
fn measure_blobs(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  if (lane == 0u) { seed_count = atomicLoad(&found.seeds); }
  let count = workgroupUniformLoad(&seed_count);
  for (var k = workgroup.x; k < count; k += workgroups.x) {
    let seed = seeds[k];
    let panel = panels[places[seed] >> PANEL];
    let pixels = flood(seed, panel, lane);
    if (pixels < max(1u, run.params.min_pix_count)) { continue; }
    sort_blob(pixels, lane);
    var middle = vec2i(0);
    var background = ZERO;
    var sigma = ZERO;
    // The maximum of the surroundings above their mean.
    var noise = ZERO;
    var is_peak = true;
    for (var phase = 0u; phase < 3u; phase++) {
      workgroupBarrier();
      if (lane == 0u) { atomicStore(&highest, -0x7fffffff - 1); }
      workgroupBarrier();
      var own = Four(array(ZERO, ZERO, ZERO, ZERO));
      let side = 4u * run.params.local_bg_radius;
      let items = select(pixels, side * side, phase == 1u);
      for (var item = lane; item < items; item += WORKGROUP) {
        var more: Four;
        if (phase == 1u) { more = item_around(item, middle, panel); }
        else { more = item_of_blob(item, phase == 0u, background); }
        for (var j = 0u; j < 4u; j++) { own.sums[j] = plus(own.sums[j], more.sums[j]); }
      }
      for (var j = 0u; j < 4u; j++) { partial[4u * lane + j] = own.sums[j]; }
      // One sum for each of four invocations would leave the others idle, so all four sums go through the tree
      // together.
      for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        for (var j = lane; j < 4u * half; j += WORKGROUP) { partial[j] = plus(partial[j], partial[j + 4u * half]); }
      }
      workgroupBarrier();
      // All invocations compute the same value, which is faster than sharing it. Compilers inline every call, so each
      // function is called in as few places as possible.
      let total = partial[0];
      var mean = array(ZERO, ZERO);
      for (var j = 0u; j < 2u && !is_zero(total); j++) { mean[j] = over(partial[j + 1u], total); }
      let top = real_of_key(atomicLoad(&highest));
      if (phase == 0u) {
        is_peak = !is_zero(total);
        for (var j = 0u; j < 2u; j++) { middle[j] = nearest(mean[j]); }
      } else if (phase == 1u) {
        if (is_zero(total)) {
          // No surroundings: the ring's mean and a sigma of 0.01, in its float64 representation.
          background = real_of_f32(bitcast<u32>(rings[places[seed] & 0xffffu].mean));
          sigma = Real(0xa3d70a3du, 0x70a3d800u, -70, 0u);
        } else {
          background = mean[0];
          let variance = minus(mean[1], times(background, background));
          if (is_positive(variance)) { sigma = root(variance); }
          noise = minus(top, background);
        }
      } else if (lane == 0u && is_peak && !is_zero(total)) {
        report(seed, pixels, panel, mean, background, sigma, noise, top);
      }
    }
    workgroupBarrier();
  }
}

// From the sums of the last phase; the seed takes the place of the panel, which the host derives from it.
fn report(seed: u32, pixels: u32, panel: PeaksPanel, mean: array<Real, 2>, background: Real, sigma: Real, noise: Real, top: Real) {
  var peak: Peak;
  let begins = vec2u(panel.fs, panel.ss);
  let ends = vec2u(panel.end_fs, panel.end_ss);
  var centroid: vec2f;
  for (var j = 0u; j < 2u; j++) {
    if (is_less(mean[j], real_of_u32(begins[j])) || !is_less(mean[j], real_of_u32(ends[j]))) { return; }
    centroid[j] = bitcast<f32>(f32_of_real(plus(mean[j], HALF)));
  }
  let intensity = partial[3];
  var maximum = minus(top, background);
  if (!is_positive(maximum)) { maximum = ZERO; }
  if (is_less(maximum, noise)) { return; }
  // With a sigma of zero a positive value gives infinity, and any other value gives no peak.
  var snr = 0x7f800000u;
  if (is_zero(sigma)) {
    if (!is_positive(intensity)) { return; }
  } else {
    let ratio = over(intensity, sigma);
    if (is_less(ratio, real_of_f32(bitcast<u32>(run.params.min_snr)))) { return; }
    snr = f32_of_real(ratio);
  }
  peak.fs = centroid.x;
  peak.ss = centroid.y;
  peak.intensity = bitcast<f32>(f32_of_real(intensity));
  peak.maximum = bitcast<f32>(f32_of_real(maximum));
  peak.snr = bitcast<f32>(snr);
  peak.pixels = pixels;
  peak.panel = seed;
  peak.background = bitcast<f32>(f32_of_real(background));
  let slot = atomicAdd(&found.peaks, 1u);
  // The host refuses frames that have more.
  if (slot < arrayLength(&found.list)) { found.list[slot] = peak; }
}
