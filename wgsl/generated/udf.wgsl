// Generated from src/compute/layout/udf.ts by `npm run layout`. Do not edit.
const UDF_STEP_KIND_SUM_OF: u32 = 0u;
const UDF_STEP_KIND_SQUARES_OF: u32 = 1u;
const UDF_STEP_KIND_COM: u32 = 2u;
const UDF_STEP_KIND_DENSE: u32 = 3u;
const UDF_STEP_KIND_SPARSE: u32 = 4u;
const UDF_STEP_KIND_SUM: u32 = 5u;
const UDF_STEP_KIND_MOMENTS: u32 = 6u;
const UDF_STEP_KIND_LOG_SUM: u32 = 7u;
const UDF_STEP_KIND_DENSE_DOUBLE: u32 = 8u;
const UDF_STEP_KIND_SPARSE_DOUBLE: u32 = 9u;
const DISKS_CORRELATION_FAST: u32 = 0u;
const DISKS_CORRELATION_FULL: u32 = 1u;
const DISKS_REFINE_COM: u32 = 0u;
const DISKS_REFINE_PARABOLA: u32 = 1u;
const DISKS_REFINE_DFT: u32 = 2u;

// Sizes of a pass over frames: everything it allocates follows from these.
struct UdfDescriptor {
  width: u32, // pixels of a row
  height: u32, // rows of a frame
  dtype: u32, // a Number
  threads: u32, // host threads; 0 takes one a core
  steps: u32, // pieces of work
  indices: u32, // spans and sparse masks of all steps, in words
  weights: u32, // weights of all steps, in words: a float64 weight takes two
  reserved0: u32, // zero
}

// A piece of work of a pass: sums of each frame go into columns, sums over the frames into planes.
struct UdfStep {
  kind: u32, // a UdfStepKind
  first_index: u32, // where its spans, or its sparse masks (starts, then pixels), begin
  first_weight: u32, // the word where its weights begin; even where they are float64
  count: u32, // spans, or masks
  column: u32, // the first of its columns
  plane: u32, // the first of its planes
  reserved0: u32, // zero
  reserved1: u32, // zero
}

// Sizes and methods of a disk finder: everything it allocates follows from these.
struct DisksDescriptor {
  width: u32, // pixels of a row
  height: u32, // rows of a frame
  dtype: u32, // a Number
  threads: u32, // host threads; 0 takes one a core
  peaks: u32, // disks of a frame
  search: u32, // half the side of a crop
  correlation: u32, // a DisksCorrelation
  refine: u32, // a DisksRefine
}

// Corrections of frames: everything that they allocate follows from these.
struct CorrectionDescriptor {
  pixels: u32, // pixels of a frame
  panel_width: u32, // pixels of a row of a panel; 0: bad pixels become 0
  panel_height: u32, // rows of a panel; bad pixels get the mean of their good neighbours within it
  dtype: u32, // a Number
  wide: u32, // 1: results are float64, 0: float32
  threads: u32, // host threads; 0 takes one a core
  markers: u32, // values that mark a pixel without a count
  nan_is_bad: u32, // 1: NaN marks a pixel without a count
}
