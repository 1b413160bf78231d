#include "indexing/tables.h"

namespace ewald::indexing {

// Azimuths p * pi * (3 - sqrt 5), by rotating a unit vector in double: the error after 2^16 steps is below 1e-11, and
// the result does not depend on a machine's library sine.
void fill_spiral(float* cosine, float* sine, int points) {
  double c = 1, s = 0;
  for (int p = 0; p < points; p++) {
    cosine[p] = float(c);
    sine[p] = float(s);
    const double next = c * spiral_cos - s * spiral_sin;
    s = c * spiral_sin + s * spiral_cos;
    c = next;
  }
}

void fill_turn(float* cosine, float* sine, int steps) {
  for (int k = 0; k < steps; k++) {
    cosine[k] = float(cos(2 * pi * k / steps));
    sine[k] = float(sin(2 * pi * k / steps));
  }
}

void fill_log10_factorial(double* table, int n) {
  table[0] = 0;
  for (int k = 1; k <= n; k++) table[k] = table[k - 1] + log10(double(k));
}

namespace {

// Whether a rotation of space maps the lattice onto itself.
template <typename Map>
bool is_symmetry(const Cell& cell, const Cell& nodes, Map map) {
  for (int i = 0; i < 3; i++) {
    const Vec3 v = map(cell.row[i]);
    for (int j = 0; j < 3; j++) {
      const double c = dot(v, nodes.row[j]);
      if (fabs(c - rint(c)) > symmetry_tolerance) return false;
    }
  }
  return true;
}

void find_symmetry(const Cell& cell, BaseVector& base) {
  const Cell nodes = reciprocal(cell);
  const Vec3 u = unit(cell.row[base.row]);
  base.fold = 1;
  const int orders[4] = {6, 4, 3, 2};
  for (const int order : orders) {
    const double angle = 2 * pi / order, c = cos(angle), s = sin(angle);
    if (is_symmetry(cell, nodes, [&](Vec3 v) { return turned(v, u, c, s); })) {
      base.fold = order;
      break;
    }
  }
  // Two-fold axes across u run along short lattice vectors, or across one and u.
  base.flip = false;
  for (int h = -symmetry_reach; h <= symmetry_reach; h++)
    for (int k = -symmetry_reach; k <= symmetry_reach; k++)
      for (int l = -symmetry_reach; l <= symmetry_reach && !base.flip; l++) {
        const Vec3 v = double(h) * cell.row[0] + double(k) * cell.row[1] + double(l) * cell.row[2];
        const Vec3 across = v - dot(v, u) * u;
        if (norm(across) <= across_limit * norm(v) || norm(v) == 0) continue;
        const Vec3 e = unit(across), f = cross(u, e);
        base.flip = is_symmetry(cell, nodes, [&](Vec3 w) { return 2 * dot(w, e) * e - w; }) ||
                    is_symmetry(cell, nodes, [&](Vec3 w) { return 2 * dot(w, f) * f - w; });
      }
}

}  // namespace

bool describe_cell(const float rows[9], KnownCell& known) {
  for (int i = 0; i < 9; i++)
    if (!(fabsf(rows[i]) < float(longest_cell))) return false;
  Cell& cell = known.cell;
  for (int i = 0; i < 3; i++) cell.row[i] = {rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]};
  known.volume = fabs(volume(cell));
  const double product = norm(cell.row[0]) * norm(cell.row[1]) * norm(cell.row[2]);
  // Angles that give a nearly flat box are not a valid cell either.
  if (!(known.volume > flattest_cell * product) || !(known.volume > smallest_volume)) return false;
  known.acceptance = cbrt(3 * acceptance_occupancy / (4 * pi * known.volume));
  int order[3] = {0, 1, 2};
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2 - i; j++)
      if (norm(cell.row[order[j]]) > norm(cell.row[order[j + 1]])) {
        const int swap = order[j];
        order[j] = order[j + 1];
        order[j + 1] = swap;
      }
  known.shortest = norm(cell.row[order[0]]);
  for (int i = 0; i < 3; i++) {
    BaseVector& base = known.base[i];
    base.row = order[i];
    base.length = norm(cell.row[base.row]);
    const Vec3 u = unit(cell.row[base.row]), a = cell.row[(base.row + 1) % 3], b = cell.row[(base.row + 2) % 3];
    base.other_length = norm(a) > norm(b) ? norm(a) : norm(b);
    const Vec3 x = unit(a - dot(a, u) * u), y = cross(u, x);
    base.a_u = dot(a, u), base.a_x = dot(a, x);
    base.b_u = dot(b, u), base.b_x = dot(b, x), base.b_y = dot(b, y);
    find_symmetry(cell, base);
  }
  return true;
}

int list_lengths(const KnownCell* cells, int count, bool redundant, float threshold, Length* lengths) {
  int held = 0;
  for (int input = 0; input < count; input++)
    for (int base = 2; base >= (redundant ? 0 : 2); base--)
      lengths[held++] = {float(cells[input].base[base].length), input, base, 0};
  for (int i = 1; i < held; i++)  // stable insertion sort, longest first
    for (int k = i; k > 0 && lengths[k].length > lengths[k - 1].length; k--) {
      const Length swap = lengths[k];
      lengths[k] = lengths[k - 1];
      lengths[k - 1] = swap;
    }
  float sampled = -1;
  for (int i = 0; i < held; i++) {
    lengths[i].fresh = sampled < 0 || sampled - lengths[i].length >= threshold;
    if (lengths[i].fresh) sampled = lengths[i].length;
  }
  return held;
}

}  // namespace ewald::indexing
