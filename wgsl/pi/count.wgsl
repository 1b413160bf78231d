// Monte Carlo pi: how many points of a Philox4x32-10 stream fall into the quarter circle, a block of four points at a
// time.
//
// The counterparts cpp/pi/isa/count.cpp and cuda/pi/pi.cu count the same points; the tests require equal counts.
#include "generated/pi.wgsl"
#include "common/u64.wgsl"
#include "common/philox.wgsl"

// Points first .. first + points - 1 of one dispatch; points is below 2^32, so that the sum of a workgroup fits into a
// word.
@group(0) @binding(0) var<uniform> params: PiParams;
// One count per workgroup; the host adds them in 64 bits.
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;

const WORKGROUP = 256u;
var<workgroup> workgroup_hits: atomic<u32>;

// A word is a point: x in its low half, y in its high half, at the centre of a cell of a 65536 x 65536 grid. It lies in
// the quarter circle when (x + 1/2)^2 + (y + 1/2)^2 < 2^32, which is x (x + 1) + y (y + 1) <= 2^32 - 1: exact in 32-bit
// integers.
fn inside(word: vec4u) -> vec4<bool> {
  let x = word & vec4u(0xffffu);
  let y = word >> vec4u(16u);
  return x * (x + 1u) <= ~(y * (y + 1u));
}

fn random_block(block: vec2u) -> vec4u {
  return philox(vec4u(block, params.stream, 0u), vec2u(params.seed_lo, params.seed_hi));
}

// Points begin .. end-1 of one block.
fn count_points(block: vec2u, begin: u32, end: u32) -> u32 {
  let point = vec4u(0u, 1u, 2u, 3u);
  let wanted = (vec4u(begin) <= point) & (point < vec4u(end));
  let hit = select(vec4u(0u), vec4u(1u), inside(random_block(block)) & wanted);
  return hit.x + hit.y + hit.z + hit.w;
}

@compute @workgroup_size(WORKGROUP)
fn count(
  @builtin(global_invocation_id) invocation: vec3u,
  @builtin(local_invocation_index) local_index: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  // The range splits into single points at its ends and whole blocks; `begin` is the place of the first point in the
  // first block.
  let first_block = vec2u((params.first_lo >> 2u) | (params.first_hi << 30u), params.first_hi >> 2u);
  let begin = params.first_lo & 3u;
  let points = params.points_lo;
  let head = min((4u - begin) & 3u, points);
  let blocks = (points - head) / 4u;
  let tail = (points - head) & 3u;
  let whole_begin = add_u64(first_block, select(0u, 1u, begin != 0u));

  // Whole blocks: each invocation of the dispatch takes every `stride`-th one. `i` stays below 2^30 + stride, so it
  // cannot wrap.
  let stride = workgroups.x * WORKGROUP;
  var hits = 0u;
  for (var i = invocation.x; i < blocks; i += stride) {
    let hit = select(vec4u(0u), vec4u(1u), inside(random_block(add_u64(whole_begin, i))));
    hits += hit.x + hit.y + hit.z + hit.w;
  }
  if (invocation.x == 0u) {
    if (head != 0u) { hits += count_points(first_block, begin, begin + head); }
    if (tail != 0u) { hits += count_points(add_u64(whole_begin, blocks), 0u, tail); }
  }

  atomicAdd(&workgroup_hits, hits);
  workgroupBarrier();
  if (local_index == 0u) { counts[workgroup.x] = atomicLoad(&workgroup_hits); }
}
