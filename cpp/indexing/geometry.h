// Vectors and cells: in double where a cell is stored, in float where a GPU tries many. For the C++ core and for CUDA;
// see common/portable.h.
#pragma once
#include <math.h>

#include "common/portable.h"

namespace ewald::indexing {

constexpr double pi = 3.14159265358979323846;

template <class T>
struct V3 {
  T x, y, z;
};
using Vec3 = V3<double>;
using Vec3f = V3<float>;

template <class T>
EWALD_HD V3<T> operator+(V3<T> a, V3<T> b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <class T>
EWALD_HD V3<T> operator-(V3<T> a, V3<T> b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <class T>
EWALD_HD V3<T> operator*(T s, V3<T> a) {
  return {s * a.x, s * a.y, s * a.z};
}
template <class T>
EWALD_HD T dot(V3<T> a, V3<T> b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class T>
EWALD_HD V3<T> cross(V3<T> a, V3<T> b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
EWALD_HD float root(float x) { return ::sqrtf(x); }
EWALD_HD double root(double x) { return ::sqrt(x); }
template <class T>
EWALD_HD T norm(V3<T> a) {
  return root(dot(a, a));
}
template <class T>
EWALD_HD V3<T> unit(V3<T> a) {
  return (T(1) / norm(a)) * a;
}

// Rows a, b, c; a reciprocal cell has rows a*, b*, c*.
template <class T>
struct Rows {
  V3<T> row[3];
};
using Cell = Rows<double>;
using Cellf = Rows<float>;

// Rows are indexed by constants only, so that a GPU can keep the cell in registers.
template <class T>
EWALD_HD void set_row(Rows<T>& c, int i, V3<T> v) {
  if (i == 0) c.row[0] = v;
  if (i == 1) c.row[1] = v;
  if (i == 2) c.row[2] = v;
}
EWALD_HD Vec3f in_float(Vec3 v) { return {float(v.x), float(v.y), float(v.z)}; }
EWALD_HD Cellf in_float(const Cell& c) { return {{in_float(c.row[0]), in_float(c.row[1]), in_float(c.row[2])}}; }

template <class T>
EWALD_HD T volume(const Rows<T>& c) {
  return dot(c.row[0], cross(c.row[1], c.row[2]));
}
template <class T>
EWALD_HD Rows<T> reciprocal(const Rows<T>& c) {
  const T r = 1 / volume(c);
  return {{r * cross(c.row[1], c.row[2]), r * cross(c.row[2], c.row[0]), r * cross(c.row[0], c.row[1])}};
}

// v turned about the unit vector e, right-handed.
template <class T>
EWALD_HD V3<T> turned(V3<T> v, V3<T> e, T cosine, T sine) {
  return cosine * v + sine * cross(e, v) + ((1 - cosine) * dot(e, v)) * e;
}

// Same lattice: B A^-1 is a matrix of integers within `tolerance`, with determinant +-1.
template <class T>
EWALD_HD_CALL bool same_lattice(const Rows<T>& b, const Rows<T>& a, double tolerance) {
  const Rows<T> r = reciprocal(a);
  T m[3][3];
  EWALD_UNROLL
  for (int i = 0; i < 3; i++) {
    EWALD_UNROLL
    for (int j = 0; j < 3; j++) {
      const T c = dot(b.row[i], r.row[j]);
      m[i][j] = rint(c);
      if (!(fabs(c - m[i][j]) <= T(tolerance))) return false;
    }
  }
  const T det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  return fabs(det) == 1;
}

// Distance between the metrics of B and A: the largest relative difference of lengths plus that of volumes, squared.
template <class T>
EWALD_HD T cell_difference(const Rows<T>& b, const Rows<T>& a) {
  T length = 0;
  EWALD_UNROLL
  for (int i = 0; i < 3; i++) {
    const T d = fabs(norm(b.row[i]) / norm(a.row[i]) - 1);
    length = d > length ? d : length;
  }
  const T size = fabs(fabs(volume(b) / volume(a)) - 1);
  return (length + size) * (length + size);
}

}  // namespace ewald::indexing
