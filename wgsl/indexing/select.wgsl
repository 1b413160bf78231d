// Exhaustive: the sampled vectors with the best scores. Counts decide, and the mean distance only among equal counts,
// so only directions whose count is beaten by few enough others are scored. One workgroup per image and sampled length.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/frame.wgsl"
#include "indexing/mean.wgsl"
#include "indexing/bound.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> tables: array<vec2f>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> lengths: array<Length>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;
@group(0) @binding(6) var<storage, read_write> vectors: array<vec4f>;

// Maximum number of spots of an image for the histogram of counts.
const MAX_VECTORS = 1024u;
const NO_KEY = 0xffffffffu;
var<workgroup> bins: array<atomic<u32>, MAX_HISTOGRAM_SPOTS + 1u>;
var<workgroup> chosen: array<u32, MAX_VECTORS>;
var<private> counts_here: u32; // start of the counts, later of the keys, of this length

fn key_of(i: u32) -> u32 { return counts[counts_here + i]; }

fn score_vector(v: vec3f, list: u32, n: u32) -> f32 {
  var mean = MeanLog(1.0, 0.0);
  var good = 0u;
  let limit = run.params.plane_distance * run.params.plane_distance;
  for (var j = 0u; j < n; j++) {
    let phase = dot(v, spots[list + j].xyz);
    let off = phase - round(phase);
    good += select(0u, 1u, off * off < limit);
    mean = add_distance(mean, abs(off), j);
  }
  return score_of(mean, n, good);
}

@compute @workgroup_size(WORKGROUP)
fn select_vectors(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  var group_first = 0u;
  while (lengths[group_first].group != workgroup.y) { group_first++; }
  let known = lengths[group_first].length;
  let points = run.sample_points;
  let want = min(wanted(), points);
  let n = job.n;
  counts_here = image * run.count_words + workgroup.y * points;
  for (var p = lane; p < points; p += WORKGROUP) { atomicAdd(&bins[counts[counts_here + p]], 1u); }
  workgroupBarrier();
  var least = n;
  var reached = atomicLoad(&bins[n]);
  while (reached < want && least > 0u) {
    least--;
    reached += atomicLoad(&bins[least]);
  }
  for (var p = lane; p < points; p += WORKGROUP) {
    var key = NO_KEY;
    if (counts[counts_here + p] >= least) { key = score_key(score_vector(known * direction(points, p, tables[p]), list_at(image), n)); }
    counts[counts_here + p] = key;
  }
  storageBarrier();
  workgroupBarrier();
  let bound = bound_of(0u, points, want);
  // Writes the chosen ones in the order of their index: each thread handles a range.
  let stretch = (points + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, points);
  let end = min(begin + stretch, points);
  var own = vec2u();
  for (var p = begin; p < end; p++) {
    let key = key_of(p);
    own += vec2u(select(0u, 1u, key < bound.key), select(0u, 1u, key == bound.key));
  }
  var at = sum_before(own);
  for (var p = begin; p < end; p++) {
    let key = key_of(p);
    if (key < bound.key || (key == bound.key && at.y < bound.ties)) { chosen[at.x + min(at.y, bound.ties)] = p; }
    at += vec2u(select(0u, 1u, key < bound.key), select(0u, 1u, key == bound.key));
  }
  workgroupBarrier();
  for (var i = lane; i < want; i += WORKGROUP) {
    let key = key_of(chosen[i]);
    var rank = 0u;
    for (var k = 0u; k < want; k++) {
      let other = key_of(chosen[k]);
      rank += select(0u, 1u, other < key || (other == key && k < i));
    }
    vectors[vector_at(image, workgroup.y, rank)] = vec4f(known * direction(points, chosen[i], tables[chosen[i]]), f32(chosen[i]));
  }
}
