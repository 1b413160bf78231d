// Candidates that may be the first of their blob in the order of the scan: pixels off the border of their panel that
// have no such neighbour before them. Also resets every candidate's owner.
#include "peaks/detector.wgsl"

@group(0) @binding(5) var<storage, read> candidates: array<u32>;
@group(0) @binding(6) var<storage, read_write> seeds: array<u32>;
@group(0) @binding(7) var<storage, read_write> owners: array<u32>;
@group(0) @binding(8) var<storage, read_write> found: Found;

const WORKGROUP = 64u;
const NOBODY = 0xffffffffu;

// Whether a pixel could be a seed instead of a later one.
fn comes_first(pixel: u32) -> bool {
  let place = places[pixel];
  return (place & BORDER) == 0u && is_above(pixel, place);
}

@compute @workgroup_size(WORKGROUP)
fn find_seeds(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let count = atomicLoad(&found.candidates);
  for (var k = invocation.x; k < count; k += workgroups.x * WORKGROUP) {
    let pixel = candidates[k];
    owners[pixel] = NOBODY;
    // A pixel on the border would have neighbours on other panels.
    if ((places[pixel] & BORDER) != 0u) { continue; }
    let above = pixel - run.width;
    if (comes_first(pixel - 1u) || comes_first(above - 1u) || comes_first(above) || comes_first(above + 1u)) { continue; }
    seeds[atomicAdd(&found.seeds, 1u)] = pixel;
  }
}
