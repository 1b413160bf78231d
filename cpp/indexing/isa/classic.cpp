// The refinements of the published method: least squares for all nine numbers of the cell, with a radius that shrinks
// from round to round. ifss keeps the indices of the first cell, ifse recomputes them each round, ifssr measures
// distances in 1/angstrom.
//
// They are unrestrained fits, so they need many more spots than parameters; the fast method's own refinement does not
// (refine.cpp).
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

struct Distance {
  float value;
  bool operator<(const Distance& other) const { return value < other.value; }
};

// Sums of one least-squares round: spots within `limit` of a node, in index units or (reciprocal) in 1/angstrom.
// Indices come from `index_cell`. Returns the number of spots and, if ok, the fitted cell.
int least_squares(const Cell& cell, const Cell& index_cell, const SpotList& spots, bool reciprocal_space, double limit,
                  float* distance2, Cell& fitted) {
  const Cell nodes = reciprocal(cell);
  F a[9], m[9], b[9];
  for (int i = 0; i < 3; i++) {
    a[3 * i] = splat(float(cell.row[i].x)), a[3 * i + 1] = splat(float(cell.row[i].y)),
          a[3 * i + 2] = splat(float(cell.row[i].z));
    m[3 * i] = splat(float(index_cell.row[i].x)), m[3 * i + 1] = splat(float(index_cell.row[i].y));
    m[3 * i + 2] = splat(float(index_cell.row[i].z));
    b[3 * i] = splat(float(nodes.row[i].x)), b[3 * i + 1] = splat(float(nodes.row[i].y)),
          b[3 * i + 2] = splat(float(nodes.row[i].z));
  }
  const F limit2 = splat(float(limit * limit));
  F normal[6], right[9];
  for (F& v : normal) v = zero();
  for (F& v : right) v = zero();
  I used = izero();
  for (int j = 0; j < spots.n; j += width) {
    const F x = load(spots.x + j), y = load(spots.y + j), z = load(spots.z + j);
    const F H = round_even(fma(m[0], x, fma(m[1], y, m[2] * z))), K = round_even(fma(m[3], x, fma(m[4], y, m[5] * z)));
    const F L = round_even(fma(m[6], x, fma(m[7], y, m[8] * z)));
    const F h = H - fma(a[0], x, fma(a[1], y, a[2] * z)), k = K - fma(a[3], x, fma(a[4], y, a[5] * z));
    const F l = L - fma(a[6], x, fma(a[7], y, a[8] * z));
    F d2;
    if (reciprocal_space) {
      const F ex = fma(h, b[0], fma(k, b[3], l * b[6])), ey = fma(h, b[1], fma(k, b[4], l * b[7])),
              ez = fma(h, b[2], fma(k, b[5], l * b[8]));
      d2 = fma(ex, ex, fma(ey, ey, ez * ez));
    } else {
      d2 = fma(h, h, fma(k, k, l * l));
    }
    store(distance2 + j, d2);
    const M near = lt(d2, limit2);
    used = count(near, used);
    const F sx = where(near, x), sy = where(near, y), sz = where(near, z);
    normal[0] = fma(sx, sx, normal[0]);
    normal[1] = fma(sx, sy, normal[1]);
    normal[2] = fma(sx, sz, normal[2]);
    normal[3] = fma(sy, sy, normal[3]);
    normal[4] = fma(sy, sz, normal[4]);
    normal[5] = fma(sz, sz, normal[5]);
    const F dh = where(near, h), dk = where(near, k), dl = where(near, l);
    right[0] = fma(dh, sx, right[0]), right[1] = fma(dh, sy, right[1]), right[2] = fma(dh, sz, right[2]);
    right[3] = fma(dk, sx, right[3]), right[4] = fma(dk, sy, right[4]), right[5] = fma(dk, sz, right[5]);
    right[6] = fma(dl, sx, right[6]), right[7] = fma(dl, sy, right[7]), right[8] = fma(dl, sz, right[8]);
  }
  double moments[6], rows[9];
  for (int i = 0; i < 6; i++) moments[i] = sum(normal[i]);
  for (int i = 0; i < 9; i++) rows[i] = sum(right[i]);
  fitted = fitted_freely(cell, moments, rows);
  return sum(used);
}

}  // namespace

void refine_classic(const RunPlan& plan, const KnownCell& known, const SpotList& spots, double limit, Lattice& lattice,
                    Workspace& work) {
  const ewald_indexer_params& p = plan.params;
  lattice.strained = true;
  const int least = int(p.refine_min_spots);
  Cell cell = lattice.cell, fitted;
  float* distance2 = work.residual2;
  switch (p.refinement) {
    case EWALD_REFINEMENT_RAW:  // the search's cell and score
      lattice.strained = false;
      return;
    case EWALD_REFINEMENT_IFSS:
    case EWALD_REFINEMENT_IFSE: {
      const bool frozen = p.refinement == EWALD_REFINEMENT_IFSS;
      const Cell first = cell;
      least_squares(cell, first, spots, false, limit, distance2, fitted);
      for (uint32_t round = 0; round < p.refine_iterations && limit > p.max_distance; round++) {
        const int used = least_squares(cell, frozen ? first : cell, spots, false, limit, distance2, fitted);
        if (used < least) break;
        limit *= p.contraction;
        cell = fitted;
      }
      least_squares(cell, frozen ? first : cell, spots, false, limit, distance2, fitted);
      break;
    }
    case EWALD_REFINEMENT_IFSSR: {
      limit /= known.shortest;
      for (uint32_t round = 1;; round++) {
        const int used = least_squares(cell, cell, spots, true, limit, distance2, fitted);
        if (round >= p.refine_iterations || limit <= p.max_distance || used < least) break;
        limit *= p.contraction;
        cell = fitted;
      }
      break;
    }
    default:  // rotation
      refine(plan, known, spots, false, lattice);
      cell = lattice.cell;
      residuals2(cell, spots, distance2);
      lattice.strained = false;
  }
  lattice.cell = cell;
  lattice.score = 1;
  if (spots.n < least) return;
  Distance* d = reinterpret_cast<Distance*>(distance2);
  std::nth_element(d, d + (least - 1), d + spots.n);
  lattice.score = __builtin_sqrtf(d[least - 1].value);
}

}  // namespace ewald::EWALD_ISA
