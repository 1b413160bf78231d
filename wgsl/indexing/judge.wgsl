// Judges the chosen lattices: whether the cell may be strained to follow the spots, and how probable it is that chance
// does as well. One workgroup per lattice.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/refine.wgsl"
#include "indexing/verdict.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;
@group(0) @binding(4) var<storage, read> tallies: array<Tally>;
@group(0) @binding(5) var<storage, read> spots: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> lattices: array<Lattice>;
@group(0) @binding(7) var<storage, read_write> nodes: array<atomic<u32>>;

var<workgroup> at_hand: Lattice;

@compute @workgroup_size(WORKGROUP)
fn judge(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = jobs[workgroup.x].listed;
  if (image == NOWHERE) { return; }
  let job = jobs[image];
  let place = tallies[image].judging[workgroup.y];
  if (place == NOWHERE) { return; }
  if (lane == 0u) { at_hand = lattices[pool_at(image, job.pool, place)]; }
  var lattice = workgroupUniformLoad(&at_hand);
  let known = cells[lattice.input];
  let list = list_at(image);
  let n = job.n;
  let slots = (MAX_EFFORT_JUDGED * image + workgroup.y) * run.node_slots;
  let free_fit = run.params.refinement >= REFINEMENT_IFSS && run.exhaustive == 0u;
  let may_strain = run.params.refinement == REFINEMENT_ROTATION && run.exhaustive == 0u;
  var chance = Chance();
  // First unchanged or, on request, after a free fit that starts at the radius within which a spot counts as indexed;
  // then with a strain.
  for (var attempt = 0u; attempt < 2u; attempt++) {
    var trial = lattice;
    if (attempt == 0u) {
      if (free_fit) {
        trial = with_cell(lattice, fit_classic(known, list, n, known.acceptance * known.shortest, cell_of_lattice(lattice)));
        trial.marks |= STRAINED;
      }
    } else {
      if (!may_strain || !(lattice.merit > STRAIN_MERIT)) { break; }
      trial = with_cell(lattice, refine_strain(known, list, n, cell_of_lattice(lattice)));
      trial.marks |= STRAINED;
      if (cell_difference(cell_of_lattice(trial), cell_of_known(known)) >= STRAIN_LIMIT) { break; }
    }
    trial.merit = merit_of(cell_of_lattice(trial), list, n, known.acceptance).merit;
    let other = chance_of(trial, list, n, slots);
    if (attempt == 0u || other.log10 < chance.log10) {
      lattice = trial;
      chance = other;
    }
  }
  lattice.log10_chance = measured(chance, cell_of_lattice(lattice), job.beam, list, n);
  lattice.marks |= JUDGED;
  if (run.exhaustive == 0u) { lattice.score = lattice.merit; }
  if (lane == 0u) { lattices[judged_at(image, workgroup.y)] = lattice; }
}
