// Unknown cells: lattice vectors found from the spots of one image alone, and the cells that three of them span.
#pragma once
#include <stdint.h>

#include "generated/search.h"
#include "indexing/geometry.h"
#include "indexing/least_squares.h"

namespace ewald::indexing {

// A point of the scan, or a lattice vector.
struct Wave {
  float x, y, z, score;
};

struct ProposedCell {
  Cell cell;
  int explained;
};

// The workspace of one image, in one block of memory.
struct UnknownWork {
  // Lowest resolution first.
  double spot[max_unknown_spots][3];
  int spots;
  Wave points[points_per_length * max_scan_lengths];
  Vec3 starts[max_starts];
  Wave vectors[max_starts];
  // Squared distance of each spot from the planes of a vector.
  float miss[max_unknown_vectors][max_unknown_spots + 16];
};

// Finds up to `capacity` cells, best first, from the image alone.
using ProposeCells = int (*)(UnknownWork& work, double min_length, double max_length, ProposedCell* cells,
                             int capacity);

}  // namespace ewald::indexing

#define EWALD_PROPOSE(isa)                                                                    \
  namespace ewald::isa {                                                                      \
  int propose_cells(ewald::indexing::UnknownWork& work, double min_length, double max_length, \
                    ewald::indexing::ProposedCell* cells, int capacity);                      \
  }
EWALD_PROPOSE(sse2)
EWALD_PROPOSE(avx2)
EWALD_PROPOSE(avx512)
EWALD_PROPOSE(neon)
EWALD_PROPOSE(simd128)
#undef EWALD_PROPOSE
