// Known cells with their derived quantities, found lattices, and the angles of a search. Shared by the C++ core and
// CUDA.
#pragma once
#include "ewald.h"
#include "generated/search.h"
#include "indexing/geometry.h"

namespace ewald::indexing {

// One vector of a known cell as the one whose direction is sampled.
struct BaseVector {
  int row;              // which of a, b, c
  int fold;             // order of the lattice's rotation axis along it: 1, 2, 3, 4 or 6
  bool flip;            // a two-fold axis of the lattice is perpendicular to it, so its two senses are equivalent
  double length;        // angstrom
  double other_length;  // length of the longest of the other two
  // The other two vectors a and b in the frame (u, x, y) whose u lies along this one and whose x lies across it in the
  // plane of a: a = (a_u, a_x, 0), b = (b_u, b_x, b_y). They do not change when the cell is rotated, so they define a
  // cell from u and one angle.
  double a_u, a_x, b_u, b_x, b_y;
};

struct KnownCell {
  Cell cell;
  double volume;       // magnitude, cubic angstrom
  double acceptance;   // radius in which a spot counts as indexed, 1/angstrom; see significance.h
  double shortest;     // length of the shortest vector
  BaseVector base[3];  // shortest first
};

// A cell in the image, with its scores.
struct Lattice {
  Cell cell;
  double merit;         // sum over spots of 1 - e^2 / r^2 within the acceptance radius r
  double score;         // reported to the caller: merit, or the score of the exhaustive method
  double log10_chance;  // valid when judged
  int input_cell;
  bool judged;
  bool strained;  // its metric was fitted to the spots
  bool scaled;    // its scale was taken from the spots
};

// Judged lattices first, by their chance; then the others by merit; ties by the order in which they were found.
EWALD_HD bool better(const Lattice& a, const Lattice& b) {
  if (a.judged != b.judged) return a.judged;
  if (a.judged && a.log10_chance != b.log10_chance) return a.log10_chance < b.log10_chance;
  return a.merit > b.merit;
}

// Whether a lattice found at a glance ends a search of n spots. It must be far more probable than one that ends an
// effort and explain more, because the candidates that could be better have not been searched.
EWALD_HD bool settles(const Lattice& lattice, float accept_log10, int n) {
  return lattice.judged && lattice.log10_chance <= accept_log10 - glance_decades && lattice.merit > glance_share * n;
}

// The output record of a lattice that has `indexed` spots with this sum of squared distances.
EWALD_HD ewald_indexed_cell indexed_cell(const Lattice& lattice, uint32_t crystal, uint32_t indexed, double squares,
                                         uint32_t rival_of = 0) {
  const Vec3(&row)[3] = lattice.cell.row;
  return {float(row[0].x),
          float(row[0].y),
          float(row[0].z),
          float(row[1].x),
          float(row[1].y),
          float(row[1].z),
          float(row[2].x),
          float(row[2].y),
          float(row[2].z),
          float(lattice.score),
          lattice.judged ? float(lattice.log10_chance) : 0.0f,
          indexed,
          uint32_t(lattice.input_cell),
          crystal,
          indexed ? float(root(squares / indexed)) : 0.0f,
          rival_of};
}

// The debug record of a cell.
EWALD_HD ewald_stage_cell stage_cell(const Cell& cell, float score, int count) {
  const Vec3(&row)[3] = cell.row;
  return {float(row[0].x), float(row[0].y), float(row[0].z), float(row[1].x), float(row[1].y), float(row[1].z),
          float(row[2].x), float(row[2].y), float(row[2].z), score,           uint32_t(count), 0};
}

// Squared distance of a spot from the nearest node, in acceptance radii.
EWALD_HD double off_node(const Cell& cell, double acceptance, Vec3 s) {
  const Cell nodes = reciprocal(cell);
  Vec3 e = s;
  EWALD_UNROLL
  for (int j = 0; j < 3; j++) e = e - rint(dot(cell.row[j], s)) * nodes.row[j];
  return dot(e, e) / (acceptance * acceptance);
}

// Directions that a search of the fast method samples: neighbours differ by grid_step periods at the outermost spot
// that is used. At most `capacity`; `asked` if it is not 0.
EWALD_HD int directions_for(double length, double edge, uint32_t asked, int capacity) {
  const double periods = length * edge / grid_step;
  double wish = asked ? double(asked) : 2 * pi * periods * periods;
  if (!(wish >= min_directions)) wish = min_directions;
  if (wish > capacity) wish = capacity;
  return int(wish) / direction_multiple * direction_multiple;
}

// Entries of the table of a turn from one angle of a rotation search to the next: they move the outermost spot by
// turn_step periods of the longest other vector. There are at most `capacity` angles.
EWALD_HD int turn_stride(const BaseVector& base, double edge, uint32_t asked, int capacity) {
  int wish = asked ? int(asked) : int(fmin(2 * pi * base.other_length * edge / turn_step, 1e6));
  if (wish < min_angles) wish = min_angles;
  int stride = turn_steps / wish;
  while (stride > 1 && (turn_steps % stride != 0 || (turn_steps / stride) % turn_multiple != 0)) stride--;
  if (stride < 1) stride = 1;
  while (turn_steps / stride > capacity) {
    do stride++;
    while (turn_steps % stride != 0 || (turn_steps / stride) % turn_multiple != 0);
  }
  return stride;
}

// Directions and angles of the exhaustive method: as many as requested; by default its own number of directions, and
// 2.5 sqrt(directions) angles, rounded up to a multiple of 1024.
EWALD_HD int exhaustive_directions(uint32_t asked, int capacity) {
  return asked ? int(asked) : capacity < exhaustive_points ? capacity : exhaustive_points;
}
EWALD_HD int exhaustive_angles(uint32_t asked, int directions, int capacity) {
  if (asked) return int(asked);
  const int steps = int(ceil(angles_per_root * root(double(directions)) / angle_multiple)) * angle_multiple;
  return steps < capacity ? steps : capacity;
}

// A length that the exhaustive method samples; `fresh` if it cannot share the samples of the previous one.
struct Length {
  float length;
  int32_t input, base;
  int32_t fresh;
};

}  // namespace ewald::indexing
