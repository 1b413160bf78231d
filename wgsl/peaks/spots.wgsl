// dispersion: one workgroup per seed floods its spot, stops if the spot has an earlier seed, and measures it against
// the surrounding pixels that are not strong; see cpp/peaks/README.md.
#include "peaks/places.wgsl"
#include "peaks/found.wgsl"
#include "peaks/flood.wgsl"

@group(0) @binding(4) var<storage, read> panels: array<PeaksPanel>;
@group(0) @binding(5) var<storage, read> flags: array<u32>;
@group(0) @binding(6) var<storage, read> seeds: array<u32>;
@group(0) @binding(8) var<storage, read_write> found: Found;

const STRONG = 4u;
const NEIGHBOURS = 4u;
// Neighbours that share a side.
fn cell_of(which: u32) -> u32 { return 2u * which + 1u; }
fn belongs(pixel: u32) -> bool { return (flags[pixel] & STRONG) != 0u; }
fn begins(pixel: u32) -> bool { return true; }

var<workgroup> seed_count: u32;
// Three sums of a phase, [WORKGROUP][3]; the bounding box, and sums of whole numbers.
var<workgroup> partial: array<Real, 192>;
var<workgroup> least: array<atomic<u32>, 2>;
var<workgroup> greatest: array<atomic<u32>, 2>;
var<workgroup> offsets: array<atomic<u32>, 2>;
var<workgroup> counted: atomic<u32>;
var<workgroup> highest: atomic<i32>;
struct Box { least: vec2u, greatest: vec2u }
var<workgroup> box: Box;

@compute @workgroup_size(WORKGROUP)
fn measure_spots(
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
    if (lane == 0u) {
      for (var j = 0u; j < 2u; j++) {
        atomicStore(&least[j], 0xffffffffu);
        atomicStore(&greatest[j], 0u);
        atomicStore(&offsets[j], 0u);
      }
      atomicStore(&counted, 0u);
      atomicStore(&highest, -0x7fffffff - 1);
    }
    workgroupBarrier();
    for (var i = lane; i < pixels; i += WORKGROUP) {
      let at = vec2u(blob[i] % run.width, blob[i] / run.width);
      for (var j = 0u; j < 2u; j++) {
        atomicMin(&least[j], at[j]);
        atomicMax(&greatest[j], at[j]);
      }
      atomicMax(&highest, key_of_pixel(blob[i]));
    }
    workgroupBarrier();
    if (lane == 0u) {
      for (var j = 0u; j < 2u; j++) {
        box.least[j] = atomicLoad(&least[j]);
        box.greatest[j] = atomicLoad(&greatest[j]);
      }
    }
    let around = workgroupUniformLoad(&box);
    let reach = run.params.kernel_size;
    let begin = vec2u(max(panel.fs + reach, around.least.x), max(panel.ss + reach, around.least.y)) - reach;
    let end = min(vec2u(panel.end_fs, panel.end_ss), around.greatest + reach + 1u);
    let side = end - begin;
    var background = ZERO;
    var sigma = ZERO;
    // First the surroundings: sum and sum of squares. Then the spot: sum, and sums by the distance from its corner.
    for (var phase = 0u; phase < 2u; phase++) {
      var own = array(ZERO, ZERO, ZERO);
      let items = select(pixels, side.x * side.y, phase == 0u);
      for (var item = lane; item < items; item += WORKGROUP) {
        var pixel: u32;
        if (phase == 0u) {
          pixel = (begin.y + item / side.x) * run.width + begin.x + item % side.x;
          let key = key_of_pixel(pixel);
          if (belongs(pixel) || (places[pixel] & 0xffffu) == MASKED || !is_usable(pixel, key)) { continue; }
          atomicAdd(&counted, 1u);
        } else {
          pixel = blob[item];
        }
        let v = real_of_key(key_of_pixel(pixel));
        let at = vec2u(pixel % run.width, pixel / run.width) - around.least;
        var factors = array(v, ZERO);
        if (phase == 1u) {
          for (var j = 0u; j < 2u; j++) {
            factors[j] = real_of_u32(at[j]);
            atomicAdd(&offsets[j], at[j]);
          }
        }
        var more = array(v, ZERO, ZERO);
        for (var j = 0u; j < 2u; j++) { more[j + 1u] = times(v, factors[j]); }
        for (var j = 0u; j < 3u; j++) { own[j] = plus(own[j], more[j]); }
      }
      for (var j = 0u; j < 3u; j++) { partial[3u * lane + j] = own[j]; }
      for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        for (var j = lane; j < 3u * half; j += WORKGROUP) { partial[j] = plus(partial[j], partial[j + 3u * half]); }
      }
      workgroupBarrier();
      let n = atomicLoad(&counted);
      if (lane == 0u && n > 0u) {
        if (phase == 0u) {
          var means: array<Real, 2>;
          for (var j = 0u; j < 2u; j++) { means[j] = over(partial[j], real_of_u32(n)); }
          background = means[0];
          let variance = minus(means[1], times(background, background));
          if (is_positive(variance)) { sigma = root(variance); }
        } else {
          report(seed, pixels, around, background, sigma);
        }
      }
      workgroupBarrier();
    }
  }
}

// From the sums of the spot; the seed takes the place of the panel, which the host derives from it.
fn report(seed: u32, pixels: u32, around: Box, background: Real, sigma: Real) {
  var peak: Peak;
  // Sums of the pixels, and of their distances from the corner.
  let weights = vec3u(pixels, atomicLoad(&offsets[0]), atomicLoad(&offsets[1]));
  var above: array<Real, 3>;
  for (var j = 0u; j < 3u; j++) { above[j] = minus(partial[j], times(real_of_u32(weights[j]), background)); }
  let intensity = above[0];
  if (!is_positive(intensity)) { return; }
  var centroid: vec2f;
  for (var j = 0u; j < 2u; j++) {
    let x = over(above[j + 1u], intensity);
    if (is_negative(x) || is_less(real_of_u32(around.greatest[j] - around.least[j]), x)) { return; }
    centroid[j] = bitcast<f32>(f32_of_real(plus(plus(x, HALF), real_of_u32(around.least[j]))));
  }
  // With a sigma of zero every ratio is infinite.
  var snr = 0x7f800000u;
  if (!is_zero(sigma)) { snr = f32_of_real(over(intensity, times(sigma, root(real_of_u32(pixels))))); }
  var maximum = minus(real_of_key(atomicLoad(&highest)), background);
  if (is_negative(maximum)) { maximum = ZERO; }
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
