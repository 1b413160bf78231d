// Rotation search: with one vector of the cell fixed along a candidate, the cell has one angle left. A workgroup takes
// a candidate in one of its senses, each thread four angles at a time, and counts the spots within node_distance of a
// lattice node (Euclidean, in index units).
//
// For a spot s let us = u.s, xs = x.s, ys = y.s in the frame of the candidate. The indices of the other two vectors at
// angle t are
//   a.s = a_u us + cos t (a_x xs) + sin t (a_x ys)
//   b.s = b_u us + cos t (b_x xs + b_y ys) + sin t (b_x ys - b_y xs)
// so a spot costs four multiply-adds per angle. Spots off the candidate's planes cannot come near a node at any angle,
// so they are skipped.
//
// Rounding runs at an eighth of the rate of additions on many GPUs. So the indices are added to 1.5 * 2^11, where a
// float has 12 bits after the point: its low 12 bits, with their sign, are then the distance from the nearest integer.
// Valid for indices below 1024.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/frame.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read> tallies: array<Tally>;
@group(0) @binding(5) var<storage, read> spots: array<vec4f>;
@group(0) @binding(6) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> hits: array<u32>;

var<workgroup> turning: array<vec4f, 2u * TURN_SPOTS>;
// What node_distance leaves for the squares of the other two indices, in units of 2^-24.
var<workgroup> limits: array<i32, TURN_SPOTS>;
var<workgroup> on_planes: atomic<u32>;
var<workgroup> counts: array<u32, MAX_STEPS / 4u>; // four angles per word
var<workgroup> bins: array<atomic<u32>, TURN_SPOTS + 1u>;

const ANCHOR = 1.5 * 2048.0;
const UNIT = 16777216.0; // 2^24

// Stores what the search needs of those of the first n spots that lie within node_distance of a plane of the candidate.
// Their order does not matter.
fn spots_on_planes(p: Placed, list: u32, n: u32) {
  let limit = run.params.node_distance;
  for (var j = lane; j < n; j += WORKGROUP) {
    let s = spots[list + j].xyz;
    let us = dot(p.u, s);
    let phase = p.base.length * us;
    let off = phase - round(phase);
    if (off * off < limit * limit) {
      let xs = dot(p.x, s);
      let ys = dot(p.y, s);
      let place = atomicAdd(&on_planes, 1u);
      turning[2u * place] = vec4f(p.base.a_u * us + ANCHOR, p.base.a_x * xs, p.base.a_x * ys, 0.0);
      turning[2u * place + 1u] = vec4f(p.base.b_u * us + ANCHOR, p.base.b_x * xs + p.base.b_y * ys, p.base.b_x * ys - p.base.b_y * xs, 0.0);
      limits[place] = i32((limit * limit - off * off) * UNIT);
    }
  }
}

fn angle(q: u32, stride: u32) -> vec2f { return tables[run.turns + q * stride]; }

// In units of 2^-12.
fn fraction(x: vec4f) -> vec4i { return (bitcast<vec4i>(x) << vec4u(20u)) >> vec4u(20u); }

fn count_angles(steps: u32, stride: u32) {
  let on = atomicLoad(&on_planes);
  for (var q = 4u * lane; q < steps; q += 4u * WORKGROUP) {
    // The table wraps around, so that there are entries after the last angle.
    let t0 = angle(q, stride);
    let t1 = angle(min(q + 1u, steps - 1u), stride);
    let t2 = angle(min(q + 2u, steps - 1u), stride);
    let t3 = angle(min(q + 3u, steps - 1u), stride);
    let c = vec4f(t0.x, t1.x, t2.x, t3.x);
    let s = vec4f(t0.y, t1.y, t2.y, t3.y);
    var near = vec4u();
    for (var j = 0u; j < on; j++) {
      let d = turning[2u * j];
      let e = turning[2u * j + 1u];
      let h = fraction(c * d.y + (s * d.z + d.x));
      let l = fraction(c * e.y + (s * e.z + e.x));
      near += select(vec4u(0u), vec4u(1u), h * h + l * l < vec4i(limits[j]));
    }
    counts[q / 4u] = near.x | (near.y << 8u) | (near.z << 16u) | (near.w << 24u);
  }
}

fn count_at(q: u32) -> u32 { return (counts[q / 4u] >> (8u * (q % 4u))) & 255u; }

// The count of an angle that is a local maximum over the circle, the first of equal neighbours; 0 elsewhere.
fn peak(q: u32, steps: u32) -> u32 {
  let here = count_at(q);
  let beaten = count_at((q + steps - 1u) % steps) >= here || count_at((q + steps - 2u) % steps) >= here || count_at((q + 1u) % steps) > here ||
    count_at((q + 2u) % steps) > here;
  return select(here, 0u, beaten);
}

fn search_candidate(image: u32, number: u32, p: Placed, list: u32, n: u32, steps: u32, stride: u32) {
  workgroupBarrier();
  if (lane == 0u) { atomicStore(&on_planes, 0u); }
  for (var k = lane; k <= TURN_SPOTS; k += WORKGROUP) { atomicStore(&bins[k], 0u); }
  workgroupBarrier();
  spots_on_planes(p, list, n);
  workgroupBarrier();
  count_angles(steps, stride);
  workgroupBarrier();
  // Each thread handles a range of the circle.
  let stretch = (steps + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, steps);
  let end = min(begin + stretch, steps);
  for (var q = begin; q < end; q++) {
    let count = peak(q, steps);
    if (count >= MIN_HIT_SPOTS) { atomicAdd(&bins[count], 1u); }
  }
  workgroupBarrier();
  // The candidate's best hits: all above the count that ENOUGH_HITS reach, and the first of those that just reach it.
  var least = n;
  var above = 0u;
  var reached = atomicLoad(&bins[n]);
  while (reached < ENOUGH_HITS && least > MIN_HIT_SPOTS) {
    above = reached;
    least--;
    reached += atomicLoad(&bins[least]);
  }
  let ties = min(reached, ENOUGH_HITS) - above;
  var own = vec2u();
  for (var q = begin; q < end; q++) {
    let count = peak(q, steps);
    own += vec2u(select(0u, 1u, count > least), select(0u, 1u, count == least));
  }
  var at = sum_before(own);
  let place = hits_at(image, number);
  for (var q = begin; q < end; q++) {
    let count = peak(q, steps);
    if (count > least || (count == least && at.y < ties)) { hits[place + 1u + at.x + min(at.y, ties)] = hit_of(count, q); }
    at += vec2u(select(0u, 1u, count > least), select(0u, 1u, count == least));
  }
  if (lane == 0u) { hits[place] = above + ties; }
}

@compute @workgroup_size(WORKGROUP)
fn search_rotation(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let tally = tallies[image];
  let effort = effort_of(job.effort);
  let base = cells[job.input].base[effort.base];
  let senses = 2u - base.flip;
  for (var i = workgroup.y; i < searched(job, tally) * senses; i += workgroups.y) {
    let p = place(base, vectors[kept_at(image) + i / senses].xyz, i % senses != 0u, effort.free_scale);
    search_candidate(image, i, p, list_at(image), min(job.n, TURN_SPOTS), tally.steps, tally.stride);
  }
}
