// zaef: one workgroup per summit measures its peak: the disc around it against the ring beyond. The host decides which
// peaks are too near to an earlier one, because each decision depends on the ones before.
#include "peaks/places.wgsl"

struct Summits { candidates: u32, seeds: atomic<u32>, peaks: atomic<u32>, pad: u32, list: array<PeaksSummit> }

@group(0) @binding(4) var<storage, read> panels: array<PeaksPanel>;
@group(0) @binding(5) var<storage, read> seeds: array<u32>;
@group(0) @binding(6) var<storage, read> owners: array<u32>;
@group(0) @binding(7) var<storage, read_write> found: Summits;

const WORKGROUP = 64u;

var<workgroup> seed_count: u32;
// For the ring the sum and sum of squares, for the disc the sum and the sums weighted by the distance from the summit:
// [WORKGROUP][5].
var<workgroup> partial: array<Real, 320>;
// Number of pixels of ring and disc, and of bad pixels of the disc.
var<workgroup> counts: array<atomic<u32>, 3>;

@compute @workgroup_size(WORKGROUP)
fn measure_summits(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  if (lane == 0u) { seed_count = atomicLoad(&found.seeds); }
  let count = workgroupUniformLoad(&seed_count);
  let reach = i32(run.params.outer_radius);
  let side = 2 * reach + 1;
  for (var k = workgroup.x; k < count; k += workgroups.x) {
    let summit = seeds[k];
    let panel = panels[places[summit] >> PANEL];
    let top = vec2i(i32(summit % run.width), i32(summit / run.width));
    if (lane < 3u) { atomicStore(&counts[lane], 0u); }
    workgroupBarrier();
    var own = array(ZERO, ZERO, ZERO, ZERO, ZERO);
    for (var item = i32(lane); item < side * side; item += i32(WORKGROUP)) {
      let off = vec2i(item % side, item / side) - reach;
      let distance = u32(off.x * off.x + off.y * off.y);
      if (distance > run.outer_square || (distance > run.inner_square && distance <= run.middle_square)) { continue; }
      let disc = distance <= run.inner_square;
      let at = top + off;
      let pixel = u32(at.y) * run.width + u32(at.x);
      var here = at.x >= i32(panel.fs) && at.x < i32(panel.end_fs) && at.y >= i32(panel.ss) && at.y < i32(panel.end_ss);
      var key: i32;
      if (here) {
        key = key_of_pixel(pixel);
        here = (places[pixel] & 0xffffu) != MASKED && is_usable(pixel, key);
      }
      if (!here) {
        // A peak with a bad pixel has no sum.
        if (disc) { atomicStore(&counts[2], 1u); }
        continue;
      }
      atomicAdd(&counts[select(0u, 1u, disc)], 1u);
      let v = real_of_key(key);
      var factors = array(v, ZERO);
      if (disc) { factors = array(real_of_i32(off.x), real_of_i32(off.y)); }
      var more = array(v, ZERO, ZERO);
      for (var j = 0u; j < 2u; j++) { more[j + 1u] = times(v, factors[j]); }
      let first = select(0u, 2u, disc);
      for (var j = 0u; j < 3u; j++) { own[first + j] = plus(own[first + j], more[j]); }
    }
    for (var j = 0u; j < 5u; j++) { partial[5u * lane + j] = own[j]; }
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      for (var j = lane; j < 5u * half; j += WORKGROUP) { partial[j] = plus(partial[j], partial[j + 5u * half]); }
    }
    workgroupBarrier();
    if (lane == 0u) { report(summit, top, panel); }
    workgroupBarrier();
  }
}

fn report(summit: u32, top: vec2i, panel: PeaksPanel) {
  let ring = real_of_u32(atomicLoad(&counts[0]));
  let pixels = atomicLoad(&counts[1]);
  if (is_zero(ring) || atomicLoad(&counts[2]) != 0u) { return; }
  var means: array<Real, 2>;
  for (var j = 0u; j < 2u; j++) { means[j] = over(partial[j], ring); }
  let mean = means[0];
  // Distances from the summit add up to zero over the disc, so a constant background does not move the centroid.
  let intensity = minus(partial[2], times(real_of_u32(pixels), mean));
  if (!is_positive(intensity)) { return; }
  var centroid: array<Real, 2>;
  for (var j = 0u; j < 2u; j++) { centroid[j] = over(partial[3u + j], intensity); }
  var squares: array<Real, 4>;
  squares[0] = mean;
  squares[1] = centroid[0];
  squares[2] = centroid[1];
  squares[3] = real_of_f32(bitcast<u32>(run.params.inner_radius));
  for (var j = 0u; j < 4u; j++) { squares[j] = times(squares[j], squares[j]); }
  if (is_less(squares[3], plus(squares[1], squares[2]))) { return; }
  let variance = minus(means[1], squares[0]);
  // With a sigma of zero every ratio is infinite.
  var snr = 0x7f800000u;
  if (is_positive(variance)) {
    let ratio = over(intensity, root(times(variance, real_of_u32(pixels))));
    if (is_less(ratio, real_of_f32(bitcast<u32>(run.params.min_snr)))) { return; }
    snr = f32_of_real(ratio);
  }
  let begins = vec2i(i32(panel.fs), i32(panel.ss));
  let ends = vec2i(i32(panel.end_fs), i32(panel.end_ss));
  var places_of: vec2f;
  var words: array<vec2u, 2>;
  for (var j = 0u; j < 2u; j++) {
    let at = plus(real_of_i32(top[j]), centroid[j]);
    if (is_less(at, real_of_i32(begins[j])) || is_less(real_of_i32(ends[j] - 1), at)) { return; }
    places_of[j] = bitcast<f32>(f32_of_real(plus(at, HALF)));
    words[j] = f64_of_real(centroid[j]);
  }
  let slot = atomicAdd(&found.peaks, 1u);
  // The host refuses frames that have more.
  if (slot >= arrayLength(&found.list)) { return; }
  var one: PeaksSummit;
  one.peak.fs = places_of.x;
  one.peak.ss = places_of.y;
  one.peak.intensity = bitcast<f32>(f32_of_real(intensity));
  one.peak.maximum = bitcast<f32>(f32_of_real(minus(real_of_key(key_of_pixel(summit)), mean)));
  one.peak.snr = bitcast<f32>(snr);
  one.peak.pixels = pixels;
  one.peak.panel = summit;
  one.peak.background = bitcast<f32>(f32_of_real(mean));
  one.foot = ~owners[summit];
  one.x_low = words[0].x;
  one.x_high = words[0].y;
  one.y_low = words[1].x;
  one.y_high = words[1].y;
  found.list[slot] = one;
}
