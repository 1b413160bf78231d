// Exhaustive: lists those cells of all directions and angles whose count is beaten by few enough others, in `counts`:
// their number, then the cells (direction times angles plus angle). One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> hits: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;

var<workgroup> bins: array<atomic<u32>, MAX_HISTOGRAM_SPOTS + 1u>;

@compute @workgroup_size(WORKGROUP)
fn list_cells(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let words = directions_here() * angle_words();
  let place = image * run.hit_words;
  for (var w = lane; w < words; w += WORKGROUP) {
    let word = hits[place + w];
    atomicAdd(&bins[word & 0xffffu], 1u);
    atomicAdd(&bins[word >> 16u], 1u);
  }
  workgroupBarrier();
  var least = job.n;
  var above = 0u;
  var reached = atomicLoad(&bins[job.n]);
  while (reached < run.outputs && least > 1u) {
    above = reached;
    least--;
    reached += atomicLoad(&bins[least]);
  }
  let total = min(reached, MAX_LISTED);
  let ties = total - above;
  // Each thread handles a range of words.
  let stretch = (words + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, words);
  let end = min(begin + stretch, words);
  var own = vec2u();
  for (var w = begin; w < end; w++) {
    let word = hits[place + w];
    let pair = vec2u(word & 0xffffu, word >> 16u);
    own.x += select(0u, 1u, pair.x > least) + select(0u, 1u, pair.y > least);
    own.y += select(0u, 1u, pair.x == least) + select(0u, 1u, pair.y == least);
  }
  var at = sum_before(own);
  for (var w = begin; w < end; w++) {
    let word = hits[place + w];
    for (var k = 0u; k < 2u; k++) {
      let count = (word >> (16u * k)) & 0xffffu;
      if (count < least) { continue; }
      if (count > least || at.y < ties) {
        counts[listed_at(image) + 1u + at.x + min(at.y, ties)] = (w / angle_words()) * run.angle_points + 2u * (w % angle_words()) + k;
      }
      if (count > least) {
        at.x++;
      } else {
        at.y++;
      }
    }
  }
  if (lane == 0u) { counts[listed_at(image)] = total; }
}
