// Exhaustive: refines the cells of the answer as params.refinement says. One workgroup per cell.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/refine.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lattices: array<Lattice>;

var<workgroup> at_hand: Lattice;

@compute @workgroup_size(WORKGROUP)
fn refine_cells(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  if (workgroup.y >= min(counts[listed_at(image)], run.outputs)) { return; }
  let at = fresh_at(image, workgroup.y);
  if (lane == 0u) { at_hand = lattices[at]; }
  let lattice = workgroupUniformLoad(&at_hand);
  if (run.params.refinement == REFINEMENT_RAW) { return; } // the search's cell and score
  let known = cells[lattice.input];
  let list = list_at(image);
  let first = cell_of_lattice(lattice);
  var refined = lattice;
  var cell = first;
  if (run.params.refinement == REFINEMENT_ROTATION) {
    cell = refine_rotation(known, list, job.n, first);
  } else {
    cell = fit_classic(known, list, job.n, lattice.score - floor(lattice.score), first);
    refined.marks |= STRAINED;
  }
  // The new score: the distance of the refine_min_spots-th best spot; positive, smaller is better.
  refined.score = 1.0;
  let rank = run.params.refine_min_spots;
  if (job.n >= rank) {
    let frozen = run.params.refinement == REFINEMENT_IFSS;
    let index_units = frozen || run.params.refinement == REFINEMENT_IFSE;
    var index_cell = cell;
    if (frozen) { index_cell = first; }
    refined.score = smallest(cell, index_cell, list, job.n, !index_units, rank);
  }
  if (lane == 0u) { lattices[at] = with_cell(refined, cell); }
}
