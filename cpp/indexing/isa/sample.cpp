// Sampling: directions of the half-sphere, and how many spots lie near a plane of a vector of known length in each of
// them.
//
// Direction p of N has height z = 1 - (p + 1/2) / N and azimuth p * pi * (3 - sqrt 5), the golden angle. The table of
// azimuths serves every N; the height is computed here.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

constexpr int block = width == 16 ? 4 : 2;  // vectors of directions processed together: as many as fit in registers

struct Directions {
  F x[block], y[block], z[block];
};

EWALD_INLINE I lane_index() {
  int32_t v[width];
  for (int k = 0; k < width; k++) v[k] = k;
  return load(v);
}

EWALD_INLINE void make_directions(Directions& d, const Tables& tables, I index, int first, float step) {
#pragma GCC unroll 4
  for (int b = 0; b < block; b++) {
    const int at = first + b * width;
    const F place = __builtin_convertvector(index + splat(int32_t(at)), F) + splat(0.5f);
    const F drop = min(place * splat(step), splat(1.0f));  // 1 - z
    const F radius = sqrt(drop * (splat(2.0f) - drop));
    d.z[b] = splat(1.0f) - drop;
    d.x[b] = radius * load(tables.spiral_cos + at);
    d.y[b] = radius * load(tables.spiral_sin + at);
  }
}

}  // namespace

Vec3 direction(const Tables& tables, int points, int k) {
  const double drop = (k + 0.5) / points, radius = __builtin_sqrt(drop * (2 - drop));
  return {radius * tables.spiral_cos[k], radius * tables.spiral_sin[k], 1 - drop};
}

// The phase is added to 1.5 * 2^11, where a float has 12 bits after the point: its low 12 bits are then the fraction of
// the phase, and "within `distance` of an integer" is one comparison of integers. Valid for |phase| < 1024.
void count_directions_fast(const Tables& tables, int points, double length, const SpotList& spots, int n,
                           float distance, Workspace& work) {
  constexpr int32_t fraction = (1 << phase_bits) - 1;
  const int32_t half = int32_t(distance * (1 << phase_bits));
  const F anchor = splat(1.5f * (1 << (23 - phase_bits)) + float(half) / (1 << phase_bits));
  const I mask = splat(fraction), window = splat(2 * half + 1);
  float* scaled = work.scaled;
  for (int j = 0; j < n; j++) {
    scaled[4 * j] = float(length) * spots.x[j];
    scaled[4 * j + 1] = float(length) * spots.y[j];
    scaled[4 * j + 2] = float(length) * spots.z[j];
  }
  const I index = lane_index();
  const float step = 1.0f / float(points);
  for (int p = 0; p < points; p += block * width) {
    Directions d;
    make_directions(d, tables, index, p, step);
    I near[block];
    for (int b = 0; b < block; b++) near[b] = izero();
    for (int j = 0; j < n; j++) {
      const F sx = splat(scaled[4 * j]), sy = splat(scaled[4 * j + 1]), sz = splat(scaled[4 * j + 2]);
#pragma GCC unroll 4
      for (int b = 0; b < block; b++) {
        const F phase = fma(d.x[b], sx, fma(d.y[b], sy, fma(d.z[b], sz, anchor)));
        near[b] = count(lt(bits(phase) & mask, window), near[b]);
      }
    }
    for (int b = 0; b < block; b++) store(work.counts + p + b * width, near[b]);
  }
}

// The same, exact to the last bit of the float32 phase, for the exhaustive method.
void count_directions(const Tables& tables, int points, double length, const SpotList& spots, float distance,
                      Workspace& work) {
  float* scaled = work.scaled;
  for (int j = 0; j < spots.n; j++) {
    scaled[4 * j] = float(length) * spots.x[j];
    scaled[4 * j + 1] = float(length) * spots.y[j];
    scaled[4 * j + 2] = float(length) * spots.z[j];
  }
  const I index = lane_index();
  const float step = 1.0f / float(points);
  const F limit = splat(distance * distance);
  for (int p = 0; p < points; p += block * width) {
    Directions d;
    make_directions(d, tables, index, p, step);
    I near[block];
    for (int b = 0; b < block; b++) near[b] = izero();
    for (int j = 0; j < spots.n; j++) {
      const F sx = splat(scaled[4 * j]), sy = splat(scaled[4 * j + 1]), sz = splat(scaled[4 * j + 2]);
#pragma GCC unroll 4
      for (int b = 0; b < block; b++) {
        const F phase = fma(d.x[b], sx, fma(d.y[b], sy, d.z[b] * sz));
        const F off = phase - round_even(phase);
        near[b] = count(lt(off * off, limit), near[b]);
      }
    }
    for (int b = 0; b < block; b++) store(work.counts + p + b * width, near[b]);
  }
}

int pick_directions(const int32_t* counts, int points, int largest, int want, int32_t* picked) {
  // Four histograms are used in turn, so that equal neighbours do not wait for each other.
  uint32_t histogram[4][sample_spots + 1];
  memset(histogram, 0, sizeof histogram);
  for (int p = 0; p < points; p++) histogram[p & 3][counts[p]]++;
  auto with = [&](int k) { return int(histogram[0][k] + histogram[1][k] + histogram[2][k] + histogram[3][k]); };
  int least = largest, above = 0, at_least = with(largest);
  while (at_least < want && least > 0) {
    above = at_least;
    at_least += with(--least);
  }
  // All directions above the last count, and evenly spread ones of those that just reach it, because the order on the
  // spiral has no meaning.
  const int room = want + want / 2 - above, ties = at_least - above;
  const int take = ties < room ? ties : room;
  int n = 0, tie = 0;
  for (int p = 0; p < points; p += width) {
    uint32_t rest = lanes(lt(splat(int32_t(least - 1)), load(counts + p)));
    while (rest) {
      const int k = p + __builtin_ctz(rest);
      rest &= rest - 1;
      if (k >= points) break;
      if (counts[k] == least) {
        const bool taken = int64_t(tie + 1) * take / ties != int64_t(tie) * take / ties;
        tie++;
        if (!taken) continue;
      }
      picked[n++] = k;
    }
  }
  return n;
}

}  // namespace ewald::EWALD_ISA
