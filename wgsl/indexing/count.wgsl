// Exhaustive: how many spots lie within plane_distance of a plane of a vector, for every direction of the half-sphere
// and every sampled length; exact to the last bit of the float32 phase. Four directions per thread, one workgroup per
// range of directions.
//
// Direction p of N has height z = 1 - (p + 1/2) / N and azimuth p * pi * (3 - sqrt 5), the golden angle.
#include "indexing/plan.wgsl"

const WORKGROUP = 128u;
@group(0) @binding(1) var<storage, read> tables: array<vec2f>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> lengths: array<Length>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn count_directions(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  // The first length of a group is the one that is sampled.
  var first = 0u;
  while (lengths[first].group != workgroup.z) { first++; }
  let known = lengths[first].length;
  let list = list_at(image);
  let points = run.sample_points;
  let p = 4u * (workgroup.y * WORKGROUP + index);
  if (p >= points) { return; }
  let drop = min((vec4f(f32(p)) + vec4f(0.5, 1.5, 2.5, 3.5)) * (1.0 / f32(points)), vec4f(1.0));
  let radius = sqrt(drop * (2.0 - drop));
  // The table has entries after the last point.
  let x = radius * vec4f(tables[p].x, tables[p + 1u].x, tables[p + 2u].x, tables[p + 3u].x);
  let y = radius * vec4f(tables[p].y, tables[p + 1u].y, tables[p + 2u].y, tables[p + 3u].y);
  let z = 1.0 - drop;
  let limit = vec4f(run.params.plane_distance * run.params.plane_distance);
  var near = vec4u();
  for (var j = 0u; j < job.n; j++) {
    let s = known * spots[list + j].xyz;
    let phase = x * s.x + (y * s.y + z * s.z);
    let off = phase - round(phase);
    near += select(vec4u(0u), vec4u(1u), off * off < limit);
  }
  let place = image * run.count_words + workgroup.z * points;
  for (var k = 0u; k < min(4u, points - p); k++) { counts[place + p + k] = near[k]; }
}
