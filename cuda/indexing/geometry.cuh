// Vectors and cells, in double where a cell is kept and in float where many are tried. The twin of
// cpp/indexing/geometry.h.
#pragma once
#include <cuda_runtime.h>

namespace ewald::cuda::indexing {

template <class T>
struct V3 {
  T x, y, z;
};
using Vec3 = V3<double>;
using Vec3f = V3<float>;

template <class T>
__host__ __device__ __forceinline__ V3<T> operator+(V3<T> a, V3<T> b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <class T>
__host__ __device__ __forceinline__ V3<T> operator-(V3<T> a, V3<T> b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <class T>
__host__ __device__ __forceinline__ V3<T> operator*(T s, V3<T> a) {
  return {s * a.x, s * a.y, s * a.z};
}
template <class T>
__host__ __device__ __forceinline__ T dot(V3<T> a, V3<T> b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class T>
__host__ __device__ __forceinline__ V3<T> cross(V3<T> a, V3<T> b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
__host__ __device__ __forceinline__ float root(float x) { return sqrtf(x); }
__host__ __device__ __forceinline__ double root(double x) { return sqrt(x); }
template <class T>
__host__ __device__ __forceinline__ T norm(V3<T> a) {
  return root(dot(a, a));
}
template <class T>
__host__ __device__ __forceinline__ V3<T> unit(V3<T> a) {
  return (T(1) / norm(a)) * a;
}

// Rows a, b, c; a reciprocal cell has rows a*, b*, c*.
template <class T>
struct Rows {
  V3<T> row[3];
};
using Cell = Rows<double>;
using Cellf = Rows<float>;

// Rows are numbered by constants only, or the cell would leave the registers.
template <class T>
__device__ __forceinline__ void set_row(Rows<T>& c, int i, V3<T> v) {
  if (i == 0) c.row[0] = v;
  if (i == 1) c.row[1] = v;
  if (i == 2) c.row[2] = v;
}
__device__ __forceinline__ Vec3f in_float(Vec3 v) { return {float(v.x), float(v.y), float(v.z)}; }
__device__ __forceinline__ Cellf in_float(const Cell& c) {
  return {{in_float(c.row[0]), in_float(c.row[1]), in_float(c.row[2])}};
}

template <class T>
__device__ __forceinline__ T volume(const Rows<T>& c) {
  return dot(c.row[0], cross(c.row[1], c.row[2]));
}
template <class T>
__device__ __forceinline__ Rows<T> reciprocal(const Rows<T>& c) {
  const T r = 1 / volume(c);
  return {{r * cross(c.row[1], c.row[2]), r * cross(c.row[2], c.row[0]), r * cross(c.row[0], c.row[1])}};
}

// v turned about the unit vector e, right-handed.
__device__ __forceinline__ Vec3 turned(Vec3 v, Vec3 e, double cosine, double sine) {
  return cosine * v + sine * cross(e, v) + ((1 - cosine) * dot(e, v)) * e;
}

// x of A x = v for the symmetric matrix A = (xx xy xz yy yz zz); false where A is singular.
__device__ __forceinline__ bool solve(const double (&a)[6], const double (&v)[3], double (&x)[3]) {
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
inline __device__ __noinline__ bool same_lattice(const Cell& b, const Cell& a, double tolerance) {
  const Cell r = reciprocal(a);
  double m[3][3];
#pragma unroll
  for (int i = 0; i < 3; i++)
#pragma unroll
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
__device__ __forceinline__ double cell_difference(const Cell& b, const Cell& a) {
  double length = 0;
#pragma unroll
  for (int i = 0; i < 3; i++) {
    const double d = fabs(norm(b.row[i]) / norm(a.row[i]) - 1);
    length = d > length ? d : length;
  }
  const double size = fabs(fabs(volume(b) / volume(a)) - 1);
  return (length + size) * (length + size);
}

}  // namespace ewald::cuda::indexing
