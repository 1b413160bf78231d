// A known cell for few spots: its reduced basis, the rotations of its lattice, and its nodes by length.
#include <algorithm>
#include <string.h>

#include "common/memory.h"
#include "indexing/few.h"

namespace ewald::indexing::few {
namespace {

// A basis of shortest vectors.
void shorten_basis(Cell& basis) {
  Vec3* const v = basis.row;
  for (int round = 0; round < 100; round++) {
    std::sort(v, v + 3, [](Vec3 a, Vec3 b) { return dot(a, a) < dot(b, b); });
    bool changed = false;
    for (int i = 2; i > 0 && !changed; i--)
      for (int j = i - 1; j >= 0 && !changed; j--) {
        const double n = rint(dot(v[i], v[j]) / dot(v[j], v[j]));
        // Half a vector more or less is as short.
        if (n == 0 || dot(v[i] - n * v[j], v[i] - n * v[j]) > (1 - 1e-9) * dot(v[i], v[i])) continue;
        v[i] = v[i] - n * v[j];
        changed = true;
      }
    for (int signs = 0; signs < 4 && !changed; signs++) {
      const Vec3 sum = v[2] + (signs & 1 ? -1.0 : 1.0) * v[0] + (signs & 2 ? -1.0 : 1.0) * v[1];
      if (dot(sum, sum) > (1 - 1e-9) * dot(v[2], v[2])) continue;
      v[2] = sum;
      changed = true;
    }
    if (!changed) break;
  }
  if (volume(basis) < 0)
    for (int i = 0; i < 3; i++) v[i] = -1.0 * v[i];
}

struct Metric {
  double at[3][3];
  bool same(double a, double b, int i, int j) const {
    return fabs(a - b) < group_tolerance * root(at[i][i] * at[j][j]);
  }
};

using Row = int8_t[3];
double product(const Metric& g, const Row& a, const Row& b) {
  double sum = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) sum += a[i] * g.at[i][j] * b[j];
  return sum;
}

int determinant(const Row& a, const Row& b, const Row& c) {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
}

// The rotations that take the lattice to itself: integer matrices of determinant 1 that keep the metric.
void find_group(Lattice& lattice) {
  Metric g;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) g.at[i][j] = dot(lattice.direct.row[i], lattice.direct.row[j]);
  constexpr int reach = 2, side = 2 * reach + 1, all = side * side * side;
  Row images[3][all];
  int counts[3] = {0, 0, 0};
  for (int n = 0; n < all; n++) {
    const Row v = {int8_t(n / (side * side) - reach), int8_t(n / side % side - reach), int8_t(n % side - reach)};
    const double square = product(g, v, v);
    for (int i = 0; i < 3; i++)
      if (g.same(square, g.at[i][i], i, i)) memcpy(images[i][counts[i]++], v, sizeof v);
  }
  lattice.turns = 0;
  for (int a = 0; a < counts[0]; a++)
    for (int b = 0; b < counts[1]; b++) {
      if (!g.same(product(g, images[0][a], images[1][b]), g.at[0][1], 0, 1)) continue;
      for (int c = 0; c < counts[2]; c++) {
        const Row &x = images[0][a], &y = images[1][b], &z = images[2][c];
        if (determinant(x, y, z) != 1 || !g.same(product(g, x, z), g.at[0][2], 0, 2) ||
            !g.same(product(g, y, z), g.at[1][2], 1, 2) || lattice.turns == max_group)
          continue;
        Turn& turn = lattice.group[lattice.turns++];
        memcpy(turn.at[0], x, 3), memcpy(turn.at[1], y, 3), memcpy(turn.at[2], z, 3);
      }
    }
}

// Of nodes that rotations take to each other, the one with the largest indices stands for all.
bool is_largest(const Lattice& lattice, Index index) {
  const auto rank = [](Index i) { return (int64_t(i.h) * 65536 + i.k) * 65536 + i.l; };
  for (int t = 0; t < lattice.turns; t++)
    if (rank(turned(lattice.group[t], index)) > rank(index)) return false;
  return true;
}

template <class Visit>
void each_node(const Lattice& lattice, double reach, Visit visit) {
  int most[3];
  for (int i = 0; i < 3; i++) most[i] = int(reach * norm(lattice.direct.row[i]));
  for (int h = -most[0]; h <= most[0]; h++)
    for (int k = -most[1]; k <= most[1]; k++)
      for (int l = -most[2]; l <= most[2]; l++) {
        const Vec3 q = double(h) * lattice.star.row[0] + double(k) * lattice.star.row[1] +
                       double(l) * lattice.star.row[2];
        const double length = norm(q);
        if (length < reach && (h | k | l) != 0)
          visit(Node{q, length, {int16_t(h), int16_t(k), int16_t(l)}, false});
      }
}

}  // namespace

void describe(const float rows[9], Lattice& lattice) {
  for (int i = 0; i < 3; i++) lattice.given.row[i] = {rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]};
  lattice.direct = lattice.given;
  shorten_basis(lattice.direct);
  lattice.star = reciprocal(lattice.direct);
  lattice.volume = volume(lattice.direct);
  find_group(lattice);
  lattice.count = 0;
  lattice.reach = 0;
}

double reach_of(const Lattice& lattice, double nodes) { return cbrt(3 * nodes / (4 * pi * lattice.volume)); }

bool list_nodes(Lattice& lattice, double reach) {
  int count = 0;
  each_node(lattice, reach, [&](const Node&) { count++; });
  ewald::release(lattice.nodes);
  ewald::release(lattice.lengths);
  lattice.count = 0;
  lattice.reach = 0;
  lattice.nodes = static_cast<Node*>(ewald::allocate_raw((size_t(count) + 1) * sizeof(Node)));
  lattice.lengths = static_cast<double*>(ewald::allocate_raw((size_t(count) + 1) * sizeof(double)));
  if (lattice.nodes == nullptr || lattice.lengths == nullptr) return false;
  each_node(lattice, reach, [&](const Node& node) { lattice.nodes[lattice.count++] = node; });
  std::stable_sort(lattice.nodes, lattice.nodes + count,
                   [](const Node& a, const Node& b) { return a.length < b.length; });
  for (int i = 0; i < count; i++) {
    lattice.nodes[i].stands = is_largest(lattice, lattice.nodes[i].index);
    lattice.lengths[i] = lattice.nodes[i].length;
  }
  lattice.reach = reach;
  return true;
}

}  // namespace ewald::indexing::few
