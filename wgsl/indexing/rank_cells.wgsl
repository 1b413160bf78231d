// Exhaustive: ranks the refined cells and chooses the cells to judge: the best, and a few different ones. One workgroup
// per image.
#include "indexing/plan.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(4) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(5) var<storage, read_write> orders: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn rank_cells(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let held = min(counts[listed_at(image)], run.outputs);
  let order = (2u * image + job.pool) * run.pool;
  for (var i = lane; i < held; i += WORKGROUP) {
    let lattice = lattices[fresh_at(image, i)];
    var rank = 0u;
    for (var k = 0u; k < held; k++) {
      let other = lattices[fresh_at(image, k)].score;
      rank += select(0u, 1u, other < lattice.score || (other == lattice.score && k < i));
    }
    orders[order + rank] = i;
    lattices[pool_at(image, job.pool, i)] = lattice;
  }
  for (var i = held + lane; i < run.pool; i += WORKGROUP) { orders[order + i] = i; }
  storageBarrier();
  workgroupBarrier();
  if (lane != 0u) { return; }
  tallies[image].held[job.pool] = held;
  var judging = array<u32, MAX_JUDGED>(NOWHERE, NOWHERE, NOWHERE, NOWHERE);
  var chosen = 0u;
  for (var i = 0u; i < held && chosen < MAX_EFFORT_JUDGED; i++) {
    let place = orders[order + i];
    let lattice = lattices[pool_at(image, job.pool, place)];
    var again = false;
    for (var k = 0u; k < chosen && !again; k++) {
      again = same_lattice(cell_of_lattice(lattice), cell_of_lattice(lattices[pool_at(image, job.pool, judging[k])]), SAME_LATTICE_LIMIT);
    }
    if (again) { continue; }
    judging[chosen] = place;
    chosen++;
  }
  tallies[image].judging = judging;
}
