// Vectors and cells in double, for the few places where an image needs them. Everything is static: this header is
// compiled for several instruction sets, and a shared inline function would let the linker mix them.
#pragma once
#include <math.h>

namespace ewald::indexing {

struct Vec3 {
  double x, y, z;
};

static inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
static inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
static inline Vec3 operator*(double s, Vec3 a) { return {s * a.x, s * a.y, s * a.z}; }
static inline double dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static inline Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
static inline double norm(Vec3 a) { return ::sqrt(dot(a, a)); }
static inline Vec3 unit(Vec3 a) { return (1 / norm(a)) * a; }

// Rows a, b, c; a reciprocal cell has rows a*, b*, c*.
struct Cell {
  Vec3 row[3];
};

static inline double volume(const Cell& c) { return dot(c.row[0], cross(c.row[1], c.row[2])); }
static inline Cell reciprocal(const Cell& c) {
  const double r = 1 / volume(c);
  return {{r * cross(c.row[1], c.row[2]), r * cross(c.row[2], c.row[0]), r * cross(c.row[0], c.row[1])}};
}

// v turned by `angle` about the unit vector e, right-handed.
static inline Vec3 turned(Vec3 v, Vec3 e, double cosine, double sine) {
  return cosine * v + sine * cross(e, v) + ((1 - cosine) * dot(e, v)) * e;
}

// x of A x = v for the symmetric matrix A = (xx xy xz yy yz zz); false where A is singular.
static inline bool solve(const double a[6], const double v[3], double x[3]) {
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

// Same lattice: B A^-1 is a matrix of integers within `tolerance`, with determinant +-1.
static inline bool same_lattice(const Cell& b, const Cell& a, double tolerance) {
  const Cell r = reciprocal(a);
  double m[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const double c = dot(b.row[i], r.row[j]);
      m[i][j] = rint(c);
      if (!(fabs(c - m[i][j]) <= tolerance)) return false;
    }
  const double det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                     m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                     m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  return fabs(det) == 1;
}

// How far the metric of B is from that of A: largest relative difference of lengths plus that of volumes, squared.
static inline double cell_difference(const Cell& b, const Cell& a) {
  double length = 0;
  for (int i = 0; i < 3; i++) {
    const double d = fabs(norm(b.row[i]) / norm(a.row[i]) - 1);
    length = d > length ? d : length;
  }
  const double size = fabs(fabs(volume(b) / volume(a)) - 1);
  return (length + size) * (length + size);
}

}  // namespace ewald::indexing
