// What the stages of one indexing run share: sizes, known cells, and what is kept of an image from one dispatch to the
// next. The twin of cpp/indexing/plan.h; answer-changing constants are those of src/layout/indexing.ts, everything is
// float32 here (README.md).
//
// Every image of a chunk has a slot; a kernel's workgroup_id.x is the slot. A kernel reads what it does not write
// through read-only bindings: their values count as uniform, so that barriers may follow from them.
#include "generated/layout.wgsl"
#include "generated/indexing.wgsl"
#include "indexing/geometry.wgsl"

// One chunk of a run. Places are in elements of the array they point into.
struct Run {
  params: IndexerParams,
  images: u32,
  cell_count: u32,
  max_spots: u32,
  outputs: u32,           // cells returned an image
  candidate_vectors: u32, // 0: the method's own
  spiral_points: u32,
  angle_capacity: u32,
  angle_points: u32,      // exhaustive: angles of this run
  sample_points: u32,     // exhaustive: directions of this run
  length_count: u32,      // exhaustive: vectors of known cells that are sampled
  first_effort: u32,      // fast: where the efforts of the method begin
  vectors: u32,           // room for candidate vectors, an image
  count_words: u32,       // room for counts over directions, an image, in words of four or two counts
  hit_words: u32,         // room for hits, an image
  lattices: u32,          // room for lattices, an image
  pool: u32,              // lattices of a search
  node_slots: u32,        // of one hash of occupied nodes
  turns: u32,             // place of the angles of a turn in the tables
  angles: u32,            // place of the angles of the exhaustive method
  exhaustive: u32,
}

@group(0) @binding(0) var<uniform> run: Run;

const PI = 3.14159265358979;

// One vector of a known cell as the one whose direction is sampled; see cpp/indexing/plan.h.
struct BaseVector {
  length: f32,
  other_length: f32, // longest of the other two
  a_u: f32,
  a_x: f32,
  b_u: f32,
  b_x: f32,
  b_y: f32,
  row: u32,          // which of a, b, c
  fold: u32,         // order of the lattice's rotation axis along it
  flip: u32,         // 1: a two-fold axis of the lattice stands across it, so its two senses are one
  pad0: u32,
  pad1: u32,
}

struct KnownCell {
  row: array<vec4f, 3>,
  volume: f32,
  acceptance: f32,   // radius in which a spot counts as indexed, 1/angstrom
  shortest: f32,
  pad0: f32,
  base: array<BaseVector, 3>, // shortest first
}

// What the next round does with an image, written between rounds only.
struct Job {
  going: u32,        // 0: finished
  n: u32,            // spots of the list that is searched
  effort: u32,
  input: u32,        // known cell whose turn it is
  pool: u32,         // 0: the first search, 1: a later one
  flat: u32,         // the Ewald sphere is flat at the resolution of the spots
  used: u32,         // spots of the image
  flags: u32,
  beam: vec3f,       // direction the spots are thinnest along
  accepted: u32,
  slivers: u32,
  pad0: u32,
  pad1: u32,
  pad2: u32,
}

// What the kernels of a round tell each other about an image.
struct Tally {
  points: u32,
  picked: u32,       // directions that become candidates
  kept: u32,         // candidate vectors
  stride: u32,       // angles of the rotation search: entries of the table between them, and how many
  steps: u32,
  fresh: u32,        // cells to be refined
  judging: array<u32, 4>, // places in the pool of the lattices that are to be judged; NOWHERE: none
  held: array<u32, 2>,    // lattices in each pool
}
const NOWHERE = 0xffffffffu;

const JUDGED = 1u;
const STRAINED = 2u; // its metric was fitted to the spots
const SCALED = 4u;   // its scale was taken from the spots

// A cell in the image, with its standing.
struct Lattice {
  a: vec3f,
  merit: f32,        // sum over spots of 1 - e^2 / r^2 within the acceptance radius r
  b: vec3f,
  score: f32,        // what the caller sees: merit, or the score of the exhaustive method
  c: vec3f,
  log10_chance: f32, // valid when judged
  input: u32,
  marks: u32,        // JUDGED, STRAINED, SCALED
  count: u32,        // fast: spots near its nodes when the search found it
  pad0: u32,
}

fn cell_of_lattice(l: Lattice) -> Cell { return Cell(l.a, l.b, l.c); }
fn cell_of_known(known: KnownCell) -> Cell { return Cell(known.row[0].xyz, known.row[1].xyz, known.row[2].xyz); }

// Places of an image's lattices: the fresh cells of a round, the two pools, what was judged, what was accepted.
fn fresh_at(image: u32, k: u32) -> u32 { return image * run.lattices + k; }
fn fresh_room() -> u32 { return select(MOST_EFFORT_HITS, run.outputs, run.exhaustive != 0u); }
fn pool_at(image: u32, pool: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + pool * run.pool + k; }
fn judged_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + k; }
fn accepted_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + MOST_EFFORT_JUDGED + k; }

// Places of an image's spots, x y z |s| each: all that are used, and the list that is searched.
fn all_at(image: u32) -> u32 { return 2u * image * run.max_spots; }
fn list_at(image: u32) -> u32 { return (2u * image + 1u) * run.max_spots; }
