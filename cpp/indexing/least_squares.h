// The steps of the least-squares fits, given their sums, which each implementation computes in its own way. Shared by
// the C++ core and CUDA.
#pragma once
#include "generated/search.h"
#include "indexing/geometry.h"

namespace ewald::indexing {

// x of A x = v for the symmetric matrix A = (xx xy xz yy yz zz); false where A is singular.
EWALD_HD bool solve(const double (&a)[6], const double (&v)[3], double (&x)[3]) {
  const double c00 = a[3] * a[5] - a[4] * a[4], c01 = a[1] * a[5] - a[2] * a[4], c02 = a[1] * a[4] - a[2] * a[3];
  const double c11 = a[0] * a[5] - a[2] * a[2], c12 = a[0] * a[4] - a[1] * a[2], c22 = a[0] * a[3] - a[1] * a[1];
  const double det = a[0] * c00 - a[1] * c01 + a[2] * c02, trace = a[0] + a[3] + a[5];
  if (!(fabs(det) > 1e-14 * trace * trace * trace)) return false;
  const double r = 1 / det;
  x[0] = r * (c00 * v[0] - c01 * v[1] + c02 * v[2]);
  x[1] = r * (-c01 * v[0] + c11 * v[1] - c12 * v[2]);
  x[2] = r * (c02 * v[0] - c12 * v[1] + c22 * v[2]);
  return true;
}

// D for which D normal = right, by rows; false where `normal` is singular.
EWALD_HD bool solve_rows(const double (&normal)[6], const double (&right)[9], double (&d)[3][3]) {
  EWALD_UNROLL
  for (int i = 0; i < 3; i++) {
    const double row[3] = {right[3 * i], right[3 * i + 1], right[3 * i + 2]};
    if (!solve(normal, row, d[i])) return false;
  }
  return true;
}

// The rotation, an axis times an angle, that moves nodes to their spots: from the sums of q q^T (xx xy xz yy yz zz) and
// of q x e. False if it is not a rotation, or larger than spots can justify.
EWALD_HD bool turn_of(const double (&moments)[6], const double (&torque)[3], Vec3& turn) {
  const double x2 = moments[0], y2 = moments[3], z2 = moments[5];
  const double keep = turn_stiffness * (x2 + y2 + z2);
  const double normal[6] = {y2 + z2 + keep, -moments[1], -moments[2], x2 + z2 + keep, -moments[4], x2 + y2 + keep};
  double w[3];
  if (!solve(normal, torque, w)) return false;
  turn = {w[0], w[1], w[2]};
  const double angle = norm(turn);
  return angle > smallest_turn && angle < largest_turn;
}

// The cell `start`, strained so that its nodes move towards the spots: from the sums of q q^T and, by rows, of e q^T. A
// larger weight (1/angstrom^2) keeps the strain smaller. False if `cell` is unchanged.
EWALD_HD bool strain_to(Cell& cell, const Cell& start, const double (&moments)[6], const double (&right)[9],
                        double weight) {
  const double normal[6] = {moments[0] + weight, moments[1], moments[2],
                            moments[3] + weight, moments[4], moments[5] + weight};
  double d[3][3];
  if (!solve_rows(normal, right, d)) return false;
  Cell moved;
  EWALD_UNROLL
  for (int i = 0; i < 3; i++) {
    const Vec3 q = start.row[i];
    moved.row[i] =
        q + Vec3{d[0][0] * q.x + d[0][1] * q.y + d[0][2] * q.z, d[1][0] * q.x + d[1][1] * q.y + d[1][2] * q.z,
                 d[2][0] * q.x + d[2][1] * q.y + d[2][2] * q.z};
  }
  const double size = volume(moved) / volume(start);
  if (!(size > smallest_growth && size < largest_growth)) return false;
  cell = reciprocal(moved);
  return true;
}

// The cell of the free fit: from the sums of s s^T and, by rows, of (residual of h, k, l) s^T. It solves for the step
// instead of the cell: its right-hand side is the residual, which float32 represents well.
EWALD_HD Cell fitted_freely(const Cell& cell, const double (&moments)[6], const double (&right)[9]) {
  double d[3][3];
  if (!solve_rows(moments, right, d)) return cell;
  Cell moved;
  EWALD_UNROLL
  for (int i = 0; i < 3; i++) moved.row[i] = cell.row[i] + Vec3{d[i][0], d[i][1], d[i][2]};
  return fabs(volume(moved)) > smallest_volume ? moved : cell;
}

// The direction along which the spots extend least, which is that of the beam, from the sum of s s^T over n of them,
// and their root mean square extent along it.
EWALD_HD Vec3 thin_axis(const double (&m)[6], int n, double& thickness) {
  const double shift = beam_shift * (m[0] + m[3] + m[5]);
  const double a[6] = {m[0] + shift, m[1], m[2], m[3] + shift, m[4], m[5] + shift};
  double v[3] = {beam_x, beam_y, beam_z};
  for (int round = 0; round < beam_rounds; round++) {  // inverse iteration
    double w[3];
    if (!solve(a, v, w)) break;
    const double size = root(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
    EWALD_UNROLL
    for (int i = 0; i < 3; i++) v[i] = w[i] / size;
  }
  const double square = m[0] * v[0] * v[0] + m[3] * v[1] * v[1] + m[5] * v[2] * v[2] +
                        2 * (m[1] * v[0] * v[1] + m[2] * v[0] * v[2] + m[4] * v[1] * v[2]);
  thickness = square > 0 ? root(square / n) : 0;
  return {v[0], v[1], v[2]};
}

}  // namespace ewald::indexing
