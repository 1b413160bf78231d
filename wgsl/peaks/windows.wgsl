// dispersion: which pixels are strong. A workgroup takes 64 pixels of a row: it sums each column of their windows once,
// and then each invocation sums its columns, in the order of cpp/peaks/dispersion.cpp. One kernel serves three stages,
// which differ in the pixels that a window accepts, because compilers of software devices take seconds for each kernel.
#include "peaks/places.wgsl"

@group(0) @binding(4) var<storage, read> panels: array<PeaksPanel>;
// Marks of a pixel: its window varies too much; it lies within a spot, not next to one; it belongs to a spot.
@group(0) @binding(5) var<storage, read_write> flags: array<atomic<u32>>;
// For windows of n pixels the float64 n - 1 + sigmas sqrt(2 (n - 1)), which the host computes.
@group(0) @binding(6) var<storage, read> most: array<vec2u>;

const WORKGROUP = 64u;
const VARIED = 1u;
const WITHIN = 2u;
const STRONG = 4u;

// Number of used pixels, number of those that vary, sum and sum of squares.
struct Sums { n: u32, varied: u32, sums: array<Real, 2> }
// The same for a column: 64 columns and the reach of the widest kernel, two more in the last stage, on each side.
var<workgroup> columns: array<Sums, 196>;

fn column_of(x: i32, y: u32, reach: u32) -> Sums {
  var all = Sums(0u, 0u, array(ZERO, ZERO));
  if (x < 0 || x >= i32(run.width)) { return all; }
  // A column without a panel is in no window; it may use the panel of another.
  let panel = panels[places[y * run.width + u32(x)] >> PANEL];
  let end = min(panel.end_ss, y + reach + 1u);
  for (var row = max(panel.ss + reach, y) - reach; row < end; row++) {
    let pixel = row * run.width + u32(x);
    let key = key_of_pixel(pixel);
    if ((places[pixel] & 0xffffu) == MASKED || !is_usable(pixel, key)) { continue; }
    if (run.stage > 0u) {
      let flag = atomicLoad(&flags[pixel]);
      if (run.stage == 2u && (flag & WITHIN) != 0u) { continue; }
      all.varied += flag & VARIED;
    }
    all.n++;
    var v = array(real_of_key(key), ZERO);
    v[1] = times(v[0], v[0]);
    for (var j = 0u; j < 2u; j++) { all.sums[j] = plus(all.sums[j], v[j]); }
  }
  return all;
}

// Compares variance over mean with the expectation for counts of this gain; both sides are multiplied by n (n - 1) and
// the mean.
fn varies(n: u32, sum: Real, squares: Real, gain: Real) -> bool {
  let counted = times(times(gain, sum), real_of_f64(most[n]));
  return is_less(counted, minus(times(real_of_u32(n), squares), times(sum, sum)));
}

// Above the threshold, and above the mean by sigmas of counts of this gain; both sides squared.
fn stands_out(v: Real, n: u32, sum: Real, gain: Real) -> bool {
  let many = real_of_u32(n);
  let above = minus(times(many, v), sum);
  if (!is_positive(above) || !is_less(real_of_f32(bitcast<u32>(run.params.threshold)), v)) { return false; }
  let sigmas = real_of_f32(bitcast<u32>(run.params.sigma_strong));
  return is_less(times(times(sigmas, sigmas), times(gain, times(sum, many))), times(above, above));
}

@compute @workgroup_size(WORKGROUP)
fn mark_pixels(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let reach = run.params.kernel_size + select(0u, 2u, run.stage == 2u);
  let left = i32(workgroup.x * WORKGROUP) - i32(reach);
  for (var y = workgroup.y; y < run.height; y += workgroups.y) {
    for (var c = lane; c < WORKGROUP + 2u * reach; c += WORKGROUP) { columns[c] = column_of(left + i32(c), y, reach); }
    workgroupBarrier();
    let x = workgroup.x * WORKGROUP + lane;
    if (x < run.width) { judge(x, y, lane, reach); }
    workgroupBarrier();
  }
}

fn judge(x: u32, y: u32, lane: u32, reach: u32) {
  let pixel = y * run.width + x;
  let place = places[pixel];
  let key = key_of_pixel(pixel);
  if ((place & 0xffffu) == MASKED || !is_usable(pixel, key)) {
    if (run.stage == 0u) { atomicStore(&flags[pixel], 0u); }
    return;
  }
  let before = select(0u, atomicLoad(&flags[pixel]), run.stage > 0u);
  if (run.stage > 0u && (before & VARIED) == 0u) { return; }
  let panel = panels[place >> PANEL];
  var all = Sums(0u, 0u, array(ZERO, ZERO));
  let end = min(panel.end_fs, x + reach + 1u);
  for (var column = max(panel.fs + reach, x) - reach; column < end; column++) {
    let more = columns[column + lane + reach - x];
    all.n += more.n;
    all.varied += more.varied;
    for (var j = 0u; j < 2u; j++) { all.sums[j] = plus(all.sums[j], more.sums[j]); }
  }
  let sum = all.sums[0];
  let gain = real_of_f32(bitcast<u32>(run.params.gain));
  var flag = before;
  if (run.stage == 1u) {
    flag |= select(0u, WITHIN, all.varied == all.n);
  } else {
    var looks = all.n >= run.params.min_count && !is_negative(sum);
    if (run.stage == 0u) {
      looks = looks && all.n >= 2u && !is_zero(sum) && varies(all.n, sum, all.sums[1], gain);
      flag = select(0u, VARIED, looks);
      looks = looks && run.extended == 0u;
    }
    if (looks && stands_out(real_of_key(key), all.n, sum, gain)) { flag |= STRONG; }
  }
  atomicStore(&flags[pixel], flag);
}
