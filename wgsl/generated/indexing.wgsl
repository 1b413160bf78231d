// Generated from src/compute/layout/indexing.ts by `npm run layout`. Do not edit.
const MAX_JUDGED: u32 = 4u;
const MAX_STEPS: u32 = 5120u;
const MAX_SCORED: u32 = 512u;
const MAX_LISTED: u32 = 1024u;
const MAX_HISTOGRAM_SPOTS: u32 = 2047u;
const METHOD_FAST: u32 = 0u;
const METHOD_EXHAUSTIVE: u32 = 1u;
const METHOD_TURBO: u32 = 2u;
const REFINEMENT_ROTATION: u32 = 0u;
const REFINEMENT_RAW: u32 = 1u;
const REFINEMENT_IFSS: u32 = 2u;
const REFINEMENT_IFSE: u32 = 3u;
const REFINEMENT_IFSSR: u32 = 4u;
const STAGE_SUMMARY: u32 = 0u;
const STAGE_COUNTS: u32 = 1u;
const STAGE_PICKED: u32 = 2u;
const STAGE_VECTORS: u32 = 3u;
const STAGE_HITS: u32 = 4u;
const STAGE_CELLS: u32 = 5u;
const IMAGE_FLAG_TOO_FEW_SPOTS: u32 = 1u;
const IMAGE_FLAG_TRUNCATED: u32 = 2u;
const IMAGE_FLAG_NON_FINITE: u32 = 4u;
const IMAGE_FLAG_TOO_FAR: u32 = 8u;
const IMAGE_FLAG_UNSETTLED: u32 = 16u;
const IMAGE_FLAG_FEW: u32 = 32u;
const RIVAL_FLAG_OTHER_HAND: u32 = 256u;

// Sizes of an indexer: everything it allocates follows from these.
struct IndexerDescriptor {
  max_spots: u32, // spots of one image that are used; the lowest-resolution ones are kept
  max_input_cells: u32, // known cells that one run may carry
  max_output_cells: u32, // cells returned an image
  batch: u32, // images of one run
  method: u32, // a Method
  candidate_vectors: u32, // candidate vectors kept a length; 0 takes the method default
  max_sample_points: u32, // largest number of half-sphere points a run may ask for
  max_angle_points: u32, // largest number of rotation angles a run may ask for
  threads: u32, // host threads over the images of a batch; 0 takes one a core
  redundant: u32, // 1: every vector of a cell serves as the sampled one, not one alone
  debug: u32, // 1: the stages of the first image of a run stay readable
  efforts: u32, // fast and turbo: efforts of a search at most; 0 takes all of the method
}

// Thresholds of one indexing run. Distances without a unit are in index units (periods of the lattice).
struct IndexerParams {
  length_threshold: f32, // cell vectors whose lengths differ by less share their samples, in angstrom
  trim_low: f32, // lower trim of a distance
  trim_high: f32, // upper trim of a distance
  delta: f32, // offset inside the logarithm of the trimmed distance
  plane_distance: f32, // a spot this close to a plane of the sampled vector counts
  node_distance: f32, // a spot this close to a lattice node counts
  min_spots: u32, // spots a vector refinement needs; 0 leaves the sampled vectors as they are
  sample_points: u32, // half-sphere points; 0 takes the method default
  angle_points: u32, // rotation angles; 0 takes the method default
  max_crystals: u32, // lattices looked for in an image
  refinement: u32, // a Refinement
  contraction: f32, // factor on the acceptance radius from round to round of the refinement
  max_distance: f32, // radius that ends the refinement: index units for ifss and ifse, 1/angstrom for ifssr and rotation
  refine_min_spots: u32, // spots a refinement round needs
  refine_iterations: u32, // most rounds of the refinement
  accept_log10: f32, // a lattice is accepted when log10 of its chance probability is at most this
}

// One found cell: real-space rows a, b, c in angstrom, laboratory frame, and how well it explains the spots.
struct IndexedCell {
  ax: f32, // a, x
  ay: f32, // a, y
  az: f32, // a, z
  bx: f32, // b, x
  by: f32, // b, y
  bz: f32, // b, z
  cx: f32, // c, x
  cy: f32, // c, y
  cz: f32, // c, z
  score: f32, // merit of the cell; larger is better for fast, lower is better for exhaustive
  log10_chance: f32, // log10 of the probability that spots without this lattice give an answer as good
  indexed_spots: u32, // spots within the acceptance radius of a node
  input_cell: u32, // which known cell it is
  crystal: u32, // 0: a candidate only; k: the k-th accepted lattice
  rms_residual: f32, // root mean square distance of the indexed spots from their nodes, in 1/angstrom
  rival_of: u32, // 0, or k where the names of the axes of the k-th accepted lattice are undecided: it, and its rivals; with few spots: where its labels are, and with otherHand added, where its hand is: it, and the lattice of the other hand
}

// Summary of one image of a batch.
struct ImageResult {
  cells: u32, // cells written for the image, accepted lattices first
  crystals: u32, // accepted lattices
  used_spots: u32, // spots that took part
  flags: u32, // ImageFlag bits
}

// How far spots are from their nodes, as standard deviations, and what a run over few spots accepts.
struct FewParams {
  spot_error: f32, // of a spot across the beam, near it, in 1/angstrom
  bandwidth: f32, // of the wavelength, relative
  mosaicity: f32, // of the orientation within a crystal, in radian
  inverse_thickness: f32, // of a node along the beam, in 1/angstrom
  accept_log10: f32, // a lattice is accepted when log10 of its odds is at least minus this
  max_crystals: u32, // lattices looked for in an image
  max_output_cells: u32, // cells returned an image
  max_spots: u32, // spots of an image that are used; the lowest-resolution ones are kept
}

// What the stages of one search hold: that of the first image of a run, its first effort, its first known cell.
struct StageSummary {
  length: f32, // length of the sampled vector, angstrom; 0: no search was made
  row: u32, // which row of the known cell that vector is
  spots: u32, // lowest-resolution spots that the directions were counted on
  directions: u32, // sampled directions of the half-sphere
  picked: u32, // directions that were taken on
  vectors: u32, // candidate vectors
  angles: u32, // angles of a full turn in the cell search
  hits: u32, // cells that the cell search kept
  cells: u32, // cells that were refined
  pad0: u32, // zero
  pad1: u32, // zero
  pad2: u32, // zero
}

// A sampled direction that was taken on: fast in the order of directions, exhaustive best first.
struct StagePick {
  direction: u32, // its index on the spiral
  score: f32, // fast: spots near its planes; exhaustive: mean distance less one more than their number, smaller is better
  pad0: u32, // zero
  pad1: u32, // zero
}

// A candidate vector after its refinement, best first.
struct StageVector {
  x: f32, // angstrom, laboratory frame
  y: f32, // angstrom
  z: f32, // angstrom
  score: f32, // fast: closeness to its planes, larger is better; exhaustive: zero
}

// A cell of the cell search, in its rank order.
struct StageCell {
  ax: f32, // angstrom, laboratory frame
  ay: f32, // angstrom, laboratory frame
  az: f32, // angstrom, laboratory frame
  bx: f32, // angstrom, laboratory frame
  by: f32, // angstrom, laboratory frame
  bz: f32, // angstrom, laboratory frame
  cx: f32, // angstrom, laboratory frame
  cy: f32, // angstrom, laboratory frame
  cz: f32, // angstrom, laboratory frame
  score: f32, // what ranks it: fast closeness, then merit; exhaustive the score, then the refined distance
  count: u32, // spots near its nodes; zero once it is refined
  pad0: u32, // zero
}

// One chunk of a run. Places are in elements of the array they point into.
struct Run {
  params: IndexerParams, // parameters of the run
  images: u32, // of the chunk
  cell_count: u32, // known cells
  max_spots: u32, // spots of an image
  outputs: u32, // cells returned an image
  candidate_vectors: u32, // 0: the method's own
  spiral_points: u32, // directions in the tables
  angle_capacity: u32, // angles of a turn at most
  angle_points: u32, // exhaustive: angles of this run
  sample_points: u32, // exhaustive: directions of this run
  length_count: u32, // exhaustive: vectors of known cells that are sampled
  first_effort: u32, // fast: where the efforts of the method begin
  vectors: u32, // room for candidate vectors, an image
  count_words: u32, // room for counts over directions, an image, in words of four or two counts
  hit_words: u32, // room for hits, an image
  lattices: u32, // room for lattices, an image
  pool: u32, // lattices of a search
  node_slots: u32, // of one hash of occupied nodes
  turns: u32, // place of the angles of a turn in the tables
  angles: u32, // place of the angles of the exhaustive method
  exhaustive: u32, // 1: the exhaustive method
  glances: u32, // 1: a search may end at a glance
  efforts: u32, // fast: efforts of a search at most; 0 takes all of the method
  pad1: u32, // zero
  pad2: u32, // zero
}

// One vector of a known cell as the one whose direction is sampled; see cpp/indexing/known_cell.h.
struct BaseVector {
  length: f32, // angstrom
  other_length: f32, // longest of the other two
  a_u: f32, // the other two in its frame (u, x, y): a = (aU, aX, 0)
  a_x: f32, // angstrom
  b_u: f32, // b = (bU, bX, bY)
  b_x: f32, // angstrom
  b_y: f32, // angstrom
  row: u32, // which of a, b, c
  fold: u32, // order of the lattice's rotation axis along it
  flip: u32, // 1: a two-fold axis of the lattice stands across it, so its two senses are one
  pad0: u32, // zero
  pad1: u32, // zero
}

// A known cell with what follows from it.
struct KnownCell {
  row: array<vec4f, 3>, // a, b, c
  volume: f32, // cubic angstrom
  acceptance: f32, // radius in which a spot counts as indexed, 1/angstrom
  shortest: f32, // length of the shortest vector
  pad0: f32, // zero
  base: array<BaseVector, 3>, // shortest first
}

// What the next round does with an image, written between rounds only.
struct Job {
  going: u32, // 0: finished
  n: u32, // spots of the list that is searched
  effort: u32, // which one
  input: u32, // known cell whose turn it is
  pool: u32, // 0: the first search, 1: a later one
  flat: u32, // the Ewald sphere is flat at the resolution of the spots
  used: u32, // spots of the image
  flags: u32, // ImageFlag bits
  beam: vec3f, // direction the spots are thinnest along
  accepted: u32, // lattices
  slivers: u32, // of accepted lattices, in a row
  listed: u32, // of the images still going, in order, the one with the number of this slot; NOWHERE: no more
  glance: u32, // whether the round searches the best candidates alone, or has the candidates of such a round
  pad0: u32, // zero
}

// What the kernels of a round tell each other about an image.
struct Tally {
  points: u32, // directions
  picked: u32, // directions that become candidates
  kept: u32, // candidate vectors
  stride: u32, // angles of the rotation search: entries of the table between them
  steps: u32, // how many
  fresh: u32, // cells to be refined
  judging: array<u32, 4>, // places in the pool of the lattices that are to be judged; NOWHERE: none
  held: array<u32, 2>, // lattices in each pool
}

// A cell in the image, with its standing.
struct Lattice {
  a: vec3f, // angstrom
  merit: f32, // sum over spots of 1 - e^2 / r^2 within the acceptance radius r
  b: vec3f, // angstrom
  score: f32, // what the caller sees: merit, or the score of the exhaustive method
  c: vec3f, // angstrom
  log10_chance: f32, // valid when judged
  input: u32, // known cell
  marks: u32, // JUDGED, STRAINED, SCALED
  count: u32, // fast: spots near its nodes when the search found it
  pad0: u32, // zero
}

// A vector of a known cell that the exhaustive method samples.
struct Length {
  length: f32, // angstrom
  input: u32, // known cell
  base: u32, // which of its vectors, shortest first
  group: u32, // lengths of one group share their samples
}
