// Between two rounds: lists the images that are still active, in order, for the workgroups of the next round. One
// workgroup.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read_write> jobs: array<Job>;
@group(0) @binding(2) var<storage, read_write> going: array<u32>;

var<workgroup> count: u32;

@compute @workgroup_size(WORKGROUP)
fn list_going(@builtin(local_invocation_index) index: u32) {
  lane = index;
  // Each thread handles a range of images.
  let stretch = (run.images + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(lane * stretch, run.images);
  let end = min(begin + stretch, run.images);
  var own = 0u;
  for (var i = begin; i < end; i++) {
    going[i] = jobs[i].going;
    own += select(0u, 1u, jobs[i].going != 0u);
  }
  var at = sum_before(vec2u(own, 0u)).x;
  if (lane == WORKGROUP - 1u) { count = at + own; }
  let total = workgroupUniformLoad(&count);
  for (var i = begin; i < end; i++) {
    if (jobs[i].going == 0u) { continue; }
    jobs[at].listed = i;
    at++;
  }
  for (var i = total + lane; i < run.images; i += WORKGROUP) { jobs[i].listed = NOWHERE; }
}
