// Sampling: directions of the half-sphere, and how many spots lie near a plane of a vector of known length in each of
// them. One workgroup per image; each thread takes four directions at a time, so that a spot is read once for all four.
//
// Direction p of N has height z = 1 - (p + 1/2) / N and azimuth p * pi * (3 - sqrt 5), the golden angle. The table of
// azimuths serves every N; the height is computed here.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/frame.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>; // four directions per word
@group(0) @binding(6) var<storage, read_write> vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> tallies: array<Tally>;

var<workgroup> scaled: array<vec4f, SAMPLE_SPOTS>;
var<workgroup> bins: array<atomic<u32>, SAMPLE_SPOTS + 1u>;

// The phase is added to 1.5 * 2^11, where a float has PHASE_BITS = 12 bits after the point: its low bits are then the
// fraction of the phase, and "within `distance` of an integer" is one comparison of integers. Valid for |phase| < 1024.
const FRACTION = 1u << PHASE_BITS;

fn count_directions(points: u32, length: f32, first: u32, n: u32, place: u32) {
  let half = u32(run.params.plane_distance * f32(FRACTION));
  let window = 2u * half + 1u;
  let anchor = 1.5 * f32(1u << (23u - PHASE_BITS)) + f32(half) / f32(FRACTION);
  if (lane <= SAMPLE_SPOTS) { atomicStore(&bins[lane], 0u); }
  if (lane < n) { scaled[lane] = length * spots[first + lane]; }
  workgroupBarrier();
  let step = 1.0 / f32(points);
  for (var p = 4u * lane; p < points; p += 4u * WORKGROUP) {
    // Each vector holds one component of all four directions.
    let drop = min((vec4f(f32(p)) + vec4f(0.5, 1.5, 2.5, 3.5)) * step, vec4f(1.0));
    let radius = sqrt(drop * (2.0 - drop));
    let x = radius * vec4f(tables[p].x, tables[p + 1u].x, tables[p + 2u].x, tables[p + 3u].x);
    let y = radius * vec4f(tables[p].y, tables[p + 1u].y, tables[p + 2u].y, tables[p + 3u].y);
    let z = 1.0 - drop;
    var near = vec4u();
    for (var j = 0u; j < n; j++) {
      let s = scaled[j];
      let phase = x * s.x + (y * s.y + (z * s.z + anchor));
      near += select(vec4u(0u), vec4u(1u), (bitcast<vec4u>(phase) & vec4u(FRACTION - 1u)) < vec4u(window));
    }
    counts[place + p / 4u] = near.x | (near.y << 8u) | (near.z << 16u) | (near.w << 24u);
    atomicAdd(&bins[near.x], 1u);
    atomicAdd(&bins[near.y], 1u);
    atomicAdd(&bins[near.z], 1u);
    atomicAdd(&bins[near.w], 1u);
  }
  storageBarrier();
}

// About `want` directions with the highest counts become candidates, in the order of their index; returns their number.
fn pick_directions(points: u32, length: f32, largest: u32, want: u32, place: u32, candidates: u32) -> u32 {
  workgroupBarrier();
  // The count that `want` directions reach, how many are above it, and how many reach it.
  var least = largest;
  var above = 0u;
  var at_least = atomicLoad(&bins[least]);
  while (at_least < want && least > 0u) {
    above = at_least;
    least--;
    at_least += atomicLoad(&bins[least]);
  }
  // All directions above the last count, and evenly spread ones of those that just reach it, because the order on the
  // spiral has no meaning.
  let ties = at_least - above;
  let take = min(ties, want + want / 2u - above);
  // Each thread handles a range.
  let words = points / 4u;
  let stretch = (words + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, words);
  let end = min(begin + stretch, words);
  var own = vec2u();
  for (var w = begin; w < end; w++) {
    for (var k = 0u; k < 4u; k++) {
      let count = (counts[place + w] >> (8u * k)) & 255u;
      own += vec2u(select(0u, 1u, count > least), select(0u, 1u, count == least));
    }
  }
  var at = sum_before(own);
  for (var w = begin; w < end; w++) {
    for (var k = 0u; k < 4u; k++) {
      let count = (counts[place + w] >> (8u * k)) & 255u;
      if (count < least) { continue; }
      let before = at.y * take / ties;
      if (count == least) {
        at.y++;
        if (at.y * take / ties == before) { continue; }
      }
      let p = 4u * w + k;
      let v = length * direction(points, p, tables[p]);
      vectors[candidates + at.x + before] = vec4f(v, f32(p));
      if (count > least) { at.x++; }
    }
  }
  return above + take;
}

@compute @workgroup_size(WORKGROUP)
fn sample(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  if (job.glance == AFTER_GLANCE) { return; }
  let effort = effort_of(job.effort);
  let length = cells[job.input].base[effort.base].length;
  let first = list_at(image);
  let n = min(job.n, SAMPLE_SPOTS);
  let periods = length * spots[first + n - 1u].w / GRID_STEP;
  var wish = 2.0 * PI * periods * periods;
  if (run.params.sample_points != 0u) { wish = f32(run.params.sample_points); }
  let points = u32(clamp(wish, f32(MIN_DIRECTIONS), f32(run.spiral_points))) / DIRECTION_MULTIPLE * DIRECTION_MULTIPLE;
  let place = image * run.count_words;
  count_directions(points, length, first, n, place);
  let picked = pick_directions(points, length, n, effort.directions, place, candidates_at(image));
  if (lane == 0u) {
    tallies[image].points = points;
    tallies[image].picked = picked;
  }
}
