// Exhaustive: least squares on the planes given by the sampled vectors, with fewer and fewer spots; a vector that runs
// out of spots is kept unchanged. One thread per vector.
#include "indexing/plan.wgsl"

const WORKGROUP = 32u;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> spots: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> vectors: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn refine_vectors(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let k = workgroup.y * WORKGROUP + index;
  if (run.params.min_spots == 0u || k >= min(wanted(), run.sample_points)) { return; }
  let at = vector_at(image, workgroup.z, k);
  let o = vectors[at].xyz;
  var z = o;
  let list = list_at(image);
  for (var k_round = 0u; k_round < VECTOR_ROUNDS; k_round++) {
    let limit = vector_round_of(k_round).limit;
    var square = vec3f(); // xx yy zz
    var mixed = vec3f();  // xy xz yz
    var pull = vec3f();
    var good = 0u;
    for (var j = 0u; j < job.n; j++) {
      let s = spots[list + j].xyz;
      let off = round(dot(o, s)) - dot(z, s);
      if (off * off < limit * limit) {
        good++;
        square += s * s;
        mixed += s.xxy * s.yzz;
        pull += off * s;
      }
    }
    let step = solve(Symmetric(square, mixed), pull);
    if (good < run.params.min_spots || !step.ok) { break; }
    z += step.x;
  }
  vectors[at] = vec4f(z, 0.0);
}
