// The names of the axes of a lattice whose known cell is nearly more symmetric than it is: with a = 90.63 and b = 91.26
// the lattice that a search finds may carry either name on either axis. A label is an integer matrix that gives the
// axes other names; which of them the spots support is decided from the free fit of a lattice. Beam along z.
#pragma once
#include <stdint.h>

#include "indexing/geometry.h"

namespace ewald::indexing {

// Labels of a known cell, found once: one matrix of each coset of its own rotations among those that keep its metric
// nearly; the first is the identity. Cells without a near symmetry have this one alone.
constexpr int max_labels = 24;
struct Labels {
  int count;
  int8_t matrix[max_labels][9];
};
void find_labels(const Cell& known, Labels& labels);
// The lattice of `cell` with its axes named by a label.
Cell named(const Labels& labels, int label, const Cell& cell);
// `known` turned as the lattice `like` is, whose axes have the same names.
Cell turned_like(const Cell& known, const Cell& like);

// Sums over spots at the nodes q of a lattice, e off them, each with a weight.
struct LabelSums {
  double n;
  double moments[6];       // q q^T: xx xy xz yy yz zz
  double right[9];         // e q^T, by rows
  double qx, qy, qz;       // q
  double ex, ey;           // e
  double across2, along2;  // e^2 across the beam and along it
};
// One step of a free fit: nine numbers, and a shift of the beam.
void fit_freely(Cell& cell, const LabelSums& sums);

// What the moments of a free fit say about every label.
struct LabelOdds {
  int used, best;
  double across2, along2;      // variances of a spot, 1/angstrom^2
  double ln_odds;              // of the best against the next
  double against[max_labels];  // ln of the odds of the best against each
};
void weigh_labels(const Cell& known, const Labels& labels, const Cell& free, const LabelSums& sums, LabelOdds& odds);

// One step of the fit of a known cell to the spots: a turn, a scale and a shift across the beam.
struct LabelShift {
  double x, y;
};
void fit_turn(Cell& cell, LabelShift& shift, const LabelSums& sums, double across2, double along2);

}  // namespace ewald::indexing
