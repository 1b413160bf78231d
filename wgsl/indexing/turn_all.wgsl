// Exhaustive: rotates the cell about each candidate vector, in both senses, and counts for every angle the spots within
// node_distance of a node. See rotate.wgsl for the formulas. One workgroup per vector and sense; four angles per
// thread.
#include "indexing/plan.wgsl"
#include "indexing/frame.wgsl"

const WORKGROUP = 128u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read> lengths: array<Length>;
@group(0) @binding(5) var<storage, read> spots: array<vec4f>;
@group(0) @binding(6) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> hits: array<u32>;

const TILE = WORKGROUP; // spots in workgroup memory at a time
var<workgroup> turning: array<vec4f, 2u * TILE>;
var<workgroup> on_planes: atomic<u32>;

@compute @workgroup_size(WORKGROUP)
fn turn_all(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let list = list_at(image);
  let steps = run.angle_points;
  let limit = run.params.node_distance;
  for (var d = workgroup.y; d < directions_here(); d += workgroups.y) {
    let at = direction_place(d);
    let l = lengths[at.length];
    let known = cells[l.input];
    let u = normalize(vectors[vector_at(image, l.group, at.vector)].xyz) * select(1.0, -1.0, at.reversed);
    let p = carried(known, known.base[l.base], u);
    for (var q0 = 0u; q0 < steps; q0 += 4u * WORKGROUP) {
      let q = q0 + 4u * lane;
      let last = steps - 1u;
      let t0 = tables[run.angles + min(q, last)];
      let t1 = tables[run.angles + min(q + 1u, last)];
      let t2 = tables[run.angles + min(q + 2u, last)];
      let t3 = tables[run.angles + min(q + 3u, last)];
      let c = vec4f(t0.x, t1.x, t2.x, t3.x);
      let s = vec4f(t0.y, t1.y, t2.y, t3.y);
      var near = vec4u();
      for (var j0 = 0u; j0 < job.n; j0 += TILE) {
        // Spots off the vector's planes cannot come near a node at any angle. The order of the others does not matter.
        if (lane == 0u) { atomicStore(&on_planes, 0u); }
        workgroupBarrier();
        if (j0 + lane < job.n) {
          let spot = spots[list + j0 + lane].xyz;
          let us = dot(p.u, spot);
          let phase = p.base.length * us;
          let off = phase - round(phase);
          if (off * off < limit * limit) {
            let xs = dot(p.x, spot);
            let ys = dot(p.y, spot);
            let at = 2u * atomicAdd(&on_planes, 1u);
            turning[at] = vec4f(p.base.a_u * us, p.base.a_x * xs, p.base.a_x * ys, off * off);
            turning[at + 1u] = vec4f(p.base.b_u * us, p.base.b_x * xs + p.base.b_y * ys, p.base.b_x * ys - p.base.b_y * xs, 0.0);
          }
        }
        workgroupBarrier();
        let on = atomicLoad(&on_planes);
        for (var j = 0u; j < on; j++) {
          let e = turning[2u * j];
          let f = turning[2u * j + 1u];
          var h = c * e.y + (s * e.z + e.x);
          var l = c * f.y + (s * f.z + f.x);
          h -= round(h);
          l -= round(l);
          near += select(vec4u(0u), vec4u(1u), h * h + (l * l + e.w) < vec4f(limit * limit));
        }
        workgroupBarrier();
      }
      if (q < steps) {
        let at = angles_at(image, d) + q / 2u;
        // Angles after the last one are not counted.
        near = select(vec4u(), near, vec4u(q, q + 1u, q + 2u, q + 3u) < vec4u(steps));
        hits[at] = near.x | (near.y << 16u);
        hits[at + 1u] = near.z | (near.w << 16u);
      }
    }
  }
}
