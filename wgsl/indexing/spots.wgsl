// The spots of one image that are finite and not too far out, lowest resolution first, up to the capacity of the
// indexer. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/bound.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> jobs: array<Job>;
@group(0) @binding(6) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(7) var<storage, read_write> orders: array<u32>;

var<workgroup> near: atomic<u32>;
var<workgroup> near_total: u32;
var<workgroup> flags: atomic<u32>;

const NO_KEY = 0xffffffffu;

fn spot(i: u32) -> vec3f { return vec3f(input[3u * i], input[3u * i + 1u], input[3u * i + 2u]); }

// The largest component by its bits, because WGSL implementations may ignore NaN.
fn reach_of(i: u32) -> u32 {
  let raw = bitcast<vec3u>(spot(i)) & vec3u(0x7fffffffu);
  return max(max(raw.x, raw.y), raw.z);
}

// |s|^2 as a sortable integer; NO_KEY if it is not finite or too large.
fn key_of(i: u32) -> u32 {
  if (reach_of(i) > bitcast<u32>(f32(FARTHEST_SPOT))) { return NO_KEY; }
  let s = spot(i);
  let square = dot(s, s);
  return select(bitcast<u32>(square), NO_KEY, square > FARTHEST_SPOT * FARTHEST_SPOT);
}

// Why a spot without a key is skipped. Above 1e19 the square is infinite.
fn flag_of(i: u32) -> u32 { return select(IMAGE_FLAG_TOO_FAR, IMAGE_FLAG_NON_FINITE, reach_of(i) > 0x5f0ac723u); }

@compute @workgroup_size(WORKGROUP)
fn take_spots(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = workgroup.x;
  let first = offsets[image];
  let last = offsets[image + 1u];
  var count = 0u;
  for (var i = first + lane; i < last; i += WORKGROUP) {
    if (key_of(i) == NO_KEY) {
      atomicOr(&flags, flag_of(i));
    } else {
      count++;
    }
  }
  atomicAdd(&near, count);
  workgroupBarrier();
  if (lane == 0u) { near_total = atomicLoad(&near); }
  let total = workgroupUniformLoad(&near_total);
  let used = min(total, run.max_spots);
  var bound = Bound(NO_KEY, 0u);
  if (total > run.max_spots) { bound = bound_of(first, last, run.max_spots); }

  // The selected spots, in the caller's order; among equal resolutions at the bound the first ones.
  let list = list_at(image);
  let all = all_at(image);
  var held = 0u;
  var ties = 0u;
  for (var stretch = first; stretch < last; stretch += WORKGROUP) {
    let i = stretch + lane;
    var key = NO_KEY;
    if (i < last) { key = key_of(i); }
    let tied = place_of(key == bound.key && key != NO_KEY);
    let taken = key < bound.key || (key == bound.key && key != NO_KEY && ties + tied.before < bound.ties);
    ties += tied.total;
    let place = place_of(taken);
    if (taken) {
      spots[list + held + place.before] = vec4f(spot(i), bitcast<f32>(key));
    }
    held += place.total;
  }
  storageBarrier();

  // The position of each spot is the number of spots before it.
  var sums = Sums();
  for (var i = lane; i < used; i += WORKGROUP) {
    let s = spots[list + i];
    var rank = 0u;
    for (var k = 0u; k < used; k++) {
      let other = spots[list + k].w;
      rank += select(0u, 1u, other < s.w || (other == s.w && k < i));
    }
    spots[all + rank] = vec4f(s.xyz, sqrt(s.w));
    sums = add_sums(sums, moments(s.xyz));
  }
  storageBarrier();
  for (var i = lane; i < used; i += WORKGROUP) { spots[list + i] = spots[all + i]; }
  for (var i = lane; i < 2u * run.pool; i += WORKGROUP) { orders[2u * run.pool * image + i] = i % run.pool; }

  let sum = all_sum(sums);
  if (lane == 0u) {
    let beam = thin_axis(Symmetric(sum[0].xyz, sum[1].xyz), used);
    var job = Job();
    job.going = select(0u, 1u, used >= MIN_IMAGE_SPOTS);
    job.n = used;
    job.effort = start_of(used);
    job.used = used;
    job.flags = atomicLoad(&flags) | select(0u, IMAGE_FLAG_TRUNCATED, total > run.max_spots) |
      select(0u, IMAGE_FLAG_TOO_FEW_SPOTS, used < MIN_IMAGE_SPOTS);
    // Where the Ewald sphere is flat, a vector near the beam has all spots on its plane 0 and carries no information,
    // so every vector is tried.
    job.flat = select(0u, 1u, beam.thickness * cells[0].shortest < FLAT_THICKNESS);
    job.glance = first_glance(used, beam.thickness, cells[0].shortest);
    if (job.going != 0u && is_in_vain(job.flat)) {
      job.going = 0u;
      job.flags |= IMAGE_FLAG_UNSETTLED;
    }
    job.beam = beam.axis;
    jobs[image] = job;
    tallies[image] = Tally();
  }
}
