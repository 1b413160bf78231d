// Puts the refined cells of an effort among the lattices of the search, and after the last known cell chooses those
// that are to be judged: the best by merit, as long as they come near the best of all. One thread an image.
#include "indexing/plan.wgsl"
#include "indexing/pool.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(3) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(4) var<storage, read_write> orders: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn insert_fresh(@builtin(global_invocation_id) invocation: vec3u) {
  let image = invocation.x;
  if (image >= run.images) { return; }
  let job = jobs[image];
  if (job.going == 0u) { return; }
  for (var k = 0u; k < tallies[image].fresh; k++) { insert(image, job.pool, lattices[fresh_at(image, k)]); }
  tallies[image].judging = array<u32, MAX_JUDGED>(NOWHERE, NOWHERE, NOWHERE, NOWHERE);
  if (job.input + 1u < run.cell_count) { return; }
  var top = 0.0;
  let held = tallies[image].held[job.pool];
  var rank = held;
  for (var i = 0u; i < held; i++) {
    let at = lattice_at(image, job.pool, i);
    top = max(top, lattices[at].merit);
    if ((lattices[at].marks & JUDGED) == 0u) { rank = min(rank, i); }
  }
  let most = effort_of(job.effort).judged;
  for (var k = 0u; k < most && rank + k < held; k++) {
    if (k > 0u && lattices[lattice_at(image, job.pool, rank + k)].merit < RIVAL_SHARE * top) { break; }
    tallies[image].judging[k] = orders[order_at(image, job.pool) + rank + k];
  }
}
