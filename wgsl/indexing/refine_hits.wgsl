// Rotates the cells found by the search onto the spots. One workgroup per cell.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/refine.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> tallies: array<Tally>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lattices: array<Lattice>;

@compute @workgroup_size(WORKGROUP)
fn refine_hits(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  if (workgroup.y >= tallies[image].fresh) { return; }
  let at = fresh_at(image, workgroup.y);
  var lattice = lattices[at];
  let cell = refine_rotation(cells[job.input], list_at(image), job.n, cell_of_lattice(lattice));
  lattice = with_cell(lattice, cell);
  lattice.merit = merit_of(cell, list_at(image), job.n, cells[job.input].acceptance).merit;
  lattice.score = lattice.merit;
  if (lane == 0u) { lattices[at] = lattice; }
}
