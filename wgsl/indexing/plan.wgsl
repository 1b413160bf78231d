// Shared by the stages of one indexing run: structures, constants, and the layout of an image's data. The counterpart
// of cpp/indexing/plan.h; structures are those of src/compute/layout/indexing-webgpu.ts, constants those of
// src/compute/layout/search.ts, everything is float32 here (README.md).
//
// Every image of a chunk has a slot. In the kernels of a round workgroup_id.x counts the images that are still active
// (`listed`); in the kernels before and after the rounds it is the slot. A kernel reads data that it does not write
// through read-only bindings: their values are uniform, so that barriers may depend on them.
#include "generated/indexing.wgsl"
#include "generated/search.wgsl"
#include "indexing/geometry.wgsl"

@group(0) @binding(0) var<uniform> run: Run;

const NOWHERE = 0xffffffffu;

// Flags of a lattice.
const JUDGED = 1u;
const STRAINED = 2u; // its metric was fitted to the spots
const SCALED = 4u;   // its scale was taken from the spots

// What a round has to do with a glance, the search of the best candidates alone.
const NO_GLANCE = 0u;
const GLANCE = 1u;       // it is one
const AFTER_GLANCE = 2u; // it searches all candidates of the round before, which was one and did not end the search

// The first round of a search. A glance needs a clear winner: near a flat sphere other candidates may be its rivals.
fn first_glance(n: u32, thickness: f32, shortest: f32) -> u32 {
  return select(NO_GLANCE, GLANCE, run.glances != 0u && n > SHORT_LIST && thickness * shortest >= GLANCE_THICKNESS);
}

// The first effort of a search. A short list is cheap to search thoroughly, and has competing lattices that share most
// of the spots.
fn start_of(n: u32) -> u32 { return run.first_effort + select(0u, 1u, n <= SHORT_LIST); }
// Whether a search cannot be settled by the efforts of the run: a flat sphere takes every effort.
fn is_in_vain(flat: u32) -> bool { return run.efforts > 0u && flat != 0u; }

fn cell_of_lattice(l: Lattice) -> Cell { return Cell(l.a, l.b, l.c); }
fn cell_of_known(known: KnownCell) -> Cell { return Cell(known.row[0].xyz, known.row[1].xyz, known.row[2].xyz); }

// Positions of an image's lattices: the new cells of a round, the two pools, the judged and the accepted lattices.
fn fresh_at(image: u32, k: u32) -> u32 { return image * run.lattices + k; }
fn fresh_room() -> u32 { return select(MAX_EFFORT_HITS, run.outputs, run.exhaustive != 0u); }
fn pool_at(image: u32, pool: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + pool * run.pool + k; }
fn judged_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + k; }
fn accepted_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + MAX_EFFORT_JUDGED + k; }

// Positions of an image's spots, x y z |s| each: all used spots, and the searched list.
fn all_at(image: u32) -> u32 { return 2u * image * run.max_spots; }
fn list_at(image: u32) -> u32 { return (2u * image + 1u) * run.max_spots; }

// Candidate vectors of an image: the sampled vectors, followed by the kept ones.
fn candidates_at(image: u32) -> u32 { return image * run.vectors; }
fn kept_at(image: u32) -> u32 { return image * run.vectors + MAX_PICKED; }

// Number of candidate vectors that a round searches.
fn searched(job: Job, tally: Tally) -> u32 {
  return select(tally.kept, min(tally.kept, GLANCE_CANDIDATES), job.glance == GLANCE);
}

// Result of the rotation search for a candidate in one sense: the number of hits, then the hits, in `hits`.
fn hits_at(image: u32, number: u32) -> u32 { return image * run.hit_words + number * (1u + ENOUGH_HITS); }
fn hit_of(count: u32, step: u32) -> u32 { return (count << 16u) | step; }
fn count_of(hit: u32) -> u32 { return hit >> 16u; }
fn step_of(hit: u32) -> u32 { return hit & 0xffffu; }

// Exhaustive: candidate vectors of an image and a group of lengths, directions in both senses, and their counts over
// the angles, two per word.
fn wanted() -> u32 { return select(run.candidate_vectors, EXHAUSTIVE_VECTORS, run.candidate_vectors == 0u); }
fn vector_at(image: u32, group: u32, k: u32) -> u32 { return image * run.vectors + group * wanted() + k; }
fn directions_here() -> u32 { return 2u * min(wanted(), run.sample_points) * run.length_count; }
fn angle_words() -> u32 { return (run.angle_points + 3u) / 4u * 2u; }
fn angles_at(image: u32, d: u32) -> u32 { return image * run.hit_words + d * angle_words(); }

// A direction of the exhaustive search: a candidate vector of one of the sampled lengths, in one of its senses.
struct DirectionPlace {
  length: u32,
  vector: u32,
  reversed: bool,
}
fn direction_place(d: u32) -> DirectionPlace {
  let vectors_here = min(wanted(), run.sample_points);
  return DirectionPlace(d / (2u * vectors_here), (d / 2u) % vectors_here, (d & 1u) != 0u);
}

// The list of cells that are scored by mean distance, in `counts`: their number, then the cells.
fn listed_at(image: u32) -> u32 { return image * run.count_words; }
