// Complex numbers as float2 and double2, and the butterflies of the radices 2 to 6, 7 to 13, 15, 16, 20 and 24.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace ewald::cuda::fft {

template <class T>
struct Pair;
template <>
struct Pair<float> {
  using type = float2;
};
template <>
struct Pair<double> {
  using type = double2;
};
template <class T>
using Complex = typename Pair<T>::type;

template <class T>
__device__ __forceinline__ Complex<T> complex(T re, T im) {
  Complex<T> v;
  v.x = re;
  v.y = im;
  return v;
}
#define EWALD_COMPLEX(C, T)                                                                                         \
  __device__ __forceinline__ C operator+(C a, C b) { return complex<T>(a.x + b.x, a.y + b.y); }                     \
  __device__ __forceinline__ C operator-(C a, C b) { return complex<T>(a.x - b.x, a.y - b.y); }                     \
  __device__ __forceinline__ C operator*(T s, C a) { return complex<T>(s * a.x, s * a.y); }                         \
  __device__ __forceinline__ C times(C a, C b) { return complex<T>(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); } \
  __device__ __forceinline__ C conjugate(C a) { return complex<T>(a.x, -a.y); }                                     \
  __device__ __forceinline__ C exchanged(C a) { return complex<T>(a.y, a.x); }                                      \
  /* times -i */                                                                                                    \
  __device__ __forceinline__ C turned(C a) { return complex<T>(a.y, -a.x); }
EWALD_COMPLEX(float2, float)
EWALD_COMPLEX(double2, double)
#undef EWALD_COMPLEX

// i / d for i below 2^16, from the reciprocal computed by the host; 0 represents the reciprocal of 1.
__device__ __forceinline__ std::uint32_t quotient(std::uint32_t i, std::uint32_t reciprocal) {
  return reciprocal == 0 ? i : __umulhi(i, reciprocal);
}

// cos and sin of 2 pi k / P. Called only from unrolled loops, where k is a constant and the compiler folds the array.
template <unsigned P>
__device__ __forceinline__ double cosine(unsigned k) {
  if constexpr (P == 3) {
    constexpr double c[] = {1, -0.5, -0.5};
    return c[k];
  } else if constexpr (P == 5) {
    constexpr double a = 0.30901699437494742410, b = -0.80901699437494742410;
    constexpr double c[] = {1, a, b, b, a};
    return c[k];
  } else if constexpr (P == 7) {
    constexpr double a = 0.62348980185873353053, b = -0.22252093395631440429, d = -0.90096886790241912624;
    constexpr double c[] = {1, a, b, d, d, b, a};
    return c[k];
  } else if constexpr (P == 11) {
    constexpr double a = 0.84125353283118116886, b = 0.41541501300188642553, d = -0.14231483827328514044,
                     e = -0.65486073394528506406, f = -0.95949297361449738989;
    constexpr double c[] = {1, a, b, d, e, f, f, e, d, b, a};
    return c[k];
  } else {
    constexpr double a = 0.88545602565320989590, b = 0.56806474673115580251, d = 0.12053668025532305335,
                     e = -0.35460488704253562597, f = -0.74851074817110109863, g = -0.97094181742605202716;
    constexpr double c[] = {1, a, b, d, e, f, g, g, f, e, d, b, a};
    return c[k];
  }
}
template <unsigned P>
__device__ __forceinline__ double sine(unsigned k) {
  if constexpr (P == 3) {
    constexpr double a = 0.86602540378443864676;
    constexpr double s[] = {0, a, -a};
    return s[k];
  } else if constexpr (P == 5) {
    constexpr double a = 0.95105651629515357212, b = 0.58778525229247312917;
    constexpr double s[] = {0, a, b, -b, -a};
    return s[k];
  } else if constexpr (P == 7) {
    constexpr double a = 0.78183148246802980871, b = 0.97492791218182360702, d = 0.43388373911755812048;
    constexpr double s[] = {0, a, b, d, -d, -b, -a};
    return s[k];
  } else if constexpr (P == 11) {
    constexpr double a = 0.54064081745559758211, b = 0.90963199535451837141, d = 0.98982144188093273238,
                     e = 0.75574957435425828377, f = 0.28173255684142969771;
    constexpr double s[] = {0, a, b, d, e, f, -f, -e, -d, -b, -a};
    return s[k];
  } else {
    constexpr double a = 0.46472317204376854566, b = 0.82298386589365639458, d = 0.99270887409805399280,
                     e = 0.93501624268541482344, f = 0.66312265824079520238, g = 0.23931566428755776715;
    constexpr double s[] = {0, a, b, d, e, f, g, -g, -f, -e, -d, -b, -a};
    return s[k];
  }
}

// A factor A of R for which A and R / A have no common factor and butterflies; 0 if R is not transformed so.
template <unsigned R>
constexpr unsigned coprime_part = R == 6 || R == 10 ? 2 : R == 15 ? 3 : R == 12 || R == 20 ? 4 : R == 24 ? 8 : 0;
// The multiple of B that leaves 1 when divided by A.
template <unsigned A, unsigned B>
constexpr unsigned leaves_one = [] {
  unsigned multiple = B;
  while (multiple % A != 1) multiple += B;
  return multiple;
}();

// The transform of R numbers, in place. Odd primes: the pairs a[i] +- a[P - i] share their products, which halves the
// work of the sum.
template <class T, unsigned R>
__device__ __forceinline__ void butterfly(Complex<T> (&v)[R]) {
  using C = Complex<T>;
  if constexpr (R == 2) {
    const C a = v[0], b = v[1];
    v[0] = a + b;
    v[1] = a - b;
  } else if constexpr (R == 4) {
    const C s = v[0] + v[2], d = v[0] - v[2], t = v[1] + v[3], u = turned(v[1] - v[3]);
    v[0] = s + t;
    v[1] = d + u;
    v[2] = s - t;
    v[3] = d - u;
  } else if constexpr (R == 8) {
    C e[4] = {v[0], v[2], v[4], v[6]}, o[4] = {v[1], v[3], v[5], v[7]};
    butterfly<T, 4>(e);
    butterfly<T, 4>(o);
    constexpr T half = T(0.70710678118654752440);
    o[1] = half * (o[1] + turned(o[1]));
    o[2] = turned(o[2]);
    o[3] = half * (turned(o[3]) - o[3]);
#pragma unroll
    for (unsigned q = 0; q < 4; q++) {
      v[q] = e[q] + o[q];
      v[q + 4] = e[q] - o[q];
    }
  } else if constexpr (R == 16) {
    // Four radix-4 butterflies, factors, four radix-4 butterflies.
    constexpr T c = T(0.92387953251128675613), s = T(0.38268343236508977173), half = T(0.70710678118654752440);
    const C root[4][4] = {{},
                          {complex<T>(1, 0), complex<T>(c, -s), complex<T>(half, -half), complex<T>(s, -c)},
                          {complex<T>(1, 0), complex<T>(half, -half), complex<T>(0, -1), complex<T>(-half, -half)},
                          {complex<T>(1, 0), complex<T>(s, -c), complex<T>(-half, -half), complex<T>(-c, s)}};
    C part[4][4];
#pragma unroll
    for (unsigned i = 0; i < 4; i++) {
#pragma unroll
      for (unsigned q = 0; q < 4; q++) part[i][q] = v[i + 4 * q];
      butterfly<T, 4>(part[i]);
#pragma unroll
      for (unsigned k = 1; k < 4; k++) {
        if (i == 0) continue;
        part[i][k] = i * k == 4   ? turned(part[i][k])
                     : i * k == 2 ? half * (part[i][k] + turned(part[i][k]))
                     : i * k == 6 ? half * (turned(part[i][k]) - part[i][k])
                                  : times(part[i][k], root[i][k]);
      }
    }
#pragma unroll
    for (unsigned k = 0; k < 4; k++) {
      C column[4] = {part[0][k], part[1][k], part[2][k], part[3][k]};
      butterfly<T, 4>(column);
#pragma unroll
      for (unsigned m = 0; m < 4; m++) v[k + 4 * m] = column[m];
    }
  } else if constexpr (R == 9) {
    // Three radix-3 butterflies, factors, three radix-3 butterflies.
    const C root[5] = {{},
                       complex<T>(T(0.76604444311897803520), -T(0.64278760968653932632)),
                       complex<T>(T(0.17364817766693034885), -T(0.98480775301220805937)),
                       {},
                       complex<T>(-T(0.93969262078590838405), -T(0.34202014332566873304))};
    C part[3][3];
#pragma unroll
    for (unsigned i = 0; i < 3; i++) {
#pragma unroll
      for (unsigned q = 0; q < 3; q++) part[i][q] = v[i + 3 * q];
      butterfly<T, 3>(part[i]);
      if (i == 0) continue;
#pragma unroll
      for (unsigned k = 1; k < 3; k++) part[i][k] = times(part[i][k], root[i * k]);
    }
#pragma unroll
    for (unsigned k = 0; k < 3; k++) {
      C column[3] = {part[0][k], part[1][k], part[2][k]};
      butterfly<T, 3>(column);
#pragma unroll
      for (unsigned m = 0; m < 3; m++) v[k + 3 * m] = column[m];
    }
  } else if constexpr (coprime_part<R> != 0) {
    // Numbers B n + A m of the line become numbers k modulo A, l modulo B (Good 1958): no factors in between.
    constexpr unsigned A = coprime_part<R>, B = R / A, to_k = leaves_one<A, B>, to_l = leaves_one<B, A>;
    C part[B][A];
#pragma unroll
    for (unsigned m = 0; m < B; m++) {
#pragma unroll
      for (unsigned n = 0; n < A; n++) part[m][n] = v[(B * n + A * m) % R];
      butterfly<T, A>(part[m]);
    }
#pragma unroll
    for (unsigned k = 0; k < A; k++) {
      C row[B];
#pragma unroll
      for (unsigned m = 0; m < B; m++) row[m] = part[m][k];
      butterfly<T, B>(row);
#pragma unroll
      for (unsigned l = 0; l < B; l++) v[(k * to_k + l * to_l) % R] = row[l];
    }
  } else {
    constexpr unsigned half = (R - 1) / 2;
    C s[half], d[half];
    const C first = v[0];
    C all = first;
#pragma unroll
    for (unsigned i = 0; i < half; i++) {
      s[i] = v[i + 1] + v[R - 1 - i];
      d[i] = turned(v[i + 1] - v[R - 1 - i]);
      all = all + s[i];
    }
    v[0] = all;
#pragma unroll
    for (unsigned k = 1; k <= half; k++) {
      C y = first, z = complex<T>(0, 0);
#pragma unroll
      for (unsigned i = 0; i < half; i++) {
        y = y + T(cosine<R>((i + 1) * k % R)) * s[i];
        z = z + T(sine<R>((i + 1) * k % R)) * d[i];
      }
      v[k] = y + z;
      v[R - k] = y - z;
    }
  }
}

}  // namespace ewald::cuda::fft
