// Data shared by the stages of one indexing run: the known cells with their derived quantities, the tables of the
// handle, and the workspace of one thread. Plain data only, placed in memory that the handle allocated at creation.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "indexing/known_cell.h"
#include "indexing/labels.h"

namespace ewald::indexing {

// Arrays of spots and of candidates are padded to a multiple of this many lanes, the widest vector.
constexpr int lane_padding = 16;
static inline int padded(int n) { return (n + lane_padding - 1) / lane_padding * lane_padding; }

// Tables of the handle; see tables.cpp.
struct Tables {
  const float*
      spiral_cos;  // [spiral_points] direction p of a golden-angle spiral around z: azimuth p * pi * (3 - sqrt 5)
  const float* spiral_sin;
  int spiral_points;
  const float* turn_cos;  // [turn_steps] cosine and sine of 2 pi k / turn_steps
  const float* turn_sin;
  float* angle_cos;  // [angle_points] the angles of the exhaustive method, set at the start of a run
  float* angle_sin;
  int angle_points, angle_capacity;  // angle_points 0: not made yet
  const double* log10_factorial;     // [max_spots + 1]
};

// Spots of one image, lowest resolution first. The padding is NaN, for which every comparison fails.
struct SpotList {
  int n;
  float *x, *y, *z;  // [padded]
  float* length;     // [padded] |s|
  double cubes;      // sum of |s|^3
  float* record;     // [n][12]: x y z, then xx xy xz yy yz zz, then three unused; for kernels with a candidate a lane
  uint32_t* source;  // [n] index in the caller's list
};

// Candidate base vectors, one a lane.
struct CandidateList {
  int n;
  float *x, *y, *z;     // [padded] the vector, angstrom
  float *x0, *y0, *z0;  // [padded] where it was sampled
  float* merit;         // [padded]
  int32_t* good;        // [padded] spots near its planes
};

// A candidate's frame: u along it, x and y across; the angle of a cell is counted from x.
struct Frame {
  Vec3 u, x, y;
};

struct SearchHit {  // a rotation about a candidate vector that agrees with many spots
  int32_t count, candidate, step;
  float score;
};

// Records of the stages of one search, for an indexer made with `debug`; see isa/record.cpp.
struct Stages {
  ewald_stage_summary summary;
  int32_t* counts;  // [directions]
  ewald_stage_pick* picked;
  ewald_stage_vector* vectors;
  ewald_stage_cell *hits, *cells;
};

// Another name of the axes of an accepted lattice that its spots do not exclude.
struct Rival {
  Cell cell;
  int32_t input_cell;
  uint32_t crystal;  // 1 for the first accepted lattice
};

struct Workspace {
  SpotList all, rest;  // all used spots; the spots of one lattice, or of none
  CandidateList found, kept;
  int32_t* counts;   // [grid points] spots near a plane, for each sampled direction
  int32_t* picked;   // [candidates] sampled directions that are followed
  float* scaled;     // [max_spots][4] spots times a length
  float* angle_cos;  // [angle points] the angles of this image
  float* angle_sin;
  int full_turn;   // angles of a full turn in the latest rotation search
  float* turning;  // [max_spots][8] what the rotation search needs of a spot
  int32_t* angle_counts;
  SearchHit* hits;  // [hit_capacity]
  int hit_capacity;
  void* directions;  // exhaustive: candidate vectors of every length, both senses
  int direction_capacity;
  Lattice* lattices;  // [lattice_capacity] results of the latest search, best first
  int lattice_count, lattice_capacity;
  Lattice* candidates;  // [lattice_capacity] results of the first search
  Lattice* accepted;    // [max_output_cells]
  Rival* rivals;        // [max_output_cells]
  int rival_count, rival_capacity;
  uint32_t undecided;   // bit k: the names of the axes of accepted lattice k are
  bool renamed;         // the axes of a lattice have other names than the search gave them
  float* residual2;     // [max_spots] squared distances
  uint64_t* keys;       // [2 * max_spots] for the sort
  uint64_t* keys2;
  uint64_t* nodes;  // [node_slots] hash of occupied nodes
  int node_slots;
  uint32_t node_epoch;
  Vec3 beam;       // the direction along which the searched list extends least
  uint8_t* owner;  // [max_spots] lattice of each spot
  Stages* stages;  // where the current search is recorded; usually null
  bool unsettled;  // a search of this image ended because its efforts were used up, with others left
};

struct RunPlan {
  ewald_indexer_descriptor descriptor;
  ewald_indexer_params params;
  Tables tables;
  const KnownCell* cells;
  const Labels* labels;  // of each known cell
  int cell_count;
};

struct ImageTask {
  const float* spots;  // [n][3]
  uint32_t n;
  ewald_indexed_cell* found;
  ewald_image_result* result;
  uint8_t* assignment;  // may be null
  Stages* stages;       // may be null
  bool given;           // `found`, `result` and `assignment` hold what a search elsewhere found: only name its axes
};

// The single function that each instruction set provides; see isa/image.cpp.
using IndexImage = void (*)(const RunPlan&, Workspace&, const ImageTask&);

}  // namespace ewald::indexing

#define EWALD_DECLARE_INDEXING(isa)                                                                                  \
  namespace ewald::isa {                                                                                             \
  void index_image(const ewald::indexing::RunPlan&, ewald::indexing::Workspace&, const ewald::indexing::ImageTask&); \
  }
#if defined(__wasm_simd128__)
EWALD_DECLARE_INDEXING(simd128)
#elif defined(__x86_64__)
EWALD_DECLARE_INDEXING(sse2)
EWALD_DECLARE_INDEXING(avx2)
EWALD_DECLARE_INDEXING(avx512)
#else
EWALD_DECLARE_INDEXING(neon)
#endif
