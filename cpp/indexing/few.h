// Few spots of a known small cell: orientations from pairs of spots, each fitted with the spots' own error ellipsoids,
// and the Bayes factor against "no lattice", summed over all orientations. Beam along z; see README.md, "Few spots".
#pragma once
#include <stdint.h>

#include "ewald.h"
#include "generated/few.h"
#include "indexing/geometry.h"

namespace ewald::indexing::few {

constexpr int max_group = 24, max_poses = 256, max_rivals = 64, seen_slots = 1 << 13;
constexpr int max_pairs = max_spots * (max_spots - 1) / 2;

// A symmetric matrix.
struct Symmetric {
  double xx, xy, xz, yy, yz, zz;
};
inline Vec3 operator*(const Symmetric& m, Vec3 v) {
  return {m.xx * v.x + m.xy * v.y + m.xz * v.z, m.xy * v.x + m.yy * v.y + m.yz * v.z,
          m.xz * v.x + m.yz * v.y + m.zz * v.z};
}
inline double quadratic(const Symmetric& m, Vec3 v) { return dot(v, m * v); }
// Adds s v v^T.
inline void add_square(Symmetric& m, double s, Vec3 v) {
  m.xx += s * v.x * v.x, m.xy += s * v.x * v.y, m.xz += s * v.x * v.z;
  m.yy += s * v.y * v.y, m.yz += s * v.y * v.z, m.zz += s * v.z * v.z;
}
// The inverse, and the determinant of `m`.
Symmetric inverse(const Symmetric& m, double& determinant);

struct Index {
  int16_t h, k, l;
  bool operator==(const Index&) const = default;
};
// A rotation of the lattice, as integers that act on indices.
struct Turn {
  int8_t at[3][3];
};
inline Index turned(const Turn& g, Index i) {
  const auto row = [&](int r) { return int16_t(g.at[r][0] * i.h + g.at[r][1] * i.k + g.at[r][2] * i.l); };
  return {row(0), row(1), row(2)};
}

struct Node {
  Vec3 q;
  double length;
  Index index;
  bool stands;  // for all nodes that rotations of the lattice take it to
};

// A known cell, reduced, with the nodes up to `reach`.
struct Lattice {
  Cell given, direct, star;
  double volume;
  Turn group[max_group];
  int turns;
  Node* nodes;
  double* lengths;
  int count;
  double reach;
};
// Reduces a cell and finds its rotations; it has no nodes yet.
void describe(const float rows[9], Lattice& lattice);
// How far `nodes` nodes reach, nearly.
double reach_of(const Lattice& lattice, double nodes);
// Lists the nodes within `reach`, nearest first; false without memory.
bool list_nodes(Lattice& lattice, double reach);

// A spot: its scatter about its node, and which nodes have about its length.
struct Spot {
  Vec3 q, direction;
  double length, sigma;  // sigma: of the length
  Symmetric scatter, precision;
  uint32_t source;
};
// What depends on the cell: nodes `from` .. `to` - 1 are as long, and the odds of a node at the spot against none.
struct Ring {
  int from, to, standing;
  double odds;
};
Symmetric scatter_of(Vec3 q, double wavelength, const ewald_few_params& params);

// An orientation: both cells in the laboratory.
struct Pose {
  Cell direct, star;
};
inline Vec3 node_at(const Pose& pose, Index i) {
  return double(i.h) * pose.star.row[0] + double(i.k) * pose.star.row[1] + double(i.l) * pose.star.row[2];
}

struct Orientation {
  Pose pose;
  double ln_odds;
  int cell, inside;
  Index label[max_spots];
  bool in[max_spots];
};

struct Pair {
  int16_t i, j;
  double cost;
};

// The workspace of a thread.
struct Work {
  Spot spots[max_spots];
  Ring rings[max_spots];
  int count;
  Pair pairs[max_pairs];
  uint64_t seen[seen_slots];
  int seen_count;
  Orientation found[max_poses];
  int founds;
  double best;
  Orientation trial;
  ewald_indexed_cell rivals[max_rivals];
  int rival_count;
};

// Finds the orientations of a lattice that explain the spots, and adds them to those found; `cell` is its number.
void search(Work& work, const Lattice& lattice, int cell);
// Whether two orientations give their common spots the same indices, up to a rotation of the lattice; `sign` -1: up to
// an inversion.
bool same_labels(const Lattice& lattice, const Work& work, const Orientation& a, const Orientation& b, int sign);

struct ImageTask {
  const float* spots;
  uint32_t spot_count;
  float wavelength;
  ewald_indexed_cell* found;
  ewald_image_result* result;
  uint8_t* assignment;
};
// One image: its lattices, one after the other.
void index_image(const Lattice* lattices, int cells, const ewald_few_params& params, Work& work,
                 const ImageTask& task);

}  // namespace ewald::indexing::few
