// Between two rounds: judged lattices are ranked, and the image's next step is decided: the next known cell, more
// effort, another lattice among the remaining spots, or the end. The counterpart of the loops in
// cpp/indexing/isa/fast.cpp and multi.cpp. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/owner.wgsl"
#include "indexing/pool.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read_write> jobs: array<Job>;
@group(0) @binding(3) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(4) var<storage, read_write> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(6) var<storage, read_write> orders: array<u32>;
@group(0) @binding(7) var<storage, read_write> owners: array<u32>;

// Which spots are set aside before the next search.
const NONE = 0u;    // the search continues, or the image is finished
const OF_ALL = 1u;  // the spots of the accepted lattices
const OF_NEXT = 2u; // also the spots of a fragment of an accepted lattice

struct Step {
  action: u32,
  used: u32,
  accepted: u32,
}
var<workgroup> at_hand: Job;
var<workgroup> step: Step;

// Ranks the judged lattices; one that duplicates a lattice at least as good is dropped.
fn settle(image: u32, pool: u32) {
  for (var k = 0u; k < MAX_EFFORT_JUDGED; k++) {
    let place = tallies[image].judging[k];
    if (place == NOWHERE) { continue; }
    let order = order_at(image, pool);
    var rank = 0u;
    while (orders[order + rank] != place) { rank++; }
    take_out(image, pool, rank);
    let lattice = lattices[judged_at(image, k)];
    var known = false;
    for (var i = 0u; i < tallies[image].held[pool] && !known; i++) {
      let other = lattices[lattice_at(image, pool, i)];
      if ((other.marks & JUDGED) == 0u) { break; }
      known = other.log10_chance <= lattice.log10_chance && same_lattice(cell_of_lattice(lattice), cell_of_lattice(other), SAME_LATTICE_LIMIT);
    }
    if (!known) { insert(image, pool, lattice); }
  }
}

// Exhaustive: the first judged lattice that is accepted moves to the front; later ones count as not judged.
fn settle_exhaustive(image: u32, pool: u32) {
  let order = order_at(image, pool);
  for (var k = 0u; k < MAX_EFFORT_JUDGED; k++) {
    let place = tallies[image].judging[k];
    if (place == NOWHERE) { return; }
    let lattice = lattices[judged_at(image, k)];
    lattices[pool_at(image, pool, place)] = lattice;
    if (lattice.log10_chance > run.params.accept_log10) { continue; }
    var rank = 0u;
    while (orders[order + rank] != place) { rank++; }
    for (; rank > 0u; rank--) { orders[order + rank] = orders[order + rank - 1u]; }
    orders[order] = place;
    return;
  }
}

// Whether a lattice found at a glance ends the search; the counterpart of `settles` in cpp/indexing/known_cell.h.
fn settles(image: u32, job: Job) -> bool {
  if (tallies[image].held[job.pool] == 0u) { return false; }
  let best = lattices[lattice_at(image, job.pool, 0u)];
  return (best.marks & JUDGED) != 0u && best.log10_chance <= run.params.accept_log10 - GLANCE_DECADES &&
    best.merit > GLANCE_SHARE * f32(job.n);
}

// Whether the search ends here, because no effort is left or because its best lattice convinces.
fn search_ends(image: u32, job: Job) -> bool {
  let effort = effort_of(job.effort);
  if (run.exhaustive != 0u || effort.last) { return true; }
  if (tallies[image].held[job.pool] == 0u || job.flat != 0u) { return false; }
  let best = lattices[lattice_at(image, job.pool, 0u)];
  if ((best.marks & JUDGED) == 0u || best.log10_chance > run.params.accept_log10 - SPARE_DECADES) { return false; }
  // A lattice that shares a plane of nodes with the true one can look very good too, but explains few spots. So a
  // lattice ends the search only when it explains a good part of them; a light effort, which misses more, must explain
  // more.
  return best.merit > effort.share * f32(job.n);
}

// After a search: accepts its best lattice, and decides how the next search starts.
fn accept(image: u32, job: ptr<function, Job>) -> u32 {
  let pool = (*job).pool;
  (*job).going = 0u;
  if (tallies[image].held[pool] == 0u) { return NONE; }
  let best = lattices[lattice_at(image, pool, 0u)];
  if ((best.marks & JUDGED) == 0u || best.log10_chance > run.params.accept_log10) { return NONE; }
  var again = false;
  for (var k = 0u; k < (*job).accepted && !again; k++) {
    again = same_lattice(cell_of_lattice(best), cell_of_lattice(lattices[accepted_at(image, k)]), SLIVER_LATTICE);
  }
  lattices[accepted_at(image, (*job).accepted)] = best; // a fragment too, for the spots that it sets aside
  if (again) {
    // The search found a fragment of an already accepted lattice: its spots are set aside too, and the search
    // continues.
    (*job).slivers++;
    if ((*job).slivers == MAX_SLIVERS) { return NONE; }
    return OF_NEXT;
  }
  (*job).slivers = 0u;
  (*job).accepted++;
  if ((*job).accepted >= run.params.max_crystals) { return NONE; }
  return OF_ALL;
}

@compute @workgroup_size(WORKGROUP)
fn advance(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (lane == 0u) {
    step = Step(NONE, 0u, 0u);
    if (image != NOWHERE) {
      var job = jobs[image];
      var action = NONE;
      if (job.input + 1u < run.cell_count && run.exhaustive == 0u) {
        job.input++;
      } else {
        if (run.exhaustive != 0u) {
          settle_exhaustive(image, job.pool);
        } else {
          settle(image, job.pool);
        }
        if (job.glance == GLANCE && !settles(image, job)) {
          // All candidates are searched as though this had not been done.
          job.glance = AFTER_GLANCE;
          tallies[image].held[job.pool] = 0u;
        } else if (job.glance == GLANCE || search_ends(image, job)) {
          action = accept(image, &job);
        } else if (job.effort + 1u - start_of(job.n) == run.efforts) {
          job.flags |= IMAGE_FLAG_UNSETTLED;
          action = accept(image, &job);
        } else {
          job.effort++;
          job.input = 0u;
          job.glance = NO_GLANCE;
        }
      }
      at_hand = job;
      step = Step(action, job.used, job.accepted);
    }
  }
  storageBarrier(); // all threads read the accepted lattices
  let now = workgroupUniformLoad(&step);
  if (now.action != NONE) {
    let all = all_at(image);
    let list = list_at(image);
    let owner = image * run.max_spots;
    if (now.action == OF_ALL) {
      for (var i = lane; i < now.used; i += WORKGROUP) { owners[owner + i] = owner_of(image, now.accepted, spots[all + i].xyz).lattice; }
      storageBarrier();
    } else {
      let next = lattices[accepted_at(image, now.accepted)];
      let cell = cell_of_lattice(next);
      let nodes = reciprocal(cell);
      let radius = cells[next.input].acceptance;
      for (var i = lane; i < now.used; i += WORKGROUP) {
        let e = residual(cell, nodes, spots[all + i].xyz).e;
        if (dot(e, e) < radius * radius) { owners[owner + i] = 255u; }
      }
    }
    var n = 0u;
    var sums = Sums();
    for (var i0 = 0u; i0 < now.used; i0 += WORKGROUP) {
      let i = i0 + lane;
      var taken = false;
      if (i < now.used) { taken = owners[owner + i] == 0u; }
      let place = place_of(taken);
      if (taken) {
        spots[list + n + place.before] = spots[all + i];
        sums = add_sums(sums, moments(spots[all + i].xyz));
      }
      n += place.total;
    }
    let sum = all_sum(sums);
    if (lane == 0u) {
      let beam = thin_axis(Symmetric(sum[0].xyz, sum[1].xyz), n);
      at_hand.going = select(0u, 1u, n >= MIN_IMAGE_SPOTS);
      at_hand.n = n;
      at_hand.pool = 1u;
      at_hand.effort = start_of(n);
      at_hand.input = 0u;
      at_hand.glance = first_glance(n, beam.thickness, cells[0].shortest);
      at_hand.flat = select(0u, 1u, beam.thickness * cells[0].shortest < FLAT_THICKNESS);
      if (at_hand.going != 0u && is_in_vain(at_hand.flat)) {
        at_hand.going = 0u;
        at_hand.flags |= IMAGE_FLAG_UNSETTLED;
      }
      at_hand.beam = beam.axis;
      tallies[image].held[1] = 0u;
    }
  }
  // Written field by field, because other workgroups concurrently read which image is listed here.
  if (lane == 0u && image != NOWHERE) {
    jobs[image].going = at_hand.going;
    jobs[image].n = at_hand.n;
    jobs[image].effort = at_hand.effort;
    jobs[image].input = at_hand.input;
    jobs[image].pool = at_hand.pool;
    jobs[image].flat = at_hand.flat;
    jobs[image].glance = at_hand.glance;
    jobs[image].beam = at_hand.beam;
    jobs[image].accepted = at_hand.accepted;
    jobs[image].slivers = at_hand.slivers;
    jobs[image].flags = at_hand.flags;
  }
}
