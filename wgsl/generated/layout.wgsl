// Generated from src/layout/layout.ts by `npm run layout`. Do not edit.
const ABI_VERSION: u32 = 2u;
const PHILOX_M0: u32 = 3528531795u;
const PHILOX_M1: u32 = 3449720151u;
const PHILOX_W0: u32 = 2654435769u;
const PHILOX_W1: u32 = 3144134277u;
const PHILOX_ROUNDS: u32 = 10u;
const NUMBER_U8: u32 = 0u;
const NUMBER_I8: u32 = 1u;
const NUMBER_U16: u32 = 2u;
const NUMBER_I16: u32 = 3u;
const NUMBER_U32: u32 = 4u;
const NUMBER_I32: u32 = 5u;
const NUMBER_F32: u32 = 6u;
const STATUS_OK: u32 = 0u;
const STATUS_INVALID_ARGUMENT: u32 = 1u;
const STATUS_OUT_OF_MEMORY: u32 = 2u;
const STATUS_LIMIT: u32 = 3u;
const STATUS_NO_DEVICE: u32 = 4u;
const STATUS_DRIVER_TOO_OLD: u32 = 5u;
const STATUS_DEVICE_LOST: u32 = 6u;
const STATUS_DEVICE: u32 = 7u;
const STATUS_INTERNAL: u32 = 8u;
const STATUS_DAMAGED: u32 = 9u;
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
const FFT_KIND_C2C: u32 = 0u;
const FFT_KIND_R2C: u32 = 1u;
const FFT_KIND_C2R: u32 = 2u;
const FFT_KIND_REAL_C2C: u32 = 3u;
const FFT_KIND_R2R: u32 = 4u;
const FFT_PRECISION_F32: u32 = 0u;
const FFT_PRECISION_F64: u32 = 1u;
const FFT_AXIS_KIND_DCT1: u32 = 0u;
const FFT_AXIS_KIND_DCT2: u32 = 1u;
const FFT_AXIS_KIND_DCT3: u32 = 2u;
const FFT_AXIS_KIND_DCT4: u32 = 3u;
const FFT_AXIS_KIND_DST1: u32 = 4u;
const FFT_AXIS_KIND_DST2: u32 = 5u;
const FFT_AXIS_KIND_DST3: u32 = 6u;
const FFT_AXIS_KIND_DST4: u32 = 7u;
const FFT_DIRECTION_FORWARD: u32 = 0u;
const FFT_DIRECTION_BACKWARD: u32 = 1u;
const FFT_SCALE_NONE: u32 = 0u;
const FFT_SCALE_FULL: u32 = 1u;
const FFT_SCALE_SYMMETRIC: u32 = 2u;
const FFT_FLAG_IN_PLACE: u32 = 1u;
const FFT_FLAG_USER_WORKSPACE: u32 = 2u;
const CODEC_BITSHUFFLE_LZ4: u32 = 0u;
const CODEC_BITSHUFFLE: u32 = 1u;
const CODEC_LZ4: u32 = 2u;
const CODEC_LZ4_BLOCK: u32 = 3u;
const CODEC_SHUFFLE: u32 = 4u;
const CODEC_LZF: u32 = 5u;
const CODEC_BYTE_OFFSET: u32 = 6u;
const CODEC_PACKED_MSB: u32 = 7u;
const CODEC_PACKED_LSB: u32 = 8u;

// One Monte Carlo count: which points of which Philox stream are thrown.
struct PiParams {
  seed_lo: u32, // low half of the 64-bit seed, the first key word
  seed_hi: u32, // high half of the seed, the second key word
  stream: u32, // independent stream, the third counter word
  threads: u32, // host threads; 0 takes one a core
  first_lo: u32, // index of the first point, low half
  first_hi: u32, // index of the first point, high half
  points_lo: u32, // number of points, low half
  points_hi: u32, // number of points, high half
}

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
  pad0: u32, // zero
}

// Thresholds of one indexing run. Distances without a unit are in index units (periods of the lattice).
struct IndexerParams {
  length_threshold: f32, // cell vectors whose lengths differ by less share their samples, in angstrom
  triml: f32, // lower trim of a distance
  trimh: f32, // upper trim of a distance
  delta: f32, // offset inside the logarithm of the trimmed distance
  dist1: f32, // a spot this close to a plane of the sampled vector counts
  dist3: f32, // a spot this close to a lattice node counts
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
  pad0: u32, // zero
}

// Summary of one image of a batch.
struct ImageResult {
  cells: u32, // cells written for the image, accepted lattices first
  crystals: u32, // accepted lattices
  used_spots: u32, // spots that took part
  flags: u32, // ImageFlag bits
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

// A transform: axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of their side; a side whose strides are all 0 is contiguous in C order (in-place R2C: the last axis of the real side is padded to 2 (n / 2 + 1)).
struct FftDescriptor {
  rank: u32, // 1 to 8
  kind: u32, // an FftKind
  precision_: u32, // an FftPrecision
  flags: u32, // FftFlag bits
  axes: u32, // bit i: axis i is transformed; 0 takes all
  reduced: u32, // the axis that r2c and c2r halve; it must be transformed
  batch: u32, // transforms of a run; 0 is 1
  threads: u32, // host threads; 0 takes one a core
  in_distance: u32, // elements from one transform of the batch to the next, input side; 0 is one behind the other
  out_distance: u32, // the same on the output side
  tune: u32, // 0: choose by rule; other values force a choice
  pad0: u32, // zero
  shape: array<u32, 8>, // logical (real) lengths
  axis_kind: array<u32, 8>, // an FftAxisKind for each transformed axis of r2r
  in_stride: array<u32, 8>, // elements from one index of an axis to the next, input side
  out_stride: array<u32, 8>, // the same on the output side
  in_start: array<u32, 8>, // index along an axis of the first element that the input side holds
  in_count: array<u32, 8>, // elements along an axis that the input side holds, from inStart on and around; the others are zero; 0 is all
  out_start: array<u32, 8>, // the same on the output side
  out_count: array<u32, 8>, // elements along an axis that the output side holds; the others are left out; 0 is all
}

// Sizes of a peak finder: everything it allocates follows from these.
struct PeaksDescriptor {
  width: u32, // pixels of a frame along fast scan
  height: u32, // pixels of a frame along slow scan
  panels: u32, // rectangles of the frame that are searched
  dtype: u32, // a Number
  max_peaks: u32, // peaks of a frame, at most
  reserved0: u32, // zero
  reserved1: u32, // zero
  reserved2: u32, // zero
}

// A rectangle of the frame, half open.
struct PeaksPanel {
  fs: u32, // first pixel
  ss: u32, // first row
  end_fs: u32, // after the last
  end_ss: u32, // after the last
}

// One search.
struct PeaksParams {
  threshold: f32, // values at or below never belong to a peak
  min_snr: f32, // sigmas above the radial mean of a pixel, and of a peak above its surroundings
  min_pixels: u32, // pixels of a peak, at least
  max_pixels: u32, // pixels of a peak, at most
  local_radius: u32, // surroundings reach twice as far from a peak, in pixels
  least_integer: i32, // smaller values are bad pixels; of integer frames
  greatest_integer: u32, // greater values are bad pixels; of integer frames
  least_real: f32, // the same for real frames
  greatest_real: f32, // the same for real frames
  reserved0: u32, // zero
  reserved1: u32, // zero
  reserved2: u32, // zero
}

// A peak: pixels count from the corner of the frame, so that the centre of the first one is at 0.5.
struct Peak {
  fs: f32, // centroid along fast scan
  ss: f32, // centroid along slow scan
  intensity: f32, // sum above the surroundings
  maximum: f32, // highest pixel above the surroundings
  snr: f32, // intensity over the standard deviation of the surroundings
  pixels: u32, // pixels of it
  panel: u32, // number of its panel
  background: f32, // mean of its surroundings
}
