// Strong pixels that may be the first of their spot in the order of the scan: pixels without a strong one to the left
// or above. Also resets every strong pixel's owner.
#include "generated/peaks.wgsl"
#include "peaks/found.wgsl"

@group(0) @binding(0) var<uniform> run: PeaksRun;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read> panels: array<PeaksPanel>;
@group(0) @binding(3) var<storage, read> flags: array<u32>;
@group(0) @binding(4) var<storage, read_write> seeds: array<u32>;
@group(0) @binding(5) var<storage, read_write> owners: array<u32>;
@group(0) @binding(6) var<storage, read_write> found: Found;

const WORKGROUP = 64u;
const NOBODY = 0xffffffffu;
const STRONG = 4u;
const PANEL = 17u;

@compute @workgroup_size(WORKGROUP)
fn find_spot_seeds(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var pixel = invocation.x; pixel < run.width * run.height; pixel += workgroups.x * WORKGROUP) {
    if ((flags[pixel] & STRONG) == 0u) { continue; }
    owners[pixel] = NOBODY;
    let panel = panels[places[pixel] >> PANEL];
    if (pixel % run.width > panel.fs && (flags[pixel - 1u] & STRONG) != 0u) { continue; }
    if (pixel / run.width > panel.ss && (flags[pixel - run.width] & STRONG) != 0u) { continue; }
    seeds[atomicAdd(&found.seeds, 1u)] = pixel;
  }
}
