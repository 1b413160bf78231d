// The formulas of cpp/indexing/significance.h that float32 needs in another form, as in wgsl/indexing/verdict.wgsl: a
// consumer GPU has one double-precision unit for 64 single-precision ones.
#pragma once
#include "indexing/significance.h"

namespace ewald::cuda::indexing {
using Chancef = ewald::indexing::ChanceOf<float>;

// ln n! minus its leading terms n ln n - n + ln sqrt(2 pi n).
__device__ __forceinline__ float stirling(float n) {
  const float r = 1 / (n * n);
  return (1.0f / 12 - r * (1.0f / 360 - r * (1.0f / 1260 - r / 1680))) / n;
}

// log10 of the probability of k or more hits in n trials of probability p. The first term of the tail is written with
// the logarithms of k / (n p) and (n - k) / (n (1 - p)): sums of log-factorials would cancel in float32.
inline __device__ __noinline__ float log10_tail(int n, int hits, float p) {
  const float all = float(n), k = float(min(hits, n)), rest = all - k;
  if (k <= 0 || k <= all * p) return 0;
  float first = -k * logf(k / (all * p));
  if (rest > 0) {
    first -= rest * logf(rest / (all * (1 - p)));
    first += 0.5f * logf(all / (float(2 * pi) * k * rest)) + stirling(all) - stirling(k) - stirling(rest);
  }
  float term = 1, series = 1;
  const float odds = p / (1 - p);
  for (float i = k; i < all; i += 1) {
    term *= odds * (all - i) / (i + 1);
    series += term;
    if (term < float(tail_precision) * series) break;
  }
  return fminf((first + logf(series)) * 0.4342944819f, 0.0f);
}

// The direction along which the spots extend least, and their root mean square extent along it: see least_squares.h.
// Computed by cofactors, whose common factor does not matter; for a flat list the largest ones are exact.
__device__ __forceinline__ Vec3f thin_axis(const float (&m)[6], int n, float& thickness) {
  const float shift = float(beam_shift) * (m[0] + m[3] + m[5]), a = m[0] + shift, d = m[3] + shift, f = m[5] + shift;
  const float c00 = d * f - m[4] * m[4], c01 = m[2] * m[4] - m[1] * f, c02 = m[1] * m[4] - m[2] * d;
  const float c11 = a * f - m[2] * m[2], c12 = m[1] * m[2] - a * m[4], c22 = a * d - m[1] * m[1];
  Vec3f v{float(beam_x), float(beam_y), float(beam_z)};
  for (int round = 0; round < beam_rounds; round++) {
    const Vec3f w{c00 * v.x + c01 * v.y + c02 * v.z, c01 * v.x + c11 * v.y + c12 * v.z,
                  c02 * v.x + c12 * v.y + c22 * v.z};
    // Squares of cofactors may be too small for float32.
    const float size = fmaxf(fmaxf(fabsf(w.x), fabsf(w.y)), fabsf(w.z));
    if (!(size > 0)) break;
    v = unit((1 / size) * w);
  }
  const float square = m[0] * v.x * v.x + m[3] * v.y * v.y + m[5] * v.z * v.z +
                       2 * (m[1] * v.x * v.y + m[2] * v.x * v.z + m[4] * v.y * v.z);
  thickness = sqrtf(fmaxf(square, 0.0f) / float(n > 0 ? n : 1));
  return v;
}

}  // namespace ewald::cuda::indexing
