// Chooses the best hits of all candidates: by their count first, then by the distance of the spots from the nodes. One
// workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/frame.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(5) var<storage, read> spots: array<vec4f>;
@group(0) @binding(6) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read> hits: array<u32>;
@group(0) @binding(8) var<storage, read_write> lattices: array<Lattice>;

// If equal counts leave more than MAX_SCORED hits, the order of the candidates, best first, decides.
var<workgroup> bins: array<atomic<u32>, TURN_SPOTS + 1u>;
var<workgroup> listed: array<u32, MAX_SCORED>;  // number of the candidate and place among its hits
var<workgroup> scores: array<f32, MAX_SCORED>;

// Sum over spots of max(0, CELL_CLOSENESS - D^2), D the distance from the nearest node in index units.
fn closeness(cell: Cell, list: u32, n: u32) -> f32 {
  var total = 0.0;
  for (var j = 0u; j < n; j++) {
    let h = indices_of(cell, spots[list + j].xyz);
    let off = h - round(h);
    total += max(CELL_CLOSENESS - dot(off, off), 0.0);
  }
  return total;
}

fn cell_of_hit(image: u32, base: BaseVector, number: u32, hit: u32, free_scale: bool, stride: u32) -> Cell {
  let senses = 2u - base.flip;
  let p = place(base, vectors[kept_at(image) + number / senses].xyz, number % senses != 0u, free_scale);
  return cell_at(p, tables[run.turns + step_of(hit) * stride]);
}

@compute @workgroup_size(WORKGROUP)
fn choose_hits(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let effort = effort_of(job.effort);
  let base = cells[job.input].base[effort.base];
  let keep = select(effort.hits, GLANCE_HITS, job.glance == GLANCE);
  let numbers = searched(job, tallies[image]) * (2u - base.flip);
  let stride = tallies[image].stride;
  let n = min(job.n, TURN_SPOTS);
  for (var k = lane; k <= TURN_SPOTS; k += WORKGROUP) { atomicStore(&bins[k], 0u); }
  workgroupBarrier();
  // Each thread handles the hits of a range of candidates.
  let stretch = (numbers + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, numbers);
  let end = min(begin + stretch, numbers);
  for (var i = begin; i < end; i++) {
    let place = hits_at(image, i);
    for (var k = 0u; k < hits[place]; k++) { atomicAdd(&bins[count_of(hits[place + 1u + k])], 1u); }
  }
  workgroupBarrier();
  var least = n;
  var above = 0u;
  var reached = atomicLoad(&bins[n]);
  while (reached < ENOUGH_HITS && least > MIN_HIT_SPOTS) {
    above = reached;
    least--;
    reached += atomicLoad(&bins[least]);
  }
  let total = min(reached, MAX_SCORED);
  let ties = total - above;
  var own = vec2u();
  for (var i = begin; i < end; i++) {
    let place = hits_at(image, i);
    for (var k = 0u; k < hits[place]; k++) {
      let count = count_of(hits[place + 1u + k]);
      own += vec2u(select(0u, 1u, count > least), select(0u, 1u, count == least));
    }
  }
  var at = sum_before(own);
  for (var i = begin; i < end; i++) {
    let place = hits_at(image, i);
    for (var k = 0u; k < hits[place]; k++) {
      let count = count_of(hits[place + 1u + k]);
      if (count > least || (count == least && at.y < ties)) { listed[at.x + min(at.y, ties)] = (i << 16u) | k; }
      at += vec2u(select(0u, 1u, count > least), select(0u, 1u, count == least));
    }
  }
  workgroupBarrier();
  for (var m = lane; m < total; m += WORKGROUP) {
    let number = listed[m] >> 16u;
    let hit = hits[hits_at(image, number) + 1u + (listed[m] & 0xffffu)];
    scores[m] = closeness(cell_of_hit(image, base, number, hit, effort.free_scale, stride), list_at(image), n);
  }
  workgroupBarrier();
  // Larger scores first; among ties the first candidate, then the first angle, which is the order of the list.
  for (var m = lane; m < total; m += WORKGROUP) {
    var rank = 0u;
    let score = scores[m];
    for (var k = 0u; k < total; k++) { rank += select(0u, 1u, scores[k] > score || (scores[k] == score && k < m)); }
    if (rank >= keep) { continue; }
    let number = listed[m] >> 16u;
    let hit = hits[hits_at(image, number) + 1u + (listed[m] & 0xffffu)];
    let cell = cell_of_hit(image, base, number, hit, effort.free_scale, stride);
    var lattice = Lattice();
    lattice.a = cell.a;
    lattice.b = cell.b;
    lattice.c = cell.c;
    lattice.input = job.input;
    lattice.score = score;
    lattice.count = count_of(hit);
    lattice.marks = select(0u, SCALED, effort.free_scale);
    lattices[fresh_at(image, rank)] = lattice;
  }
  if (lane == 0u) { tallies[image].fresh = min(total, keep); }
}
