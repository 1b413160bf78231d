// zaef: one invocation per pixel checks whether it is a foot, and climbs from there to its summit. The first foot of a
// summit is kept: the host uses it to sort peaks into the order of the scan.
#include "peaks/places.wgsl"
#include "peaks/found.wgsl"

@group(0) @binding(4) var<storage, read> panels: array<PeaksPanel>;
@group(0) @binding(5) var<storage, read_write> seeds: array<u32>;
// The first foot of a summit, with all bits inverted: zero if there is no foot.
@group(0) @binding(6) var<storage, read_write> owners: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> found: Found;

const WORKGROUP = 64u;

fn is_good(pixel: u32, key: i32) -> bool { return (places[pixel] & 0xffffu) != MASKED && is_usable(pixel, key); }

// Above the threshold, on a steep slope, with four good neighbours.
fn is_foot(pixel: u32) -> bool {
  // A pixel on the border would have neighbours on other panels.
  if ((places[pixel] & BORDER) != 0u) { return false; }
  let key = key_of_pixel(pixel);
  if (!is_good(pixel, key)) { return false; }
  let v = real_of_key(key);
  if (!is_less(real_of_f32(bitcast<u32>(run.params.threshold)), v)) { return false; }
  let around = array(pixel + 1u, pixel - 1u, pixel + run.width, pixel - run.width);
  var squares = ZERO;
  for (var j = 0u; j < 4u; j++) {
    let other = key_of_pixel(around[j]);
    if (!is_good(around[j], other)) { return false; }
    let off = minus(v, real_of_key(other));
    squares = plus(squares, times(off, off));
  }
  // For each direction, the mean of the squares on both sides.
  let steep = times(squares, HALF);
  return !is_less(steep, real_of_f32(bitcast<u32>(run.params.min_squared_gradient)));
}

// Moves repeatedly to the highest surrounding pixel; false if that leads away from the foot.
fn climb(pixel: u32, at: ptr<function, u32>) -> bool {
  let panel = panels[places[pixel] >> PANEL];
  let foot = vec2i(i32(pixel % run.width), i32(pixel / run.width));
  let reach = i32(run.params.inner_radius);
  var here = foot;
  loop {
    var best = here;
    var top = key_of_pixel(u32(here.y) * run.width + u32(here.x));
    for (var dy = -reach; dy <= reach; dy++) {
      for (var dx = -reach; dx <= reach; dx++) {
        let there = here + vec2i(dx, dy);
        if (u32(dx * dx + dy * dy) > run.inner_square || there.x < i32(panel.fs) || there.x >= i32(panel.end_fs) ||
            there.y < i32(panel.ss) || there.y >= i32(panel.end_ss)) { continue; }
        let other = u32(there.y) * run.width + u32(there.x);
        let key = key_of_pixel(other);
        if (key <= top || !is_good(other, key)) { continue; }
        top = key;
        best = there;
      }
    }
    if (all(best == here)) { break; }
    here = best;
    let far = here - foot;
    if (u32(far.x * far.x + far.y * far.y) > run.inner_square) { return false; }
  }
  *at = u32(here.y) * run.width + u32(here.x);
  return true;
}

@compute @workgroup_size(WORKGROUP)
fn find_summits(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var pixel = invocation.x; pixel < run.width * run.height; pixel += workgroups.x * WORKGROUP) {
    var summit: u32;
    if (!is_foot(pixel) || !climb(pixel, &summit)) { continue; }
    if (atomicMax(&owners[summit], ~pixel) == 0u) { seeds[atomicAdd(&found.seeds, 1u)] = summit; }
  }
}
