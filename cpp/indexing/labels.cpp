// Labels of a known cell, and the formulas of the decision between them. isa/label.cpp sums over the spots.
#include "indexing/labels.h"

#include "generated/search.h"

namespace ewald::indexing {
namespace {

struct Matrix {
  double at[3][3];
};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      c.at[i][j] = a.at[i][0] * b.at[0][j] + a.at[i][1] * b.at[1][j] + a.at[i][2] * b.at[2][j];
  return c;
}

double determinant(const Matrix& m) {
  return m.at[0][0] * (m.at[1][1] * m.at[2][2] - m.at[1][2] * m.at[2][1]) -
         m.at[0][1] * (m.at[1][0] * m.at[2][2] - m.at[1][2] * m.at[2][0]) +
         m.at[0][2] * (m.at[1][0] * m.at[2][1] - m.at[1][1] * m.at[2][0]);
}

Matrix inverse(const Matrix& m) {
  const double r = 1 / determinant(m);
  Matrix c;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const int p = (j + 1) % 3, q = (j + 2) % 3, s = (i + 1) % 3, t = (i + 2) % 3;
      c.at[i][j] = r * (m.at[p][s] * m.at[q][t] - m.at[p][t] * m.at[q][s]);
    }
  return c;
}

Matrix matrix_of(const Cell& c) {
  return {{{c.row[0].x, c.row[0].y, c.row[0].z},
           {c.row[1].x, c.row[1].y, c.row[1].z},
           {c.row[2].x, c.row[2].y, c.row[2].z}}};
}

Cell cell_of(const Matrix& m) {
  Cell c;
  for (int i = 0; i < 3; i++) c.row[i] = {m.at[i][0], m.at[i][1], m.at[i][2]};
  return c;
}

Matrix matrix_of(const int8_t (&m)[9]) {
  Matrix c;
  for (int i = 0; i < 9; i++) c.at[i / 3][i % 3] = m[i];
  return c;
}

// The rotation nearest to a map, by Newton's iteration for its polar factor.
Matrix rotation_of(Matrix m) {
  for (int round = 0; round < 30; round++) {
    const Matrix t = inverse(m);
    double change = 0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        const double next = (m.at[i][j] + t.at[j][i]) / 2;
        change += fabs(next - m.at[i][j]);
        m.at[i][j] = next;
      }
    if (change < 1e-13) break;
  }
  return m;
}

// (F F^T - 1) / 2 of the map F that takes `from` to `cell`.
Matrix strain_between(const Matrix& from_inverse, const Matrix& cell) {
  const Matrix f = product(from_inverse, cell);
  Matrix e;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      e.at[i][j] = (f.at[i][0] * f.at[j][0] + f.at[i][1] * f.at[j][1] + f.at[i][2] * f.at[j][2] - (i == j)) / 2;
  return e;
}

// The largest eigenvalue of a symmetric matrix, in magnitude.
double largest_principal(const Matrix& m) {
  const double mean = (m.at[0][0] + m.at[1][1] + m.at[2][2]) / 3;
  Matrix b = m;
  double p = 0;
  for (int i = 0; i < 3; i++) {
    b.at[i][i] -= mean;
    for (int j = 0; j < 3; j++) p += b.at[i][j] * b.at[i][j];
  }
  p = root(p / 6);
  if (p < 1e-15) return fabs(mean);
  const double r = fmin(1, fmax(-1, determinant(b) / (2 * p * p * p)));
  const double phi = acos(r) / 3;
  return fmax(fabs(mean + 2 * p * cos(phi)), fabs(mean + 2 * p * cos(phi + 2 * pi / 3)));
}

// A basis of short vectors of the same lattice, and the matrix that makes it from the given one.
void shorten(Matrix& basis, Matrix& made) {
  made = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const auto dot = [&](int i, int j) {
    return basis.at[i][0] * basis.at[j][0] + basis.at[i][1] * basis.at[j][1] + basis.at[i][2] * basis.at[j][2];
  };
  const auto add = [&](int i, int j, double n) {
    for (int k = 0; k < 3; k++) basis.at[i][k] += n * basis.at[j][k], made.at[i][k] += n * made.at[j][k];
  };
  for (int round = 0; round < 100; round++) {
    bool changed = false;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        if (i == j) continue;
        const double share = dot(i, j) / dot(j, j);
        if (fabs(share) > 0.5 + 1e-9) add(i, j, -rint(share)), changed = true;
      }
    for (int i = 0; i < 3; i++)
      for (int signs = 0; signs < 4; signs++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        const double s = signs & 1 ? -1 : 1, t = signs & 2 ? -1 : 1;
        const double more = dot(j, j) + dot(k, k) + 2 * (s * dot(i, j) + t * dot(i, k) + s * t * dot(j, k));
        if (more < -1e-9 * dot(i, i)) add(i, j, s), add(i, k, t), changed = true;
      }
    if (!changed) break;
  }
}

struct Rotation {
  int8_t matrix[9];
  double strain;
};
constexpr int max_rotations = 256;

bool is_one(const Rotation* own, int count, const Matrix& m) {
  for (int k = 0; k < count; k++) {
    bool same = true;
    for (int i = 0; i < 9 && same; i++) same = own[k].matrix[i] == int(rint(m.at[i / 3][i % 3]));
    if (same) return true;
  }
  return false;
}

// Integer matrices of determinant 1 that keep the metric within label_reach, by their strain; returns their number.
int find_rotations(const Matrix& known, Rotation* found) {
  Matrix basis = known, made;
  shorten(basis, made);
  const Matrix unmade = inverse(made), nodes = inverse(basis);
  constexpr int reach = 3, span = 2 * reach + 1, vectors = span * span * span;
  int8_t at[vectors][3];
  double length[vectors];
  int total = 0;
  for (int x = -reach; x <= reach; x++)
    for (int y = -reach; y <= reach; y++)
      for (int z = -reach; z <= reach; z++) {
        if (x == 0 && y == 0 && z == 0) continue;
        double square = 0;
        for (int k = 0; k < 3; k++) {
          const double v = x * basis.at[0][k] + y * basis.at[1][k] + z * basis.at[2][k];
          square += v * v;
        }
        at[total][0] = int8_t(x), at[total][1] = int8_t(y), at[total][2] = int8_t(z);
        length[total++] = root(square);
      }
  // A strain changes no length by much more than itself.
  const double limit = 1.05 * label_reach + label_reach * label_reach;
  int16_t like[3][vectors];
  int likes[3] = {0, 0, 0};
  for (int i = 0; i < 3; i++) {
    const double* const v3 = basis.at[i];
    const double edge = root(v3[0] * v3[0] + v3[1] * v3[1] + v3[2] * v3[2]);
    for (int v = 0; v < total; v++)
      if (fabs(length[v] / edge - 1) < limit) like[i][likes[i]++] = int16_t(v);
  }
  int count = 0;
  for (int i = 0; i < likes[0]; i++)
    for (int j = 0; j < likes[1]; j++)
      for (int k = 0; k < likes[2]; k++) {
        const int8_t *a = at[like[0][i]], *b = at[like[1][j]], *c = at[like[2][k]];
        const int det = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
                        a[2] * (b[0] * c[1] - b[1] * c[0]);
        if (det != 1) continue;
        const Matrix m = {{{double(a[0]), double(a[1]), double(a[2])},
                           {double(b[0]), double(b[1]), double(b[2])},
                           {double(c[0]), double(c[1]), double(c[2])}}};
        const double strain = largest_principal(strain_between(nodes, product(m, basis)));
        if (!(strain <= label_reach)) continue;
        const Matrix over = product(product(unmade, m), made);
        Rotation one;
        one.strain = strain;
        bool fits = true;
        for (int e = 0; e < 9; e++) {
          const double x = rint(over.at[e / 3][e % 3]);
          fits = fits && fabs(x) < 128;
          one.matrix[e] = int8_t(x);
        }
        if (!fits) continue;
        if (count == max_rotations && found[count - 1].strain <= strain) continue;
        int place = count < max_rotations ? count++ : max_rotations - 1;
        for (; place > 0 && found[place - 1].strain > strain; place--) found[place] = found[place - 1];
        found[place] = one;
      }
  return count;
}

const int packed[9] = {0, 1, 2, 1, 3, 4, 2, 4, 5};
// Mandel's notation of a symmetric matrix: xx yy zz yz xz xy, the last three times the root of two.
const int first[6] = {0, 1, 2, 1, 0, 0}, second[6] = {0, 1, 2, 2, 2, 1};
const double weight[6] = {1, 1, 1, 1.4142135623730951, 1.4142135623730951, 1.4142135623730951};

void invert(const double (&m)[6], double ridge, double (&out)[6]) {
  const double a = m[0] + ridge, b = m[1], c = m[2], d = m[3] + ridge, e = m[4], f = m[5] + ridge;
  const double c00 = d * f - e * e, c01 = c * e - b * f, c02 = b * e - c * d;
  const double r = 1 / (a * c00 + b * c01 + c * c02);
  out[0] = c00 * r, out[1] = c01 * r, out[2] = c02 * r;
  out[3] = (a * f - c * c) * r, out[4] = (b * c - a * e) * r, out[5] = (a * d - b * b) * r;
}

// The inverse moments of the rows across the beam, whose shift is free, and of the row along it.
struct Inverses {
  double across[6], along[6];
  double right[9];
};

Inverses inverses_of(const LabelSums& s, double variance, double ridge_share) {
  Inverses out;
  const double share = 1 / (s.n + variance / (label_shift * label_shift));
  const double q[3] = {s.qx, s.qy, s.qz};
  double centred[6];
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++) centred[packed[3 * i + j]] = s.moments[packed[3 * i + j]] - share * q[i] * q[j];
  for (int k = 0; k < 3; k++) {
    out.right[k] = s.right[k] - share * s.ex * q[k];
    out.right[3 + k] = s.right[3 + k] - share * s.ey * q[k];
    out.right[6 + k] = s.right[6 + k];
  }
  const double ridge = ridge_share * (s.moments[0] + s.moments[3] + s.moments[5]);
  invert(s.moments, ridge, out.along);
  invert(centred, ridge, out.across);
  return out;
}

// The lower triangle L of a covariance L L^T.
void decompose(const double (&c)[36], double (&lower)[36]) {
  for (int i = 0; i < 6; i++)
    for (int j = 0; j <= i; j++) {
      double x = c[6 * i + j];
      for (int k = 0; k < j; k++) x -= lower[6 * i + k] * lower[6 * j + k];
      lower[6 * i + j] = i == j ? root(fmax(x, 1e-16)) : x / lower[7 * j];
    }
}

}  // namespace

void find_labels(const Cell& known, Labels& labels) {
  Rotation found[max_rotations];
  const int count = find_rotations(matrix_of(known), found);
  int own = 0;
  while (own < count && found[own].strain <= label_exact) own++;
  labels.count = 1;
  for (int i = 0; i < 9; i++) labels.matrix[0][i] = i % 4 == 0;
  for (int k = own; k < count && labels.count < max_labels; k++) {
    const Matrix one = matrix_of(found[k].matrix);
    bool again = false;
    for (int m = 0; m < labels.count && !again; m++)
      again = is_one(found, own, product(one, inverse(matrix_of(labels.matrix[m]))));
    if (again) continue;
    for (int i = 0; i < 9; i++) labels.matrix[labels.count][i] = found[k].matrix[i];
    labels.count++;
  }
}

Cell named(const Labels& labels, int label, const Cell& cell) {
  return cell_of(product(matrix_of(labels.matrix[label]), matrix_of(cell)));
}

Cell turned_like(const Cell& known, const Cell& like) {
  const Matrix k = matrix_of(known);
  return cell_of(product(k, rotation_of(product(inverse(k), matrix_of(like)))));
}

void fit_freely(Cell& cell, const LabelSums& s) {
  const double free = s.n > 4 ? s.n - 3 : 1;
  const Inverses m = inverses_of(s, fmax(1e-12, s.across2 / 2 / free), 1e-4);
  Matrix step;
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) {
      const double* inverse = i < 2 ? m.across : m.along;
      double x = i == k;
      for (int j = 0; j < 3; j++) x += m.right[3 * i + j] * inverse[packed[3 * j + k]];
      step.at[i][k] = x;
    }
  const double size = determinant(step);
  if (!(size > smallest_growth && size < largest_growth)) return;
  cell = cell_of(product(matrix_of(cell), inverse(step)));
}

void weigh_labels(const Cell& known, const Labels& labels, const Cell& free_cell, const LabelSums& s, LabelOdds& odds) {
  const double free = s.n > 4 ? s.n - 3 : 1;
  odds.used = int(s.n);
  odds.across2 = fmax(1e-12, (s.across2 - (s.ex * s.ex + s.ey * s.ey) / s.n) / 2 / free);
  odds.along2 = fmax(odds.across2, s.along2 / free);
  const Inverses m = inverses_of(s, fmax(1e-12, s.across2 / 2 / free), 1e-6);
  // Cov(D_ik, D_jl) = S_i delta_ij (N^-1)_kl; of the strain, with the turn left free, and what crystals and scale vary.
  const double variance[3] = {odds.across2, odds.across2, odds.along2};
  const double* rows[3] = {m.across, m.across, m.along};
  double c[36], lower[36];
  for (int p = 0; p < 6; p++)
    for (int r = 0; r <= p; r++) {
      const int i = first[p], k = second[p], j = first[r], l = second[r];
      double x = 0;
      if (i == j) x += variance[i] * rows[i][packed[3 * k + l]];
      if (i == l) x += variance[i] * rows[i][packed[3 * k + j]];
      if (k == j) x += variance[k] * rows[k][packed[3 * i + l]];
      if (k == l) x += variance[k] * rows[k][packed[3 * i + j]];
      x *= weight[p] * weight[r] / 4;
      if (p == r) x += label_scatter * label_scatter;
      if (p < 3 && r < 3) x += label_scale * label_scale;
      c[6 * p + r] = x;
    }
  decompose(c, lower);
  const Matrix back = inverse(matrix_of(known)), found = matrix_of(free_cell);
  double least = HUGE_VAL, next = HUGE_VAL;
  odds.best = 0;
  for (int label = 0; label < labels.count; label++) {
    // F^T F of the map F from the known lattice to the found one, in the laboratory.
    const Matrix f = product(back, product(matrix_of(labels.matrix[label]), found));
    double d[6], chi2 = 0;
    for (int p = 0; p < 6; p++) {
      const int i = first[p], j = second[p];
      const double v = f.at[0][i] * f.at[0][j] + f.at[1][i] * f.at[1][j] + f.at[2][i] * f.at[2][j];
      d[p] = weight[p] * (v - (i == j)) / 2;
      for (int k = 0; k < p; k++) d[p] -= lower[6 * p + k] * d[k];
      d[p] /= lower[7 * p];
      chi2 += d[p] * d[p];
    }
    odds.against[label] = chi2;
    if (chi2 < least) {
      next = least, least = chi2, odds.best = label;
    } else if (chi2 < next) {
      next = chi2;
    }
  }
  // The scatter is estimated from the same spots, so the odds are those of Student's t; a poor best fit weakens them.
  const double freedom = fmax(3, 2 * s.n - 9), excess = fmax(1, least / 6);
  const auto ln_odds = [&](double chi2) {
    return (freedom + 6) / 2 * log((freedom + chi2 / excess) / (freedom + least / excess));
  };
  odds.ln_odds = labels.count > 1 ? ln_odds(next) : HUGE_VAL;
  for (int label = 0; label < labels.count; label++) odds.against[label] = ln_odds(odds.against[label]);
}

void fit_turn(Cell& cell, LabelShift& shift, const LabelSums& s, double across2, double along2) {
  const double a = 1 / across2, b = 1 / along2;
  const double *q = s.moments, *r = s.right;
  // By rows, lower triangle: turns about x, y and z, the scale, the shift in x and in y.
  double m[6][6] = {
      {a * q[5] + b * q[3]},
      {-b * q[1], a * q[5] + b * q[0]},
      {-a * q[2], -a * q[4], a * (q[0] + q[3])},
      {(b - a) * q[4], (a - b) * q[2], 0, a * (q[0] + q[3]) + b * q[5]},
      {0, a * s.qz, -a * s.qy, a * s.qx, a * s.n},
      {-a * s.qz, 0, a * s.qx, a * s.qy, 0, a * s.n},
  };
  double y[6] = {b * r[7] - a * r[5],        a * r[2] - b * r[6], a * (r[3] - r[1]), a * (r[0] + r[4]) + b * r[8],
                 a * s.ex, a * s.ey};
  const double tied = 1 / (label_shift * label_shift);
  for (int i = 0; i < 3; i++) m[i][i] += 1 / (label_turn_prior * label_turn_prior);
  m[3][3] += 1 / (label_scale_prior * label_scale_prior);
  m[4][4] += tied, m[5][5] += tied;
  y[4] -= tied * shift.x, y[5] -= tied * shift.y;
  // Cholesky: L z = y, then L^T x = z.
  for (int i = 0; i < 6; i++) {
    for (int j = 0; j <= i; j++) {
      double x = m[i][j];
      for (int k = 0; k < j; k++) x -= m[i][k] * m[j][k];
      m[i][j] = i == j ? root(fmax(x, 1e-30)) : x / m[j][j];
    }
    for (int k = 0; k < i; k++) y[i] -= m[i][k] * y[k];
    y[i] /= m[i][i];
  }
  for (int i = 5; i >= 0; i--) {
    for (int k = i + 1; k < 6; k++) y[i] -= m[k][i] * y[k];
    y[i] /= m[i][i];
  }
  shift.x += y[4], shift.y += y[5];
  const Matrix map = {{{1 + y[3], -y[2], y[1]}, {y[2], 1 + y[3], -y[0]}, {-y[1], y[0], 1 + y[3]}}};
  cell = cell_of(product(matrix_of(cell), inverse(map)));
}

}  // namespace ewald::indexing
