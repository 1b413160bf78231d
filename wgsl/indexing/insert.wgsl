// Inserts the refined cells of an effort into the lattices of the search, and after the last known cell chooses the
// lattices to judge: the best by merit, provided that they come close to the best of all. One workgroup per image:
// existing lattices move behind the better new ones, all at once.
#include "indexing/plan.wgsl"
#include "indexing/pool.wgsl"

const WORKGROUP = 32u;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(3) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(4) var<storage, read_write> orders: array<u32>;

struct Counts {
  held: u32,
  fresh: u32,
}
var<workgroup> counts_here: Counts;
// Scores of the new cells, the number of existing lattices that stay before each, and the places that they may take.
var<workgroup> standings: array<vec2f, MAX_EFFORT_HITS>;
var<workgroup> before: array<atomic<u32>, MAX_EFFORT_HITS>;
var<workgroup> places: array<u32, MAX_EFFORT_HITS>;

// As `better` in pool.wgsl compares: judged ones by their chance, before all others; then by merit.
fn standing(at: u32) -> vec2f {
  return vec2f(select(1e30, lattices[at].log10_chance, (lattices[at].marks & JUDGED) != 0u), lattices[at].merit);
}
fn is_better(a: vec2f, b: vec2f) -> bool { return a.x < b.x || (a.x == b.x && a.y > b.y); }

// The rank of a new cell among all.
fn rank_of(number: u32, fresh: u32) -> u32 {
  var rank = atomicLoad(&before[number]);
  for (var k = 0u; k < fresh; k++) {
    let first = is_better(standings[k], standings[number]) || (!is_better(standings[number], standings[k]) && k < number);
    if (first) { rank++; }
  }
  return rank;
}

fn insert_all(image: u32, pool: u32, lane: u32) {
  let here = workgroupUniformLoad(&counts_here);
  let held = here.held;
  let order = order_at(image, pool);
  let free = min(run.pool - held, here.fresh);
  if (lane < here.fresh) { standings[lane] = standing(fresh_at(image, lane)); }
  if (lane < free) { places[lane] = orders[order + held + lane]; }
  workgroupBarrier();
  // From the last range of the order to the first, each read before it is written.
  let stretches = (held + WORKGROUP - 1u) / WORKGROUP;
  for (var s = stretches; s > 0u; s--) {
    let i = (s - 1u) * WORKGROUP + lane;
    var place = 0u;
    var rank = i;
    if (i < held) {
      place = orders[order + i];
      let own = standing(pool_at(image, pool, place));
      for (var k = 0u; k < here.fresh; k++) {
        if (is_better(standings[k], own)) {
          rank++;
        } else {
          atomicAdd(&before[k], 1u);
        }
      }
    }
    storageBarrier();
    if (i < held) {
      if (rank < run.pool) {
        orders[order + rank] = place;
      } else {
        places[free + held - 1u - i] = place; // its place becomes free; these are the last ones
      }
    }
    storageBarrier();
  }
  workgroupBarrier();
  if (lane < here.fresh) {
    let rank = rank_of(lane, here.fresh);
    var taken = 0u; // new cells before this one that fit
    for (var k = 0u; k < lane; k++) { taken += select(0u, 1u, rank_of(k, here.fresh) < run.pool); }
    if (rank < run.pool) {
      orders[order + rank] = places[taken];
      lattices[pool_at(image, pool, places[taken])] = lattices[fresh_at(image, lane)];
    }
  }
  storageBarrier();
}

@compute @workgroup_size(WORKGROUP)
fn insert_fresh(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  if (lane == 0u) { counts_here = Counts(tallies[image].held[job.pool], tallies[image].fresh); }
  insert_all(image, job.pool, lane);
  if (lane != 0u) { return; }
  let held = min(counts_here.held + counts_here.fresh, run.pool);
  tallies[image].held[job.pool] = held;
  tallies[image].judging = array<u32, MAX_JUDGED>(NOWHERE, NOWHERE, NOWHERE, NOWHERE);
  if (job.input + 1u < run.cell_count) { return; }
  var top = 0.0;
  var rank = held;
  for (var i = 0u; i < held; i++) {
    let at = lattice_at(image, job.pool, i);
    top = max(top, lattices[at].merit);
    if ((lattices[at].marks & JUDGED) == 0u) { rank = min(rank, i); }
  }
  let most = select(effort_of(job.effort).judged, 1u, job.glance == GLANCE);
  for (var k = 0u; k < most && rank + k < held; k++) {
    if (k > 0u && lattices[lattice_at(image, job.pool, rank + k)].merit < RIVAL_SHARE * top) { break; }
    tallies[image].judging[k] = orders[order_at(image, job.pool) + rank + k];
  }
}
