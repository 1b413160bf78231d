/* Generated from src/compute/layout/ by `npm run layout`. Do not edit. */
#ifndef EWALD_LAYOUT_H
#define EWALD_LAYOUT_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
#define EWALD_STATIC_ASSERT static_assert
#else
#define EWALD_STATIC_ASSERT _Static_assert
#endif

#define EWALD_ABI_VERSION 2u
#define EWALD_PHILOX_M0 0xd2511f53u
#define EWALD_PHILOX_M1 0xcd9e8d57u
#define EWALD_PHILOX_W0 0x9e3779b9u
#define EWALD_PHILOX_W1 0xbb67ae85u
#define EWALD_PHILOX_ROUNDS 10u
#define EWALD_FFT_MAX_RANK 8u
#define EWALD_MERGING_PARAMETERS 5u
#define EWALD_MERGING_TUKEY 6u

typedef enum ewald_status {
  EWALD_STATUS_OK = 0,
  EWALD_STATUS_INVALID_ARGUMENT = 1,
  EWALD_STATUS_OUT_OF_MEMORY = 2,
  EWALD_STATUS_LIMIT = 3,
  EWALD_STATUS_NO_DEVICE = 4,
  EWALD_STATUS_DRIVER_TOO_OLD = 5,
  EWALD_STATUS_DEVICE_LOST = 6,
  EWALD_STATUS_DEVICE = 7,
  EWALD_STATUS_INTERNAL = 8,
  EWALD_STATUS_DAMAGED = 9
} ewald_status;

typedef enum ewald_method {
  EWALD_METHOD_FAST = 0,
  EWALD_METHOD_EXHAUSTIVE = 1,
  EWALD_METHOD_TURBO = 2
} ewald_method;

typedef enum ewald_refinement {
  EWALD_REFINEMENT_ROTATION = 0,
  EWALD_REFINEMENT_RAW = 1,
  EWALD_REFINEMENT_IFSS = 2,
  EWALD_REFINEMENT_IFSE = 3,
  EWALD_REFINEMENT_IFSSR = 4
} ewald_refinement;

typedef enum ewald_stage {
  EWALD_STAGE_SUMMARY = 0,
  EWALD_STAGE_COUNTS = 1,
  EWALD_STAGE_PICKED = 2,
  EWALD_STAGE_VECTORS = 3,
  EWALD_STAGE_HITS = 4,
  EWALD_STAGE_CELLS = 5
} ewald_stage;

typedef enum ewald_image_flag {
  EWALD_IMAGE_FLAG_TOO_FEW_SPOTS = 1,
  EWALD_IMAGE_FLAG_TRUNCATED = 2,
  EWALD_IMAGE_FLAG_NON_FINITE = 4,
  EWALD_IMAGE_FLAG_TOO_FAR = 8,
  EWALD_IMAGE_FLAG_UNSETTLED = 16,
  EWALD_IMAGE_FLAG_FEW = 32
} ewald_image_flag;

typedef enum ewald_rival_flag {
  EWALD_RIVAL_FLAG_OTHER_HAND = 256
} ewald_rival_flag;

typedef enum ewald_fft_kind {
  EWALD_FFT_KIND_C2C = 0,
  EWALD_FFT_KIND_R2C = 1,
  EWALD_FFT_KIND_C2R = 2,
  EWALD_FFT_KIND_REAL_C2C = 3,
  EWALD_FFT_KIND_R2R = 4
} ewald_fft_kind;

typedef enum ewald_fft_precision {
  EWALD_FFT_PRECISION_F32 = 0,
  EWALD_FFT_PRECISION_F64 = 1
} ewald_fft_precision;

typedef enum ewald_fft_axis_kind {
  EWALD_FFT_AXIS_KIND_DCT1 = 0,
  EWALD_FFT_AXIS_KIND_DCT2 = 1,
  EWALD_FFT_AXIS_KIND_DCT3 = 2,
  EWALD_FFT_AXIS_KIND_DCT4 = 3,
  EWALD_FFT_AXIS_KIND_DST1 = 4,
  EWALD_FFT_AXIS_KIND_DST2 = 5,
  EWALD_FFT_AXIS_KIND_DST3 = 6,
  EWALD_FFT_AXIS_KIND_DST4 = 7
} ewald_fft_axis_kind;

typedef enum ewald_fft_direction {
  EWALD_FFT_DIRECTION_FORWARD = 0,
  EWALD_FFT_DIRECTION_BACKWARD = 1
} ewald_fft_direction;

typedef enum ewald_fft_scale {
  EWALD_FFT_SCALE_NONE = 0,
  EWALD_FFT_SCALE_FULL = 1,
  EWALD_FFT_SCALE_SYMMETRIC = 2
} ewald_fft_scale;

typedef enum ewald_fft_flag {
  EWALD_FFT_FLAG_IN_PLACE = 1,
  EWALD_FFT_FLAG_USER_WORKSPACE = 2
} ewald_fft_flag;

typedef enum ewald_number {
  EWALD_NUMBER_U8 = 0,
  EWALD_NUMBER_I8 = 1,
  EWALD_NUMBER_U16 = 2,
  EWALD_NUMBER_I16 = 3,
  EWALD_NUMBER_U32 = 4,
  EWALD_NUMBER_I32 = 5,
  EWALD_NUMBER_F32 = 6
} ewald_number;

typedef enum ewald_finder {
  EWALD_FINDER_PEAKFINDER8 = 0,
  EWALD_FINDER_ZAEF = 1,
  EWALD_FINDER_DISPERSION = 2,
  EWALD_FINDER_DISPERSION_EXTENDED = 3
} ewald_finder;

typedef enum ewald_partiality {
  EWALD_PARTIALITY_NONE = 0,
  EWALD_PARTIALITY_GAUSSIAN = 1,
  EWALD_PARTIALITY_XSPHERE = 2
} ewald_partiality;

typedef enum ewald_codec {
  EWALD_CODEC_BITSHUFFLE_LZ4 = 0,
  EWALD_CODEC_BITSHUFFLE = 1,
  EWALD_CODEC_LZ4 = 2,
  EWALD_CODEC_LZ4_BLOCK = 3,
  EWALD_CODEC_SHUFFLE = 4,
  EWALD_CODEC_LZF = 5,
  EWALD_CODEC_BYTE_OFFSET = 6,
  EWALD_CODEC_PACKED_MSB = 7,
  EWALD_CODEC_PACKED_LSB = 8,
  EWALD_CODEC_ZLIB = 9
} ewald_codec;

typedef enum ewald_udf_step_kind {
  EWALD_UDF_STEP_KIND_SUM_OF = 0,
  EWALD_UDF_STEP_KIND_SQUARES_OF = 1,
  EWALD_UDF_STEP_KIND_COM = 2,
  EWALD_UDF_STEP_KIND_DENSE = 3,
  EWALD_UDF_STEP_KIND_SPARSE = 4,
  EWALD_UDF_STEP_KIND_SUM = 5,
  EWALD_UDF_STEP_KIND_MOMENTS = 6,
  EWALD_UDF_STEP_KIND_LOG_SUM = 7,
  EWALD_UDF_STEP_KIND_DENSE_DOUBLE = 8,
  EWALD_UDF_STEP_KIND_SPARSE_DOUBLE = 9
} ewald_udf_step_kind;

typedef enum ewald_disks_correlation {
  EWALD_DISKS_CORRELATION_FAST = 0,
  EWALD_DISKS_CORRELATION_FULL = 1
} ewald_disks_correlation;

typedef enum ewald_disks_refine {
  EWALD_DISKS_REFINE_COM = 0,
  EWALD_DISKS_REFINE_PARABOLA = 1,
  EWALD_DISKS_REFINE_DFT = 2
} ewald_disks_refine;

/* One Monte Carlo count: which points of which Philox stream are thrown. */
typedef struct ewald_pi_params {
  uint32_t seed_lo; /* low half of the 64-bit seed, the first key word */
  uint32_t seed_hi; /* high half of the seed, the second key word */
  uint32_t stream; /* independent stream, the third counter word */
  uint32_t threads; /* host threads; 0 takes one a core */
  uint32_t first_lo; /* index of the first point, low half */
  uint32_t first_hi; /* index of the first point, high half */
  uint32_t points_lo; /* number of points, low half */
  uint32_t points_hi; /* number of points, high half */
} ewald_pi_params;
EWALD_STATIC_ASSERT(sizeof(ewald_pi_params) == 32, "layout of ewald_pi_params");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, seed_lo) == 0, "layout of ewald_pi_params.seed_lo");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, seed_hi) == 4, "layout of ewald_pi_params.seed_hi");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, stream) == 8, "layout of ewald_pi_params.stream");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, threads) == 12, "layout of ewald_pi_params.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, first_lo) == 16, "layout of ewald_pi_params.first_lo");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, first_hi) == 20, "layout of ewald_pi_params.first_hi");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, points_lo) == 24, "layout of ewald_pi_params.points_lo");
EWALD_STATIC_ASSERT(offsetof(ewald_pi_params, points_hi) == 28, "layout of ewald_pi_params.points_hi");

/* Sizes of an indexer: everything it allocates follows from these. */
typedef struct ewald_indexer_descriptor {
  uint32_t max_spots; /* spots of one image that are used; the lowest-resolution ones are kept */
  uint32_t max_input_cells; /* known cells that one run may carry */
  uint32_t max_output_cells; /* cells returned an image */
  uint32_t batch; /* images of one run */
  uint32_t method; /* a Method */
  uint32_t candidate_vectors; /* candidate vectors kept a length; 0 takes the method default */
  uint32_t max_sample_points; /* largest number of half-sphere points a run may ask for */
  uint32_t max_angle_points; /* largest number of rotation angles a run may ask for */
  uint32_t threads; /* host threads over the images of a batch; 0 takes one a core */
  uint32_t redundant; /* 1: every vector of a cell serves as the sampled one, not one alone */
  uint32_t debug; /* 1: the stages of the first image of a run stay readable */
  uint32_t efforts; /* fast and turbo: efforts of a search at most; 0 takes all of the method */
} ewald_indexer_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_indexer_descriptor) == 48, "layout of ewald_indexer_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, max_spots) == 0, "layout of ewald_indexer_descriptor.max_spots");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, max_input_cells) == 4, "layout of ewald_indexer_descriptor.max_input_cells");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, max_output_cells) == 8, "layout of ewald_indexer_descriptor.max_output_cells");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, batch) == 12, "layout of ewald_indexer_descriptor.batch");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, method) == 16, "layout of ewald_indexer_descriptor.method");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, candidate_vectors) == 20, "layout of ewald_indexer_descriptor.candidate_vectors");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, max_sample_points) == 24, "layout of ewald_indexer_descriptor.max_sample_points");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, max_angle_points) == 28, "layout of ewald_indexer_descriptor.max_angle_points");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, threads) == 32, "layout of ewald_indexer_descriptor.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, redundant) == 36, "layout of ewald_indexer_descriptor.redundant");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, debug) == 40, "layout of ewald_indexer_descriptor.debug");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_descriptor, efforts) == 44, "layout of ewald_indexer_descriptor.efforts");

/* Thresholds of one indexing run. Distances without a unit are in index units (periods of the lattice). */
typedef struct ewald_indexer_params {
  float length_threshold; /* cell vectors whose lengths differ by less share their samples, in angstrom */
  float trim_low; /* lower trim of a distance */
  float trim_high; /* upper trim of a distance */
  float delta; /* offset inside the logarithm of the trimmed distance */
  float plane_distance; /* a spot this close to a plane of the sampled vector counts */
  float node_distance; /* a spot this close to a lattice node counts */
  uint32_t min_spots; /* spots a vector refinement needs; 0 leaves the sampled vectors as they are */
  uint32_t sample_points; /* half-sphere points; 0 takes the method default */
  uint32_t angle_points; /* rotation angles; 0 takes the method default */
  uint32_t max_crystals; /* lattices looked for in an image */
  uint32_t refinement; /* a Refinement */
  float contraction; /* factor on the acceptance radius from round to round of the refinement */
  float max_distance; /* radius that ends the refinement: index units for ifss and ifse, 1/angstrom for ifssr and rotation */
  uint32_t refine_min_spots; /* spots a refinement round needs */
  uint32_t refine_iterations; /* most rounds of the refinement */
  float accept_log10; /* a lattice is accepted when log10 of its chance probability is at most this */
} ewald_indexer_params;
EWALD_STATIC_ASSERT(sizeof(ewald_indexer_params) == 64, "layout of ewald_indexer_params");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, length_threshold) == 0, "layout of ewald_indexer_params.length_threshold");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, trim_low) == 4, "layout of ewald_indexer_params.trim_low");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, trim_high) == 8, "layout of ewald_indexer_params.trim_high");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, delta) == 12, "layout of ewald_indexer_params.delta");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, plane_distance) == 16, "layout of ewald_indexer_params.plane_distance");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, node_distance) == 20, "layout of ewald_indexer_params.node_distance");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, min_spots) == 24, "layout of ewald_indexer_params.min_spots");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, sample_points) == 28, "layout of ewald_indexer_params.sample_points");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, angle_points) == 32, "layout of ewald_indexer_params.angle_points");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, max_crystals) == 36, "layout of ewald_indexer_params.max_crystals");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, refinement) == 40, "layout of ewald_indexer_params.refinement");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, contraction) == 44, "layout of ewald_indexer_params.contraction");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, max_distance) == 48, "layout of ewald_indexer_params.max_distance");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, refine_min_spots) == 52, "layout of ewald_indexer_params.refine_min_spots");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, refine_iterations) == 56, "layout of ewald_indexer_params.refine_iterations");
EWALD_STATIC_ASSERT(offsetof(ewald_indexer_params, accept_log10) == 60, "layout of ewald_indexer_params.accept_log10");

/* One found cell: real-space rows a, b, c in angstrom, laboratory frame, and how well it explains the spots. */
typedef struct ewald_indexed_cell {
  float ax; /* a, x */
  float ay; /* a, y */
  float az; /* a, z */
  float bx; /* b, x */
  float by; /* b, y */
  float bz; /* b, z */
  float cx; /* c, x */
  float cy; /* c, y */
  float cz; /* c, z */
  float score; /* merit of the cell; larger is better for fast, lower is better for exhaustive */
  float log10_chance; /* log10 of the probability that spots without this lattice give an answer as good */
  uint32_t indexed_spots; /* spots within the acceptance radius of a node */
  uint32_t input_cell; /* which known cell it is */
  uint32_t crystal; /* 0: a candidate only; k: the k-th accepted lattice */
  float rms_residual; /* root mean square distance of the indexed spots from their nodes, in 1/angstrom */
  uint32_t rival_of; /* 0, or k where the names of the axes of the k-th accepted lattice are undecided: it, and its rivals; with few spots: where its labels are, and with otherHand added, where its hand is: it, and the lattice of the other hand */
} ewald_indexed_cell;
EWALD_STATIC_ASSERT(sizeof(ewald_indexed_cell) == 64, "layout of ewald_indexed_cell");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, ax) == 0, "layout of ewald_indexed_cell.ax");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, ay) == 4, "layout of ewald_indexed_cell.ay");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, az) == 8, "layout of ewald_indexed_cell.az");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, bx) == 12, "layout of ewald_indexed_cell.bx");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, by) == 16, "layout of ewald_indexed_cell.by");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, bz) == 20, "layout of ewald_indexed_cell.bz");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, cx) == 24, "layout of ewald_indexed_cell.cx");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, cy) == 28, "layout of ewald_indexed_cell.cy");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, cz) == 32, "layout of ewald_indexed_cell.cz");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, score) == 36, "layout of ewald_indexed_cell.score");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, log10_chance) == 40, "layout of ewald_indexed_cell.log10_chance");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, indexed_spots) == 44, "layout of ewald_indexed_cell.indexed_spots");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, input_cell) == 48, "layout of ewald_indexed_cell.input_cell");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, crystal) == 52, "layout of ewald_indexed_cell.crystal");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, rms_residual) == 56, "layout of ewald_indexed_cell.rms_residual");
EWALD_STATIC_ASSERT(offsetof(ewald_indexed_cell, rival_of) == 60, "layout of ewald_indexed_cell.rival_of");

/* Summary of one image of a batch. */
typedef struct ewald_image_result {
  uint32_t cells; /* cells written for the image, accepted lattices first */
  uint32_t crystals; /* accepted lattices */
  uint32_t used_spots; /* spots that took part */
  uint32_t flags; /* ImageFlag bits */
} ewald_image_result;
EWALD_STATIC_ASSERT(sizeof(ewald_image_result) == 16, "layout of ewald_image_result");
EWALD_STATIC_ASSERT(offsetof(ewald_image_result, cells) == 0, "layout of ewald_image_result.cells");
EWALD_STATIC_ASSERT(offsetof(ewald_image_result, crystals) == 4, "layout of ewald_image_result.crystals");
EWALD_STATIC_ASSERT(offsetof(ewald_image_result, used_spots) == 8, "layout of ewald_image_result.used_spots");
EWALD_STATIC_ASSERT(offsetof(ewald_image_result, flags) == 12, "layout of ewald_image_result.flags");

/* How far spots are from their nodes, as standard deviations, and what a run over few spots accepts. */
typedef struct ewald_few_params {
  float spot_error; /* of a spot across the beam, near it, in 1/angstrom */
  float bandwidth; /* of the wavelength, relative */
  float mosaicity; /* of the orientation within a crystal, in radian */
  float inverse_thickness; /* of a node along the beam, in 1/angstrom */
  float accept_log10; /* a lattice is accepted when log10 of its odds is at least minus this */
  uint32_t max_crystals; /* lattices looked for in an image */
  uint32_t max_output_cells; /* cells returned an image */
  uint32_t max_spots; /* spots of an image that are used; the lowest-resolution ones are kept */
} ewald_few_params;
EWALD_STATIC_ASSERT(sizeof(ewald_few_params) == 32, "layout of ewald_few_params");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, spot_error) == 0, "layout of ewald_few_params.spot_error");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, bandwidth) == 4, "layout of ewald_few_params.bandwidth");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, mosaicity) == 8, "layout of ewald_few_params.mosaicity");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, inverse_thickness) == 12, "layout of ewald_few_params.inverse_thickness");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, accept_log10) == 16, "layout of ewald_few_params.accept_log10");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, max_crystals) == 20, "layout of ewald_few_params.max_crystals");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, max_output_cells) == 24, "layout of ewald_few_params.max_output_cells");
EWALD_STATIC_ASSERT(offsetof(ewald_few_params, max_spots) == 28, "layout of ewald_few_params.max_spots");

/* What the stages of one search hold: that of the first image of a run, its first effort, its first known cell. */
typedef struct ewald_stage_summary {
  float length; /* length of the sampled vector, angstrom; 0: no search was made */
  uint32_t row; /* which row of the known cell that vector is */
  uint32_t spots; /* lowest-resolution spots that the directions were counted on */
  uint32_t directions; /* sampled directions of the half-sphere */
  uint32_t picked; /* directions that were taken on */
  uint32_t vectors; /* candidate vectors */
  uint32_t angles; /* angles of a full turn in the cell search */
  uint32_t hits; /* cells that the cell search kept */
  uint32_t cells; /* cells that were refined */
  uint32_t pad0; /* zero */
  uint32_t pad1; /* zero */
  uint32_t pad2; /* zero */
} ewald_stage_summary;
EWALD_STATIC_ASSERT(sizeof(ewald_stage_summary) == 48, "layout of ewald_stage_summary");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, length) == 0, "layout of ewald_stage_summary.length");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, row) == 4, "layout of ewald_stage_summary.row");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, spots) == 8, "layout of ewald_stage_summary.spots");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, directions) == 12, "layout of ewald_stage_summary.directions");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, picked) == 16, "layout of ewald_stage_summary.picked");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, vectors) == 20, "layout of ewald_stage_summary.vectors");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, angles) == 24, "layout of ewald_stage_summary.angles");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, hits) == 28, "layout of ewald_stage_summary.hits");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, cells) == 32, "layout of ewald_stage_summary.cells");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, pad0) == 36, "layout of ewald_stage_summary.pad0");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, pad1) == 40, "layout of ewald_stage_summary.pad1");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_summary, pad2) == 44, "layout of ewald_stage_summary.pad2");

/* A sampled direction that was taken on: fast in the order of directions, exhaustive best first. */
typedef struct ewald_stage_pick {
  uint32_t direction; /* its index on the spiral */
  float score; /* fast: spots near its planes; exhaustive: mean distance less one more than their number, smaller is better */
  uint32_t pad0; /* zero */
  uint32_t pad1; /* zero */
} ewald_stage_pick;
EWALD_STATIC_ASSERT(sizeof(ewald_stage_pick) == 16, "layout of ewald_stage_pick");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_pick, direction) == 0, "layout of ewald_stage_pick.direction");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_pick, score) == 4, "layout of ewald_stage_pick.score");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_pick, pad0) == 8, "layout of ewald_stage_pick.pad0");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_pick, pad1) == 12, "layout of ewald_stage_pick.pad1");

/* A candidate vector after its refinement, best first. */
typedef struct ewald_stage_vector {
  float x; /* angstrom, laboratory frame */
  float y; /* angstrom */
  float z; /* angstrom */
  float score; /* fast: closeness to its planes, larger is better; exhaustive: zero */
} ewald_stage_vector;
EWALD_STATIC_ASSERT(sizeof(ewald_stage_vector) == 16, "layout of ewald_stage_vector");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_vector, x) == 0, "layout of ewald_stage_vector.x");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_vector, y) == 4, "layout of ewald_stage_vector.y");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_vector, z) == 8, "layout of ewald_stage_vector.z");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_vector, score) == 12, "layout of ewald_stage_vector.score");

/* A cell of the cell search, in its rank order. */
typedef struct ewald_stage_cell {
  float ax; /* angstrom, laboratory frame */
  float ay; /* angstrom, laboratory frame */
  float az; /* angstrom, laboratory frame */
  float bx; /* angstrom, laboratory frame */
  float by; /* angstrom, laboratory frame */
  float bz; /* angstrom, laboratory frame */
  float cx; /* angstrom, laboratory frame */
  float cy; /* angstrom, laboratory frame */
  float cz; /* angstrom, laboratory frame */
  float score; /* what ranks it: fast closeness, then merit; exhaustive the score, then the refined distance */
  uint32_t count; /* spots near its nodes; zero once it is refined */
  uint32_t pad0; /* zero */
} ewald_stage_cell;
EWALD_STATIC_ASSERT(sizeof(ewald_stage_cell) == 48, "layout of ewald_stage_cell");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, ax) == 0, "layout of ewald_stage_cell.ax");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, ay) == 4, "layout of ewald_stage_cell.ay");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, az) == 8, "layout of ewald_stage_cell.az");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, bx) == 12, "layout of ewald_stage_cell.bx");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, by) == 16, "layout of ewald_stage_cell.by");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, bz) == 20, "layout of ewald_stage_cell.bz");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, cx) == 24, "layout of ewald_stage_cell.cx");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, cy) == 28, "layout of ewald_stage_cell.cy");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, cz) == 32, "layout of ewald_stage_cell.cz");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, score) == 36, "layout of ewald_stage_cell.score");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, count) == 40, "layout of ewald_stage_cell.count");
EWALD_STATIC_ASSERT(offsetof(ewald_stage_cell, pad0) == 44, "layout of ewald_stage_cell.pad0");

/* A transform: axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of their side; a side whose strides are all 0 is contiguous in C order (in-place R2C: the last axis of the real side is padded to 2 (n / 2 + 1)). */
typedef struct ewald_fft_descriptor {
  uint32_t rank; /* 1 to 8 */
  uint32_t kind; /* an FftKind */
  uint32_t precision; /* an FftPrecision */
  uint32_t flags; /* FftFlag bits */
  uint32_t axes; /* bit i: axis i is transformed; 0 takes all */
  uint32_t reduced; /* the axis that r2c and c2r halve; it must be transformed */
  uint32_t batch; /* transforms of a run; 0 is 1 */
  uint32_t threads; /* host threads; 0 takes one a core */
  uint32_t in_distance; /* elements from one transform of the batch to the next, input side; 0 is one behind the other */
  uint32_t out_distance; /* the same on the output side */
  uint32_t tune; /* 0: choose by rule; other values force a choice */
  uint32_t pad0; /* zero */
  uint32_t shape[8]; /* logical (real) lengths */
  uint32_t axis_kind[8]; /* an FftAxisKind for each transformed axis of r2r */
  uint32_t in_stride[8]; /* elements from one index of an axis to the next, input side */
  uint32_t out_stride[8]; /* the same on the output side */
  uint32_t in_start[8]; /* index along an axis of the first element that the input side holds */
  uint32_t in_count[8]; /* elements along an axis that the input side holds, from inStart on and around; the others are zero; 0 is all */
  uint32_t out_start[8]; /* the same on the output side */
  uint32_t out_count[8]; /* elements along an axis that the output side holds; the others are left out; 0 is all */
} ewald_fft_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_fft_descriptor) == 304, "layout of ewald_fft_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, rank) == 0, "layout of ewald_fft_descriptor.rank");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, kind) == 4, "layout of ewald_fft_descriptor.kind");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, precision) == 8, "layout of ewald_fft_descriptor.precision");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, flags) == 12, "layout of ewald_fft_descriptor.flags");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, axes) == 16, "layout of ewald_fft_descriptor.axes");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, reduced) == 20, "layout of ewald_fft_descriptor.reduced");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, batch) == 24, "layout of ewald_fft_descriptor.batch");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, threads) == 28, "layout of ewald_fft_descriptor.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, in_distance) == 32, "layout of ewald_fft_descriptor.in_distance");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, out_distance) == 36, "layout of ewald_fft_descriptor.out_distance");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, tune) == 40, "layout of ewald_fft_descriptor.tune");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, pad0) == 44, "layout of ewald_fft_descriptor.pad0");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, shape) == 48, "layout of ewald_fft_descriptor.shape");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, axis_kind) == 80, "layout of ewald_fft_descriptor.axis_kind");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, in_stride) == 112, "layout of ewald_fft_descriptor.in_stride");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, out_stride) == 144, "layout of ewald_fft_descriptor.out_stride");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, in_start) == 176, "layout of ewald_fft_descriptor.in_start");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, in_count) == 208, "layout of ewald_fft_descriptor.in_count");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, out_start) == 240, "layout of ewald_fft_descriptor.out_start");
EWALD_STATIC_ASSERT(offsetof(ewald_fft_descriptor, out_count) == 272, "layout of ewald_fft_descriptor.out_count");

/* Sizes of a peak finder: everything it allocates follows from these. */
typedef struct ewald_peaks_descriptor {
  uint32_t width; /* pixels of a frame along fast scan */
  uint32_t height; /* pixels of a frame along slow scan */
  uint32_t panels; /* rectangles of the frame that are searched */
  uint32_t dtype; /* a Number */
  uint32_t finder; /* a Finder */
  uint32_t sums_only; /* 1: the bins are summed and nothing is searched */
  uint32_t reserved1; /* zero */
  uint32_t reserved2; /* zero */
} ewald_peaks_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_peaks_descriptor) == 32, "layout of ewald_peaks_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, width) == 0, "layout of ewald_peaks_descriptor.width");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, height) == 4, "layout of ewald_peaks_descriptor.height");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, panels) == 8, "layout of ewald_peaks_descriptor.panels");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, dtype) == 12, "layout of ewald_peaks_descriptor.dtype");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, finder) == 16, "layout of ewald_peaks_descriptor.finder");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, sums_only) == 20, "layout of ewald_peaks_descriptor.sums_only");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, reserved1) == 24, "layout of ewald_peaks_descriptor.reserved1");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_descriptor, reserved2) == 28, "layout of ewald_peaks_descriptor.reserved2");

/* A rectangle of the frame, half open. */
typedef struct ewald_peaks_panel {
  uint32_t fs; /* first pixel */
  uint32_t ss; /* first row */
  uint32_t end_fs; /* after the last */
  uint32_t end_ss; /* after the last */
} ewald_peaks_panel;
EWALD_STATIC_ASSERT(sizeof(ewald_peaks_panel) == 16, "layout of ewald_peaks_panel");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_panel, fs) == 0, "layout of ewald_peaks_panel.fs");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_panel, ss) == 4, "layout of ewald_peaks_panel.ss");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_panel, end_fs) == 8, "layout of ewald_peaks_panel.end_fs");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_panel, end_ss) == 12, "layout of ewald_peaks_panel.end_ss");

/* One search. */
typedef struct ewald_peaks_params {
  float threshold; /* values at or below never belong to a peak */
  float min_snr; /* sigmas above the radial mean of a pixel, and of a peak above its surroundings */
  uint32_t min_pix_count; /* pixels of a peak, at least */
  uint32_t max_pix_count; /* pixels of a peak, at most */
  uint32_t local_bg_radius; /* surroundings reach twice as far from a peak, in pixels */
  int32_t least_integer; /* smaller values are bad pixels; of integer frames */
  uint32_t greatest_integer; /* greater values are bad pixels; of integer frames */
  float least_real; /* the same for real frames */
  float greatest_real; /* the same for real frames */
  uint32_t plain; /* 1: five passes over the frame in place of one; the same, slower */
  float min_squared_gradient; /* zaef: square of the gradient of a foot point, at least */
  float inner_radius; /* zaef: pixels of a peak lie within, in pixels */
  float middle_radius; /* zaef: its background lies beyond */
  float outer_radius; /* zaef: and within this */
  float gain; /* dispersion: units of the frame a count */
  uint32_t kernel_size; /* dispersion: its window reaches as far to each side, in pixels */
  float sigma_background; /* dispersion: variance over mean of a window is above what counting makes by as many sigmas */
  float sigma_strong; /* dispersion: a pixel is above the mean of its window by as many sigmas */
  uint32_t min_count; /* dispersion: good pixels of a window, at least */
  uint32_t reserved0; /* zero */
} ewald_peaks_params;
EWALD_STATIC_ASSERT(sizeof(ewald_peaks_params) == 80, "layout of ewald_peaks_params");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, threshold) == 0, "layout of ewald_peaks_params.threshold");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, min_snr) == 4, "layout of ewald_peaks_params.min_snr");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, min_pix_count) == 8, "layout of ewald_peaks_params.min_pix_count");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, max_pix_count) == 12, "layout of ewald_peaks_params.max_pix_count");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, local_bg_radius) == 16, "layout of ewald_peaks_params.local_bg_radius");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, least_integer) == 20, "layout of ewald_peaks_params.least_integer");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, greatest_integer) == 24, "layout of ewald_peaks_params.greatest_integer");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, least_real) == 28, "layout of ewald_peaks_params.least_real");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, greatest_real) == 32, "layout of ewald_peaks_params.greatest_real");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, plain) == 36, "layout of ewald_peaks_params.plain");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, min_squared_gradient) == 40, "layout of ewald_peaks_params.min_squared_gradient");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, inner_radius) == 44, "layout of ewald_peaks_params.inner_radius");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, middle_radius) == 48, "layout of ewald_peaks_params.middle_radius");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, outer_radius) == 52, "layout of ewald_peaks_params.outer_radius");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, gain) == 56, "layout of ewald_peaks_params.gain");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, kernel_size) == 60, "layout of ewald_peaks_params.kernel_size");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, sigma_background) == 64, "layout of ewald_peaks_params.sigma_background");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, sigma_strong) == 68, "layout of ewald_peaks_params.sigma_strong");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, min_count) == 72, "layout of ewald_peaks_params.min_count");
EWALD_STATIC_ASSERT(offsetof(ewald_peaks_params, reserved0) == 76, "layout of ewald_peaks_params.reserved0");

/* A peak: pixels count from the corner of the frame, so that the centre of the first one is at 0.5. */
typedef struct ewald_peak {
  float fs; /* centroid along fast scan */
  float ss; /* centroid along slow scan */
  float intensity; /* sum above the surroundings */
  float maximum; /* highest pixel above the surroundings */
  float snr; /* intensity over the standard deviation of the surroundings */
  uint32_t pixels; /* pixels of it */
  uint32_t panel; /* number of its panel */
  float background; /* mean of its surroundings */
} ewald_peak;
EWALD_STATIC_ASSERT(sizeof(ewald_peak) == 32, "layout of ewald_peak");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, fs) == 0, "layout of ewald_peak.fs");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, ss) == 4, "layout of ewald_peak.ss");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, intensity) == 8, "layout of ewald_peak.intensity");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, maximum) == 12, "layout of ewald_peak.maximum");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, snr) == 16, "layout of ewald_peak.snr");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, pixels) == 20, "layout of ewald_peak.pixels");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, panel) == 24, "layout of ewald_peak.panel");
EWALD_STATIC_ASSERT(offsetof(ewald_peak, background) == 28, "layout of ewald_peak.background");

/* Sums over stretches of rows of a frame of integers. */
typedef struct ewald_spans_params {
  uint32_t width; /* pixels of a frame along fast scan */
  uint32_t height; /* pixels of a frame along slow scan */
  uint32_t dtype; /* a Number, not f32 */
  uint32_t spans; /* stretches */
  uint32_t regions; /* regions that consist of them */
  uint32_t reserved0; /* zero */
  uint32_t reserved1; /* zero */
  uint32_t reserved2; /* zero */
} ewald_spans_params;
EWALD_STATIC_ASSERT(sizeof(ewald_spans_params) == 32, "layout of ewald_spans_params");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, width) == 0, "layout of ewald_spans_params.width");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, height) == 4, "layout of ewald_spans_params.height");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, dtype) == 8, "layout of ewald_spans_params.dtype");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, spans) == 12, "layout of ewald_spans_params.spans");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, regions) == 16, "layout of ewald_spans_params.regions");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, reserved0) == 20, "layout of ewald_spans_params.reserved0");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, reserved1) == 24, "layout of ewald_spans_params.reserved1");
EWALD_STATIC_ASSERT(offsetof(ewald_spans_params, reserved2) == 28, "layout of ewald_spans_params.reserved2");

/* A stretch of a row of a frame. */
typedef struct ewald_span {
  uint32_t region; /* number of its region */
  uint32_t ss; /* its row */
  uint32_t fs; /* its first pixel */
  uint32_t count; /* its pixels */
} ewald_span;
EWALD_STATIC_ASSERT(sizeof(ewald_span) == 16, "layout of ewald_span");
EWALD_STATIC_ASSERT(offsetof(ewald_span, region) == 0, "layout of ewald_span.region");
EWALD_STATIC_ASSERT(offsetof(ewald_span, ss) == 4, "layout of ewald_span.ss");
EWALD_STATIC_ASSERT(offsetof(ewald_span, fs) == 8, "layout of ewald_span.fs");
EWALD_STATIC_ASSERT(offsetof(ewald_span, count) == 12, "layout of ewald_span.count");

/* A pass over some crystals: their number, and what is summed or refined. */
typedef struct ewald_merging_pass {
  uint32_t crystals; /* crystals of the pass */
  uint32_t observations; /* their observations */
  uint32_t unique; /* unique reflections */
  uint32_t partiality; /* how the recorded share follows from the excitation error: EWALD_PARTIALITY */
  uint32_t width; /* numbers a unique reflection of a sum: 2 or 4 */
  uint32_t radius; /* 1: the profile radius is refined */
  uint32_t rotations; /* 1: the orientation is refined */
  uint32_t steps; /* Gauss-Newton steps of a refinement */
  uint32_t first; /* number of the first crystal of the pass among all */
  uint32_t every; /* each n-th crystal of all is looked at for the proportional error; 0: none */
  uint32_t reserved0; /* zero */
  uint32_t reserved1; /* zero */
} ewald_merging_pass;
EWALD_STATIC_ASSERT(sizeof(ewald_merging_pass) == 48, "layout of ewald_merging_pass");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, crystals) == 0, "layout of ewald_merging_pass.crystals");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, observations) == 4, "layout of ewald_merging_pass.observations");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, unique) == 8, "layout of ewald_merging_pass.unique");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, partiality) == 12, "layout of ewald_merging_pass.partiality");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, width) == 16, "layout of ewald_merging_pass.width");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, radius) == 20, "layout of ewald_merging_pass.radius");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, rotations) == 24, "layout of ewald_merging_pass.rotations");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, steps) == 28, "layout of ewald_merging_pass.steps");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, first) == 32, "layout of ewald_merging_pass.first");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, every) == 36, "layout of ewald_merging_pass.every");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, reserved0) == 40, "layout of ewald_merging_pass.reserved0");
EWALD_STATIC_ASSERT(offsetof(ewald_merging_pass, reserved1) == 44, "layout of ewald_merging_pass.reserved1");

/* Sizes of a pass over frames: everything it allocates follows from these. */
typedef struct ewald_udf_descriptor {
  uint32_t width; /* pixels of a row */
  uint32_t height; /* rows of a frame */
  uint32_t dtype; /* a Number */
  uint32_t threads; /* host threads; 0 takes one a core */
  uint32_t steps; /* pieces of work */
  uint32_t indices; /* spans and sparse masks of all steps, in words */
  uint32_t weights; /* weights of all steps, in words: a float64 weight takes two */
  uint32_t reserved0; /* zero */
} ewald_udf_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_udf_descriptor) == 32, "layout of ewald_udf_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, width) == 0, "layout of ewald_udf_descriptor.width");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, height) == 4, "layout of ewald_udf_descriptor.height");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, dtype) == 8, "layout of ewald_udf_descriptor.dtype");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, threads) == 12, "layout of ewald_udf_descriptor.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, steps) == 16, "layout of ewald_udf_descriptor.steps");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, indices) == 20, "layout of ewald_udf_descriptor.indices");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, weights) == 24, "layout of ewald_udf_descriptor.weights");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_descriptor, reserved0) == 28, "layout of ewald_udf_descriptor.reserved0");

/* A piece of work of a pass: sums of each frame go into columns, sums over the frames into planes. */
typedef struct ewald_udf_step {
  uint32_t kind; /* a UdfStepKind */
  uint32_t first_index; /* where its spans, or its sparse masks (starts, then pixels), begin */
  uint32_t first_weight; /* the word where its weights begin; even where they are float64 */
  uint32_t count; /* spans, or masks */
  uint32_t column; /* the first of its columns */
  uint32_t plane; /* the first of its planes */
  uint32_t reserved0; /* zero */
  uint32_t reserved1; /* zero */
} ewald_udf_step;
EWALD_STATIC_ASSERT(sizeof(ewald_udf_step) == 32, "layout of ewald_udf_step");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, kind) == 0, "layout of ewald_udf_step.kind");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, first_index) == 4, "layout of ewald_udf_step.first_index");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, first_weight) == 8, "layout of ewald_udf_step.first_weight");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, count) == 12, "layout of ewald_udf_step.count");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, column) == 16, "layout of ewald_udf_step.column");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, plane) == 20, "layout of ewald_udf_step.plane");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, reserved0) == 24, "layout of ewald_udf_step.reserved0");
EWALD_STATIC_ASSERT(offsetof(ewald_udf_step, reserved1) == 28, "layout of ewald_udf_step.reserved1");

/* Sizes and methods of a disk finder: everything it allocates follows from these. */
typedef struct ewald_disks_descriptor {
  uint32_t width; /* pixels of a row */
  uint32_t height; /* rows of a frame */
  uint32_t dtype; /* a Number */
  uint32_t threads; /* host threads; 0 takes one a core */
  uint32_t peaks; /* disks of a frame */
  uint32_t search; /* half the side of a crop */
  uint32_t correlation; /* a DisksCorrelation */
  uint32_t refine; /* a DisksRefine */
} ewald_disks_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_disks_descriptor) == 32, "layout of ewald_disks_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, width) == 0, "layout of ewald_disks_descriptor.width");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, height) == 4, "layout of ewald_disks_descriptor.height");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, dtype) == 8, "layout of ewald_disks_descriptor.dtype");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, threads) == 12, "layout of ewald_disks_descriptor.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, peaks) == 16, "layout of ewald_disks_descriptor.peaks");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, search) == 20, "layout of ewald_disks_descriptor.search");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, correlation) == 24, "layout of ewald_disks_descriptor.correlation");
EWALD_STATIC_ASSERT(offsetof(ewald_disks_descriptor, refine) == 28, "layout of ewald_disks_descriptor.refine");

/* Corrections of frames: everything that they allocate follows from these. */
typedef struct ewald_correction_descriptor {
  uint32_t pixels; /* pixels of a frame */
  uint32_t panel_width; /* pixels of a row of a panel; 0: bad pixels become 0 */
  uint32_t panel_height; /* rows of a panel; bad pixels get the mean of their good neighbours within it */
  uint32_t dtype; /* a Number */
  uint32_t wide; /* 1: results are float64, 0: float32 */
  uint32_t threads; /* host threads; 0 takes one a core */
  uint32_t markers; /* values that mark a pixel without a count */
  uint32_t nan_is_bad; /* 1: NaN marks a pixel without a count */
} ewald_correction_descriptor;
EWALD_STATIC_ASSERT(sizeof(ewald_correction_descriptor) == 32, "layout of ewald_correction_descriptor");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, pixels) == 0, "layout of ewald_correction_descriptor.pixels");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, panel_width) == 4, "layout of ewald_correction_descriptor.panel_width");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, panel_height) == 8, "layout of ewald_correction_descriptor.panel_height");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, dtype) == 12, "layout of ewald_correction_descriptor.dtype");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, wide) == 16, "layout of ewald_correction_descriptor.wide");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, threads) == 20, "layout of ewald_correction_descriptor.threads");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, markers) == 24, "layout of ewald_correction_descriptor.markers");
EWALD_STATIC_ASSERT(offsetof(ewald_correction_descriptor, nan_is_bad) == 28, "layout of ewald_correction_descriptor.nan_is_bad");

#endif
