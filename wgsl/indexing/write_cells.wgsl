// The answer of an image: accepted lattices, then candidates. One workgroup per image.
#include "indexing/plan.wgsl"
#include "indexing/lanes.wgsl"
#include "indexing/refine.wgsl"

const WORKGROUP = 64u;
@group(0) @binding(1) var<storage, read> cells: array<KnownCell>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> tallies: array<Tally>;
@group(0) @binding(4) var<storage, read> spots: array<vec4f>;
@group(0) @binding(5) var<storage, read> lattices: array<Lattice>;
@group(0) @binding(6) var<storage, read> orders: array<u32>;
@group(0) @binding(7) var<storage, read_write> found: array<IndexedCell>;
@group(0) @binding(8) var<storage, read_write> results: array<ImageResult>;

fn write_cell(lattice: Lattice, image: u32, used: u32, crystal: u32, place: u32) {
  let merit = merit_of(cell_of_lattice(lattice), all_at(image), used, cells[lattice.input].acceptance);
  if (lane != 0u) { return; }
  let chance = select(0.0, lattice.log10_chance, (lattice.marks & JUDGED) != 0u);
  let residual = sqrt(merit.squares / max(merit.inside, 1.0));
  found[image * run.outputs + place] = IndexedCell(lattice.a.x, lattice.a.y, lattice.a.z, lattice.b.x, lattice.b.y, lattice.b.z, lattice.c.x, lattice.c.y,
    lattice.c.z, lattice.score, chance, u32(merit.inside), lattice.input, crystal, residual, 0u);
}

@compute @workgroup_size(WORKGROUP)
fn write_cells(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  lane = index;
  let image = workgroup.x;
  let job = jobs[image];
  var written = 0u;
  if (job.going == 0u && job.used >= MIN_IMAGE_SPOTS) {
    for (; written < job.accepted; written++) { write_cell(lattices[accepted_at(image, written)], image, job.used, written + 1u, written); }
    for (var i = 0u; i < tallies[image].held[0] && written < run.outputs; i++) {
      let candidate = lattices[pool_at(image, 0u, orders[2u * image * run.pool + i])];
      var again = false;
      for (var k = 0u; k < job.accepted && !again; k++) {
        again = same_lattice(cell_of_lattice(candidate), cell_of_lattice(lattices[accepted_at(image, k)]), SAME_LATTICE_LIMIT);
      }
      if (again) { continue; }
      write_cell(candidate, image, job.used, 0u, written);
      written++;
    }
  }
  for (var k = written + lane; k < run.outputs; k += WORKGROUP) { found[image * run.outputs + k] = IndexedCell(); }
  if (lane == 0u) { results[image] = ImageResult(written, job.accepted, job.used, job.flags); }
}
