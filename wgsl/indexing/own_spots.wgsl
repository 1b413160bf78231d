// At the end of an image with several lattices: each spot is assigned to the nearest lattice, and each lattice is
// refined once more on its own spots. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/refine.wgsl"
#include "indexing/owner.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read_write> spots: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(5) var<storage, read_write> owners: array<u32>;

var<workgroup> at_hand: Lattice;
var<workgroup> list_length: u32;

@compute @workgroup_size(WORKGROUP)
fn refine_on_own_spots(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = workgroup.x;
  let job = jobs[image];
  if (job.going != 0u || job.accepted < 2u || run.params.refinement == REFINEMENT_RAW) { return; }
  let list = list_at(image);
  for (var i = lane; i < job.used; i += WORKGROUP) {
    owners[image * run.max_spots + i] = owner_of(image, job.accepted, spots[all_at(image) + i].xyz).lattice;
  }
  storageBarrier();
  for (var k = 0u; k < job.accepted; k++) {
    var held = 0u;
    for (var i0 = 0u; i0 < job.used; i0 += WORKGROUP) {
      let i = i0 + lane;
      var taken = false;
      if (i < job.used) { taken = owners[image * run.max_spots + i] == k + 1u; }
      let place = place_of(taken);
      if (taken) { spots[list + held + place.before] = spots[all_at(image) + i]; }
      held += place.total;
    }
    storageBarrier();
    if (lane == 0u) {
      list_length = held;
      at_hand = lattices[accepted_at(image, k)];
    }
    let n = workgroupUniformLoad(&list_length);
    let lattice = workgroupUniformLoad(&at_hand);
    if (n < MIN_OWN_SPOTS) { continue; }
    let known = cells[lattice.input];
    var cell = cell_of_lattice(lattice);
    // Compares before and after, both on the lattice's current spots.
    var before = 0.0;
    for (var look = 0u; look < 2u; look++) {
      let merit = merit_of(cell, list, n, known.acceptance).merit;
      if (look == 1u) {
        if (lane == 0u && merit > before) { lattices[accepted_at(image, k)] = with_cell(lattice, cell); }
        break;
      }
      before = merit;
      if ((lattice.marks & STRAINED) == 0u) {
        cell = refine_rotation(known, list, n, cell);
      } else {
        let strained = refine_strain(known, list, n, cell);
        if (cell_difference(strained, cell_of_known(known)) < STRAIN_LIMIT) { cell = strained; }
      }
    }
    workgroupBarrier();
  }
}
