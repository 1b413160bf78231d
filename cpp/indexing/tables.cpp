#include "indexing/tables.h"

#include "generated/indexing.h"

namespace ewald::indexing {

// Azimuths p * pi * (3 - sqrt 5), by turning a unit vector in double: the error after 2^16 steps is below 1e-11, and no
// library's sine makes one machine differ from another.
void fill_spiral(float* cosine, float* sine, int points) {
  const double step_cos = -0.7373688780783197, step_sin = 0.6754902942615238;  // of pi (3 - sqrt 5)
  double c = 1, s = 0;
  for (int p = 0; p < points; p++) {
    cosine[p] = float(c);
    sine[p] = float(s);
    const double next = c * step_cos - s * step_sin;
    s = c * step_sin + s * step_cos;
    c = next;
  }
}

void fill_turn(float* cosine, float* sine, int steps) {
  for (int k = 0; k < steps; k++) {
    cosine[k] = float(cos(2 * M_PI * k / steps));
    sine[k] = float(sin(2 * M_PI * k / steps));
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
      if (fabs(c - rint(c)) > 0.01) return false;
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
    const double angle = 2 * M_PI / order, c = cos(angle), s = sin(angle);
    if (is_symmetry(cell, nodes, [&](Vec3 v) { return turned(v, u, c, s); })) {
      base.fold = order;
      break;
    }
  }
  // Two-fold axes across u run along short lattice vectors, or across one and u.
  base.flip = false;
  for (int h = -2; h <= 2; h++)
    for (int k = -2; k <= 2; k++)
      for (int l = -2; l <= 2 && !base.flip; l++) {
        const Vec3 v = double(h) * cell.row[0] + double(k) * cell.row[1] + double(l) * cell.row[2];
        const Vec3 across = v - dot(v, u) * u;
        if (norm(across) <= 1e-3 * norm(v) || norm(v) == 0) continue;
        const Vec3 e = unit(across), f = cross(u, e);
        base.flip = is_symmetry(cell, nodes, [&](Vec3 w) { return 2 * dot(w, e) * e - w; }) ||
                    is_symmetry(cell, nodes, [&](Vec3 w) { return 2 * dot(w, f) * f - w; });
      }
}

}  // namespace

bool describe_cell(const float rows[9], KnownCell& known) {
  for (int i = 0; i < 9; i++)
    if (!(fabsf(rows[i]) < 1e6f)) return false;
  Cell& cell = known.cell;
  for (int i = 0; i < 3; i++) cell.row[i] = {rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]};
  known.volume = fabs(volume(cell));
  const double product = norm(cell.row[0]) * norm(cell.row[1]) * norm(cell.row[2]);
  // Angles that leave less than a thousandth of the box are no cell either.
  if (!(known.volume > 1e-3 * product) || !(known.volume > 1)) return false;
  known.acceptance = cbrt(3 * acceptance_occupancy / (4 * M_PI * known.volume));
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

}  // namespace ewald::indexing
