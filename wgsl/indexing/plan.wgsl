// What the stages of one indexing run share: sizes, known cells, and what is kept of an image from one dispatch to the next. The twin of
// cpp/indexing/plan.h; answer-changing constants are those of cpp/indexing/constants.h, everything is float32 here (README.md).
//
// Every image of a chunk has a slot; a kernel's workgroup_id.x is the slot. A kernel reads what it does not write through read-only
// bindings: their values count as uniform, so that barriers may follow from them.
#include "generated/layout.wgsl"
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
  pad0: u32,
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

// With fewer spots there is nothing to look for.
const LEAST_SPOTS = 5u;
// Sampling: the lowest-resolution spots take part, and neighbouring directions differ by GRID_STEP periods at the outermost of them.
const SAMPLE_SPOTS = 48u;
const GRID_STEP = 0.40;
const LEAST_DIRECTIONS = 1024u;
// A base vector known to one percent, and phases known to a twentieth of a period: the weights of what is known beforehand in the fit of
// a candidate vector. Without them the fit runs away where the Ewald sphere is flat.
const LENGTH_TOLERANCE = 0.01;
const PHASE_ERROR = 0.05;
// A wrong detector distance scales every length: where nothing is found the scale is left free within this.
const SCALE_TOLERANCE = 0.03;
// A fitted vector whose length is off by more is not the one that was sampled.
const LENGTH_LIMIT = 0.04;
// Rotation search: lowest-resolution spots, and the step of the outermost of them in periods.
const TURN_SPOTS = 96u;
const TURN_STEP = 0.35;
// Divisible by many numbers, so that a search finds a close divisor that is a multiple of 12 (the orders of lattice axes).
const TURN_STEPS = 20160u;
// Refinement of the cell: how far the true cell is expected to be from the known one, and where it is another cell
// ((relative length + relative volume)^2).
const STRAIN_TOLERANCE = 0.01;
const STRAIN_LIMIT = 0.02;

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
  pad0: u32,
  pad1: u32,
}

fn cell_of_lattice(l: Lattice) -> Cell { return Cell(l.a, l.b, l.c); }
fn cell_of_known(known: KnownCell) -> Cell { return Cell(known.row[0].xyz, known.row[1].xyz, known.row[2].xyz); }

// Places of an image's lattices: the fresh cells of a round, the two pools, what was judged, what was accepted.
const MOST_JUDGED = 4u;
fn fresh_at(image: u32, k: u32) -> u32 { return image * run.lattices + k; }
fn fresh_room() -> u32 { return select(12u, run.outputs, run.exhaustive != 0u); }
fn pool_at(image: u32, pool: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + pool * run.pool + k; }
fn judged_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + k; }
fn accepted_at(image: u32, k: u32) -> u32 { return image * run.lattices + fresh_room() + 2u * run.pool + MOST_JUDGED + k; }

// Places of an image's spots, x y z |s| each: all that are used, and the list that is searched.
fn all_at(image: u32) -> u32 { return 2u * image * run.max_spots; }
fn list_at(image: u32) -> u32 { return (2u * image + 1u) * run.max_spots; }

// What an effort of the fast method does; the twin of `efforts` in cpp/indexing/isa/fast.cpp.
struct Effort {
  base: u32,         // which vector is sampled, shortest first
  directions: u32,   // sampled directions that are taken on
  candidates: u32,   // candidate vectors whose rotation is searched
  hits: u32,         // cells that are refined
  free_scale: bool,
}
const EFFORTS = 6u;
fn effort_of(k: u32) -> Effort {
  let base = select(select(0u, k - 1u, k == 2u || k == 3u), 1u, k == 5u);
  return Effort(base, select(256u, 64u, k == 0u), select(48u, 12u, k == 0u), select(12u, 4u, k == 0u), k >= 4u);
}
