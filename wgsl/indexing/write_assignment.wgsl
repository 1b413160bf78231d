// Writes the lattice of every spot of the caller, including unused spots: one byte each, from the first spot of the
// chunk. The words must be zero before. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/owner.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read> jobs: array<Job>;
@group(0) @binding(5) var<storage, read> lattices: array<Lattice>;
@group(0) @binding(6) var<storage, read_write> assignment: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn write_assignment(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let image = workgroup.x;
  let job = jobs[image];
  if (job.going != 0u || job.accepted == 0u) { return; }
  for (var i = offsets[image] + index; i < offsets[image + 1u]; i += WORKGROUP) {
    let s = vec3f(input[3u * i], input[3u * i + 1u], input[3u * i + 2u]);
    // Too far out, or not finite, which is first checked by the bits.
    let raw = bitcast<vec3u>(s) & vec3u(0x7fffffffu);
    if (max(max(raw.x, raw.y), raw.z) > bitcast<u32>(f32(FARTHEST_SPOT)) || dot(s, s) > FARTHEST_SPOT * FARTHEST_SPOT) { continue; }
    let owner = owner_of(image, job.accepted, s).lattice;
    if (owner != 0u) { atomicOr(&assignment[i / 4u], owner << (8u * (i % 4u))); }
  }
}
