// Exhaustive: scores the listed cells by mean distance and keeps the best. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/frame.wgsl"
#include "indexing/mean.wgsl"

const WORKGROUP = 256u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read> lengths: array<Length>;
@group(0) @binding(5) var<storage, read> spots: array<vec4f>;
@group(0) @binding(6) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> lattices: array<Lattice>;

var<workgroup> scores: array<f32, MAX_LISTED>;

fn score_cell(cell: Cell, list: u32, n: u32) -> f32 {
  var mean = MeanLog(1.0, 0.0);
  var good = 0u;
  let limit = run.params.node_distance * run.params.node_distance;
  for (var j = 0u; j < n; j++) {
    let h = indices_of(cell, spots[list + j].xyz);
    let off = h - round(h);
    let squared = dot(off, off);
    good += select(0u, 1u, squared < limit);
    mean = add_distance(mean, sqrt(squared), j);
  }
  return score_of(mean, n, good);
}

fn listed_cell(image: u32, m: u32) -> Lattice {
  let id = counts[listed_at(image) + 1u + m];
  let at = direction_place(id / run.angle_points);
  let l = lengths[at.length];
  let known = cells[l.input];
  let u = normalize(vectors[vector_at(image, l.group, at.vector)].xyz) * select(1.0, -1.0, at.reversed);
  let cell = cell_at(carried(known, known.base[l.base], u), tables[run.angles + id % run.angle_points]);
  var lattice = Lattice();
  lattice.a = cell.a;
  lattice.b = cell.b;
  lattice.c = cell.c;
  lattice.input = l.input;
  return lattice;
}

@compute @workgroup_size(WORKGROUP)
fn score_cells(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let total = counts[listed_at(image)];
  for (var m = lane; m < total; m += WORKGROUP) { scores[m] = score_cell(cell_of_lattice(listed_cell(image, m)), list_at(image), job.n); }
  workgroupBarrier();
  // Lower scores first; ties in the order of the list.
  for (var m = lane; m < total; m += WORKGROUP) {
    let score = scores[m];
    var rank = 0u;
    for (var k = 0u; k < total; k++) { rank += select(0u, 1u, scores[k] < score || (scores[k] == score && k < m)); }
    if (rank >= run.outputs) { continue; }
    var lattice = listed_cell(image, m);
    lattice.score = score;
    lattices[fresh_at(image, rank)] = lattice;
  }
}
