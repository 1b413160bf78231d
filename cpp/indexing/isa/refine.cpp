// Refinement in reciprocal space: first only the orientation, then also the cell if the spots support it.
//
// A spot s is given the node q = h a* + k b* + l c* with (h, k, l) its rounded indices, and e = s - q. A rotation by
// the small vector w moves q by w x q, and sum |e - w x q|^2 is least for (sum |q|^2 1 - q q^T) w = sum q x e. A
// strained lattice moves q by D q, and with the rows of D kept small by a weight, row i of D is (sum q q^T + weight
// 1)^-1 sum e_i q. A rotation has 3 parameters, D has 9: with few spots the 9 fit noise, so the rotation is the default
// and D must be justified by the spots.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
// One round: rotates the cell towards those of the first n spots that are within both limits of a node; returns their
// number.
int turn_to_spots(Cell& cell, const SpotList& spots, int n, double index_limit, double radius) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  const F index2 = splat(float(index_limit * index_limit)), radius2 = splat(float(radius * radius));
  F xx = zero(), xy = zero(), xz = zero(), yy = zero(), yz = zero(), zz = zero(), tx = zero(), ty = zero(), tz = zero();
  I used = izero();
  for (int j = 0; j < n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j), load(spots.y + j), load(spots.z + j));
    const F e2 = fma(r.ex, r.ex, fma(r.ey, r.ey, r.ez * r.ez));
    const M near = both(lt(r.index2, index2), lt(e2, radius2));
    used = count(near, used);
    const F qx = where(near, r.qx), qy = where(near, r.qy), qz = where(near, r.qz);
    const F ex = where(near, r.ex), ey = where(near, r.ey), ez = where(near, r.ez);
    xx = fma(qx, qx, xx);
    xy = fma(qx, qy, xy);
    xz = fma(qx, qz, xz);
    yy = fma(qy, qy, yy);
    yz = fma(qy, qz, yz);
    zz = fma(qz, qz, zz);
    tx = tx + fma(qy, ez, -(qz * ey));
    ty = ty + fma(qz, ex, -(qx * ez));
    tz = tz + fma(qx, ey, -(qy * ex));
  }
  const int total = sum(used);
  if (total < min_turn_spots) return total;
  const double moments[6] = {sum(xx), sum(xy), sum(xz), sum(yy), sum(yz), sum(zz)};
  const double torque[3] = {sum(tx), sum(ty), sum(tz)};
  Vec3 turn;
  if (!turn_of(moments, torque, turn)) return total;
  const double angle = norm(turn);
  const Vec3 axis = (1 / angle) * turn;
  const double cosine = cos(angle), sine = sin(angle);
  for (Vec3& row : cell.row) row = turned(row, axis, cosine, sine);
  return total;
}

// One round that changes orientation and metric. Spots are selected and indexed by `cell`; the change is measured from
// `anchor`, so several rounds cannot exceed what the weight allows. A larger weight (1/angstrom^2) gives a smaller
// change.
int fit_to_spots(Cell& cell, const Cell& anchor, const SpotList& spots, int n, double index_limit, double radius,
                 double weight) {
  const Cell nodes = reciprocal(anchor);
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell)), b0 = lanes_of(nodes);
  const F index2 = splat(float(index_limit * index_limit)), radius2 = splat(float(radius * radius));
  F xx = zero(), xy = zero(), xz = zero(), yy = zero(), yz = zero(), zz = zero();
  F r0 = zero(), r1 = zero(), r2 = zero(), r3 = zero(), r4 = zero(), r5 = zero(), r6 = zero(), r7 = zero(), r8 = zero();
  I used = izero();
  for (int j = 0; j < n; j += width) {
    const F x = load(spots.x + j), y = load(spots.y + j), z = load(spots.z + j);
    const F h = fma(a.v[0], x, fma(a.v[1], y, a.v[2] * z));
    const F k = fma(a.v[3], x, fma(a.v[4], y, a.v[5] * z));
    const F l = fma(a.v[6], x, fma(a.v[7], y, a.v[8] * z));
    const F H = round_even(h), K = round_even(k), L = round_even(l);
    const F dh = h - H, dk = k - K, dl = l - L;
    const F ox = fma(dh, b.v[0], fma(dk, b.v[3], dl * b.v[6]));
    const F oy = fma(dh, b.v[1], fma(dk, b.v[4], dl * b.v[7]));
    const F oz = fma(dh, b.v[2], fma(dk, b.v[5], dl * b.v[8]));
    const M near = both(lt(fma(dh, dh, fma(dk, dk, dl * dl)), index2), lt(fma(ox, ox, fma(oy, oy, oz * oz)), radius2));
    used = count(near, used);
    const F qx = where(near, fma(H, b0.v[0], fma(K, b0.v[3], L * b0.v[6])));
    const F qy = where(near, fma(H, b0.v[1], fma(K, b0.v[4], L * b0.v[7])));
    const F qz = where(near, fma(H, b0.v[2], fma(K, b0.v[5], L * b0.v[8])));
    const F ex = where(near, x) - qx, ey = where(near, y) - qy, ez = where(near, z) - qz;
    xx = fma(qx, qx, xx);
    xy = fma(qx, qy, xy);
    xz = fma(qx, qz, xz);
    yy = fma(qy, qy, yy);
    yz = fma(qy, qz, yz);
    zz = fma(qz, qz, zz);
    r0 = fma(ex, qx, r0), r1 = fma(ex, qy, r1), r2 = fma(ex, qz, r2);
    r3 = fma(ey, qx, r3), r4 = fma(ey, qy, r4), r5 = fma(ey, qz, r5);
    r6 = fma(ez, qx, r6), r7 = fma(ez, qy, r7), r8 = fma(ez, qz, r8);
  }
  const int total = sum(used);
  if (total < min_fit_spots) return total;
  const double moments[6] = {sum(xx), sum(xy), sum(xz), sum(yy), sum(yz), sum(zz)};
  const double right[9] = {sum(r0), sum(r1), sum(r2), sum(r3), sum(r4), sum(r5), sum(r6), sum(r7), sum(r8)};
  strain_to(cell, nodes, moments, right, weight);
  return total;
}

// Sum over spots of max(0, 1 - e^2 / radius^2).
double merit(const Cell& cell, const SpotList& spots, double radius) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  const F scale = splat(float(1 / (radius * radius)));
  F total = zero();
  for (int j = 0; j < spots.n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j), load(spots.y + j), load(spots.z + j));
    const F rest = fnma(fma(r.ex, r.ex, fma(r.ey, r.ey, r.ez * r.ez)), scale, splat(1.0f));
    total = add_where(lt(zero(), rest), total, rest);
  }
  return sum(total);
}

int spots_within(const Cell& cell, const SpotList& spots, double radius, double* squares) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  const F limit2 = splat(float(radius * radius));
  F total = zero();
  I inside = izero();
  for (int j = 0; j < spots.n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j), load(spots.y + j), load(spots.z + j));
    const F e2 = fma(r.ex, r.ex, fma(r.ey, r.ey, r.ez * r.ez));
    const M near = lt(e2, limit2);
    total = add_where(near, total, e2);
    inside = count(near, inside);
  }
  *squares = sum(total);
  return sum(inside);
}

void residuals2(const Cell& cell, const SpotList& spots, float* out) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  for (int j = 0; j < spots.n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j), load(spots.y + j), load(spots.z + j));
    store(out + j, fma(r.ex, r.ex, fma(r.ey, r.ey, r.ez * r.ez)));
  }
}

void refine(const RunPlan& plan, const KnownCell& known, const SpotList& spots, bool strain, Lattice& lattice) {
  const int n = spots.n, low = n < turn_spots ? n : turn_spots;
  const double r = known.acceptance;
  if (!strain) {
    Cell cell = lattice.cell;
    for (int i = 0; i < turn_rounds; i++) {
      const TurnRound round = turn_round_of(i);
      turn_to_spots(cell, spots, round.low ? low : n, round.index_limit, round.radius > 0 ? round.radius * r : 1e9);
    }
    lattice.cell = cell;
    lattice.merit = merit(cell, spots, r);
    lattice.strained = false;
    lattice.judged = false;
    return;
  }
  // Weighs errors of the spots against strain of the cell.
  const double weight = (r / strain_errors / strain_tolerance) * (r / strain_errors / strain_tolerance);
  const Cell anchor = lattice.cell;
  Cell cell = anchor;
  for (int m = low;; m = 2 * m < n ? 2 * m : n) {
    fit_to_spots(cell, anchor, spots, m, grow_index_limit, grow_radius * r, grow_stiffness * weight);
    if (m == n) break;
  }
  const ewald_indexer_params& p = plan.params;
  const double last = p.max_distance > 0 ? p.max_distance : last_radius * r;
  double radius = fit_radius * r;
  for (uint32_t round = 0; round < p.refine_iterations && radius > last; round++, radius *= p.contraction)
    if (fit_to_spots(cell, anchor, spots, n, fit_index_limit, radius, weight) < int(p.refine_min_spots)) break;
  if (cell_difference(cell, known.cell) >= strain_limit) return;
  lattice.cell = cell;
  lattice.merit = merit(cell, spots, r);
  lattice.strained = true;
  lattice.judged = false;
}

}  // namespace ewald::EWALD_ISA
