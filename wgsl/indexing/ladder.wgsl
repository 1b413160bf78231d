// The ladder: each candidate vector is fitted to more and more spots, from low to high resolution. One workgroup per
// image; each candidate is handled by a group of neighbouring threads, and the fewer candidates remain, the larger the
// groups.
//
// A round takes the spots within `limit` periods of a plane of z, rounds their phases, and moves z by least squares
// towards those planes. A prior keeps z near the sampled direction and near the known length. The round solves for the
// step, not for z: the step is small, so float32 is enough.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/frame.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> spots: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> vectors: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> tallies: array<Tally>;

// Candidates: x y z and merit, below 0 for one that failed; and the place in `vectors` where each was sampled.
var<workgroup> at: array<vec4f, MAX_PICKED>;
var<workgroup> sampled_at: array<u32, MAX_PICKED>;
var<workgroup> shares: array<vec4f, WORKGROUP>;
var<workgroup> count_held: u32;

struct Prior {
  across: f32, // weights of a shift across and along the sampled vector, 1/angstrom^2
  along: f32,
}

// The sum over the groups of `group` neighbouring threads, for the first of each.
fn group_sum(value: vec4f, group: u32) -> vec4f {
  var sum = value;
  // By four at a time: seven reads for a group of 32 instead of 31 sequential ones.
  for (var step = 1u; step < group; step *= 4u) {
    shares[lane] = sum;
    workgroupBarrier();
    if (lane % min(4u * step, group) == 0u) {
      for (var k = step; k < min(4u * step, group); k += step) { sum += shares[lane + k]; }
    }
    workgroupBarrier();
  }
  return sum;
}

// Threads that share a candidate.
fn group_size(count: u32) -> u32 {
  var group = 1u;
  while (group < 32u && 2u * group * count <= WORKGROUP) { group *= 2u; }
  return group;
}

// One round over the first n spots for all candidates; candidates with fewer than `least` spots fail, or are kept
// unchanged with `keep`.
fn climb_round(list: u32, count: u32, n: u32, limit: f32, least: u32, prior: Prior, keep: bool) {
  let group = group_size(count);
  let part = lane % group;
  for (var c0 = 0u; c0 < count; c0 += WORKGROUP / group) {
    let c = c0 + lane / group;
    var z = vec3f();
    var o = vec3f(1.0, 0.0, 0.0);
    if (c < count) {
      z = at[c].xyz;
      o = vectors[sampled_at[c]].xyz;
    }
    var square = vec3f(); // xx yy zz
    var mixed = vec3f();  // xy xz yz
    var pull = vec3f();
    var value = 0.0;
    var good = 0.0;
    for (var j = part; j < n; j += group) {
      let s = spots[list + j].xyz;
      let phase = dot(z, s);
      let off = round(phase) - phase;
      let rest = limit * limit - off * off;
      let near = select(vec3f(), s, rest > 0.0);
      good += select(0.0, 1.0, rest > 0.0);
      value += max(rest, 0.0);
      square += near * s;
      mixed += near.xxy * s.yzz;
      pull += off * near;
    }
    let first = group_sum(vec4f(square, value), group);
    let second = group_sum(vec4f(mixed, good), group);
    pull = group_sum(vec4f(pull, 0.0), group).xyz;
    if (c < count && part == 0u) {
      let u = normalize(o);
      let along = prior.along - prior.across;
      let d = o - z;
      let normal = Symmetric(first.xyz + prior.across + along * u * u, second.xyz + along * u.xxy * u.yzz);
      let enough = second.w >= f32(least);
      let step = solve(normal, pull + prior.across * d + (along * dot(u, d)) * u);
      if (enough && step.ok) { z += step.x; }
      at[c] = vec4f(z, select(-1.0, first.w, enough || keep));
    }
    workgroupBarrier();
  }
}

// Sum of max(0, PLANE_CLOSENESS - d^2) over all spots, d the distance from the nearest plane in periods.
fn score_candidates(list: u32, count: u32, n: u32) {
  let group = group_size(count);
  let part = lane % group;
  for (var c0 = 0u; c0 < count; c0 += WORKGROUP / group) {
    let c = c0 + lane / group;
    var z = vec3f();
    if (c < count) { z = at[c].xyz; }
    var value = 0.0;
    for (var j = part; j < n; j += group) {
      let phase = dot(z, spots[list + j].xyz);
      let off = phase - round(phase);
      value += max(PLANE_CLOSENESS - off * off, 0.0);
    }
    let sum = group_sum(vec4f(value, 0.0, 0.0, 0.0), group).x;
    if (c < count && part == 0u) { at[c].w = sum; }
    workgroupBarrier();
  }
}

// Drops failed candidates, candidates of a wrong length, and candidates that differ from a better one by less than
// `apart` periods at resolution s. Directions z and -z are equivalent. Returns the number that remain.
fn keep_distinct(count: u32, length_known: f32, s: f32, apart: f32, length_tolerance: f32) -> u32 {
  let near = apart / s;
  for (var i = lane; i < count; i += WORKGROUP) {
    if (!(abs(length(at[i].xyz) / length_known - 1.0) <= length_tolerance)) { at[i].w = -1.0; }
  }
  workgroupBarrier();
  // Up to two candidates per thread.
  var stays = vec2<bool>();
  var candidates: array<vec4f, 2>;
  var sources: array<u32, 2>;
  for (var k = 0u; k < 2u; k++) {
    let i = k * WORKGROUP + lane;
    if (i >= count) { break; }
    let v = at[i];
    candidates[k] = v;
    sources[k] = sampled_at[i];
    stays[k] = v.w >= 0.0;
    for (var j = 0u; j < count && stays[k]; j++) {
      let w = at[j];
      if (!(w.w > v.w || (w.w == v.w && j < i))) { continue; }
      let d = w.xyz - select(1.0, -1.0, dot(v.xyz, w.xyz) < 0.0) * v.xyz;
      stays[k] = !(dot(d, d) < near * near);
    }
  }
  workgroupBarrier();
  var left = 0u;
  for (var k = 0u; k < 2u; k++) {
    let place = place_of(stays[k]);
    if (stays[k]) {
      at[left + place.before] = candidates[k];
      sampled_at[left + place.before] = sources[k];
    }
    left += place.total;
  }
  return agreed(left);
}

// The best `keep` by merit, larger first, then by place; in that order. Returns the number that remain.
fn keep_best(count: u32, keep: u32) -> u32 {
  var ranks = vec2u(NOWHERE);
  var candidates: array<vec4f, 2>;
  var sources: array<u32, 2>;
  for (var k = 0u; k < 2u; k++) {
    let i = k * WORKGROUP + lane;
    if (i >= count) { break; }
    let v = at[i];
    candidates[k] = v;
    sources[k] = sampled_at[i];
    var rank = 0u;
    for (var j = 0u; j < count; j++) {
      let merit = at[j].w;
      rank += select(0u, 1u, merit > v.w || (merit == v.w && j < i));
    }
    ranks[k] = rank;
  }
  workgroupBarrier();
  for (var k = 0u; k < 2u; k++) {
    if (ranks[k] < keep) {
      at[ranks[k]] = candidates[k];
      sampled_at[ranks[k]] = sources[k];
    }
  }
  workgroupBarrier();
  return min(count, keep);
}

// A number that is equal in all threads, as a uniform value.
fn agreed(value: u32) -> u32 {
  if (lane == 0u) { count_held = value; }
  return workgroupUniformLoad(&count_held);
}

@compute @workgroup_size(WORKGROUP)
fn climb(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  if (job.glance == AFTER_GLANCE) { return; }
  let effort = effort_of(job.effort);
  let list = list_at(image);
  let n = job.n;
  let place = candidates_at(image);
  var count = agreed(tallies[image].picked);
  for (var i = lane; i < count; i += WORKGROUP) {
    at[i] = vec4f(vectors[place + i].xyz, 0.0);
    sampled_at[i] = place + i;
  }
  workgroupBarrier();
  let base = cells[job.input].base[effort.base];
  let known = base.length;
  let keep = min(select(run.candidate_vectors, effort.candidates, run.candidate_vectors == 0u), MAX_PICKED);
  let first = min(n, SAMPLE_SPOTS);
  let edge = spots[list + first - 1u].w;
  let reach = SAMPLED_REACH * GRID_STEP / edge; // largest error of the sampled vector, angstrom
  let across = PHASE_ERROR / reach;
  let along = PHASE_ERROR / (select(LENGTH_TOLERANCE, SCALE_TOLERANCE, effort.free_scale) * known);
  let prior = Prior(across * across, along * along);
  let limit = select(SHORT_LIST_LENGTH_LIMIT, LENGTH_LIMIT, n > SHORT_LIST);

  // Each stage is called in one place, in a loop, because compilers inline every call.
  var m = first;
  var phase = LADDER_FIRST;
  loop {
    let round = ladder_round_of(phase);
    let is_last = phase == LADDER_LAST;
    // The last round may fail for a weak candidate, which is then kept unchanged.
    climb_round(list, count, m, round.limit, round.spots, prior, is_last);
    if (is_last) { score_candidates(list, count, n); }
    count = keep_distinct(count, known, spots[list + m - 1u].w, round.apart, limit);
    let spare = LADDER_SPARE * keep;
    if (is_last || (phase == LADDER_GROWING && m < n && count > spare)) {
      count = keep_best(count, select(spare, keep, is_last));
    }
    if (is_last) { break; }
    if (phase <= LADDER_GROWING && m < n) {
      phase = LADDER_GROWING;
      m = min(2u * m, n);
    } else {
      phase = select(LADDER_LAST, LADDER_FULL, phase <= LADDER_GROWING);
    }
  }
  for (var i = lane; i < count; i += WORKGROUP) { vectors[kept_at(image) + i] = at[i]; }
  if (lane == 0u) {
    tallies[image].kept = count;
    let angles = angles_for(base, spots[list + min(n, TURN_SPOTS) - 1u].w);
    tallies[image].stride = angles.stride;
    tallies[image].steps = angles.steps;
  }
}
