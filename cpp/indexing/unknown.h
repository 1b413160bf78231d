// Unknown cells: lattice vectors that the spots of one image show by themselves, and the cells that three of them span.
#pragma once
#include <stdint.h>

#include "indexing/geometry.h"
#include "indexing/least_squares.h"

namespace ewald::indexing {

// With fewer spots an image shows nothing by itself.
constexpr int least_unknown_spots = 8;
// Spots that take part, lowest resolution first: of the scan, and of everything after it.
constexpr int most_scan_spots = 80, most_unknown_spots = 400;
// Vectors that cells are made of, and those that are looked at to find them.
constexpr int most_vectors = 32, most_starts = 192;
// The scan keeps this many points of each length.
constexpr int kept_per_length = 24, most_lengths = 1024;

// A point of the scan, or a lattice vector.
struct Wave {
  float x, y, z, score;
};

struct ProposedCell {
  Cell cell;
  int explained;
};

// What one image needs; one block of memory.
struct UnknownWork {
  // Lowest resolution first.
  double spot[most_unknown_spots][3];
  int spots;
  Wave points[kept_per_length * most_lengths];
  Vec3 starts[most_starts];
  Wave vectors[most_starts];
  // Squared distance of each spot from the planes of a vector.
  float miss[most_vectors][most_unknown_spots + 16];
};

// Finds up to `capacity` cells, best first: what an image says of its lattice without being told.
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
