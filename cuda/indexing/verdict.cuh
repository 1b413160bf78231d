// The verdict, one warp a lattice: how probable it is that spots without the lattice give an answer as good.
//
// - A spot that knows nothing of the lattice lies within r of a node with probability p = (4/3) pi r^3 V. So the number
// of occupied nodes
//   at a radius is binomial, and the tail of the binomial is the chance of one trial. Radii are tried from wide to
//   narrow, p halved each time, because nobody knows the errors of the data.
// - The search tries every orientation. Orientations that differ by r at the spots' resolution s are different trials:
// there are about
//   8 pi^2 (s / r)^3 of them, and with p as above that is 8 pi^2 N / p, N the number of nodes out to s.
// - A node counts once, however many spots crowd around it (split spots), and the node 000 never.
// - Spots are not always spread evenly: they may sit on rings, or all near a plane that is also a plane of the lattice.
// So p is measured
//   as well: the lattice is turned about the beam by angles that mean nothing, which keeps rings and planes, and the
//   hits are counted.
#pragma once
#include "refine.cuh"

namespace ewald::cuda::indexing {

constexpr int levels = 16;
constexpr double widest_occupancy = 1.0 / 8;
constexpr double pi = 3.14159265358979323846;

struct Chance {
  double log10;      // of the chance that spots without the lattice do as well, if they are spread evenly
  double p, radius;  // where it was found: occupancy and radius
  double trials;     // log10 of the number of trials
  int occupied;      // nodes with a spot within the radius
};

// Records that a spot lies in the given level at a node; of two spots at one node the closer one counts.
__device__ __forceinline__ void occupy(const Block& b, int h, int k, int l, int level) {
  const DeviceSpan<unsigned> keys = b.node_keys(), found = b.node_levels();
  const unsigned key = unsigned(h & 1023) << 20 | unsigned(k & 1023) << 10 | unsigned(l & 1023),
                 mask = unsigned(b.plan.size.slots) - 1;
  unsigned slot = (key * 0x9e3779b9u >> 8) & mask;
  for (;; slot = (slot + 1) & mask) {
    const unsigned held = atomicCAS(&keys[slot], ~0u, key);
    if (held == ~0u || held == key) break;
  }
  atomicMax(&found[slot], unsigned(level) + 1);
}

// log10 of the probability of k or more hits in n trials of probability p.
inline __device__ __noinline__ double log10_tail(const double* log10_factorial, int n, int k, double p) {
  if (k <= 0 || k <= n * p) return 0;
  if (k > n) k = n;
  double tail =
      log10_factorial[n] - log10_factorial[k] - log10_factorial[n - k] + k * log10(p) + (n - k) * log10(1 - p);
  double term = 1, series = 1;
  const double odds = p / (1 - p);
  for (int i = k; i < n; i++) {
    term *= odds * (n - i) / (i + 1);
    series += term;
    if (term < 1e-4 * series) break;
  }
  tail += log10(series);
  return tail < 0 ? tail : 0;
}

// The direction that the spots are thinnest along, which is the beam's, and their root mean square extent along it; by
// one warp.
__device__ __forceinline__ Vec3 thin_axis(const Block& b, int n, double* thickness) {
  const DeviceSpan<float4> spots = b.spots();
  double a[6] = {0, 0, 0, 0, 0, 0};
  for (int j = lane_index(); j < n; j += 32) {
    const float4 s = spots[j];
    a[0] += s.x * s.x, a[1] += s.x * s.y, a[2] += s.x * s.z, a[3] += s.y * s.y, a[4] += s.y * s.z, a[5] += s.z * s.z;
  }
#pragma unroll
  for (int i = 0; i < 6; i++) a[i] = all_sum(a[i]);
  const double m[6] = {a[0], a[1], a[2], a[3], a[4], a[5]}, shift = 1e-6 * (a[0] + a[3] + a[5]);
  a[0] += shift, a[3] += shift, a[5] += shift;
  double v[3] = {0.48, 0.60, 0.64};
  for (int round = 0; round < 6; round++) {  // inverse iteration
    double w[3];
    if (!solve(a, v, w)) break;
    const double size = sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
#pragma unroll
    for (int i = 0; i < 3; i++) v[i] = w[i] / size;
  }
  const double spread = m[0] * v[0] * v[0] + m[3] * v[1] * v[1] + m[5] * v[2] * v[2] +
                        2 * (m[1] * v[0] * v[1] + m[2] * v[0] * v[2] + m[4] * v[1] * v[2]);
  *thickness = spread > 0 ? sqrt(spread / n) : 0;
  return {v[0], v[1], v[2]};
}

// Puts the axis of the list at hand into the state, and whether the Ewald sphere is flat there.
__device__ __forceinline__ void find_beam(const Block& b) {
  State& s = b.state();
  if (warp_index() == 0) {
    double thickness;
    const Vec3 axis = thin_axis(b, s.n, &thickness);
    if (lane_index() == 0) {
      s.beam[0] = axis.x, s.beam[1] = axis.y, s.beam[2] = axis.z;
      s.flat = thickness * b.plan.cells[0].shortest < flat_thickness;
    }
  }
  __syncthreads();
}

inline __device__ __noinline__ Chance chance_of(const Block& block, const Lattice& lattice, int n) {
  Chance best{0, 0, 0, 0, 0};
  if (n < 4) return best;
  const DeviceSpan<unsigned> keys = block.node_keys(), found = block.node_levels();
  const int slots = block.plan.size.slots;
  __syncwarp();
  for (int i = lane_index(); i < slots; i += 32) keys[i] = ~0u, found[i] = 0;
  __syncwarp();
  const double cell_volume = fabs(volume(lattice.cell));
  const double widest = cbrt(widest_occupancy * 3 / (4 * pi * cell_volume));
  // Level j lies within widest 2^(-j/3): from log2 of the squared distance.
  const float widest2 = float(widest * widest);
  const Cellf a = in_float(lattice.cell), b = in_float(reciprocal(lattice.cell));
  const DeviceSpan<float4> spots = block.spots();
  double s3 = 0, xx = 0, xy = 0, xz = 0, yy = 0, yz = 0, zz = 0;
  for (int j = lane_index(); j < n; j += 32) {
    const float4 s = spots[j];
    s3 += double(s.w) * s.w * s.w;
    const Residual r = residual(a, b, s);
    const float e2 = square(r.e);
    if (!(e2 < widest2)) continue;
    int level = 0;
    float radius2 = widest2;
    while (level + 1 < levels) {
      radius2 *= 0.629960524947436582f;  // 2^(-2/3)
      if (!(e2 < radius2)) break;
      level++;
    }
    const float most = 1e6f;
    const int h = int(fminf(fmaxf(r.h, -most), most)), k = int(fminf(fmaxf(r.k, -most), most)),
              l = int(fminf(fmaxf(r.l, -most), most));
    if (h == 0 && k == 0 && l == 0) continue;
    occupy(block, h, k, l, level);
    xx += s.x * s.x, xy += s.x * s.y, xz += s.x * s.z, yy += s.y * s.y, yz += s.y * s.z, zz += s.z * s.z;
  }
  __syncwarp();
  s3 = all_sum(s3) / n;
  xx = all_sum(xx), xy = all_sum(xy), xz = all_sum(xz), yy = all_sum(yy), yz = all_sum(yz), zz = all_sum(zz);
  // Occupied nodes within the radius of level j, for lane j.
  int occupied = 0;
  for (int i = lane_index(); i < slots; i += 32) {
    const int level = int(found[i]);
    if (__ballot_sync(kFullWarp, level != 0) == 0) continue;
    for (int j = 0; j < levels; j++) {
      const int here = __popc(__ballot_sync(kFullWarp, level > j));
      if (lane_index() == j) occupied += here;
    }
  }
  // Spots in one row fix no orientation, however well they fit: the second moment across the row must be there.
  const double minors = xx * yy - xy * xy + xx * zz - xz * xz + yy * zz - yz * yz, trace = xx + yy + zz;
  if (minors < 1e-3 * trace * trace) return best;
  const double nodes = 4 * pi / 3 * s3 * cell_volume, s = cbrt(s3);
  double log10_chance = 0, p = 0, radius = 0, trials = 0;
  if (lane_index() < levels && occupied >= 4) {
    p = widest_occupancy * exp2(-double(lane_index()));
    radius = widest * exp2(-double(lane_index()) / 3);
    // Trials: orientations, radii, known cells; a strained cell has six more ways to follow the spots.
    trials = log10(8 * pi * pi * (nodes + 1) / p) + log10(double(block.plan.cell_count));
    if (lattice.strained) trials += 6 * log10(1 + 2 * strain_tolerance * s / radius);
    if (lattice.scaled) trials += log10(1 + 2 * scale_tolerance * s / radius);
    log10_chance = log10_tail(block.plan.log10_factorial, n, occupied, p) + trials;
    log10_chance = log10_chance < 0 ? log10_chance : 0;
  }
  // The least of the lanes, of equals the first.
  double least = log10_chance;
#pragma unroll
  for (int d = 1; d < 32; d *= 2) least = fmin(least, __shfl_xor_sync(kFullWarp, least, d));
  if (!(least < 0)) return best;
  const int from = __ffs(int(__ballot_sync(kFullWarp, log10_chance == least))) - 1;
  return {least, __shfl_sync(kFullWarp, p, from), __shfl_sync(kFullWarp, radius, from),
          __shfl_sync(kFullWarp, trials, from), __shfl_sync(kFullWarp, occupied, from)};
}

// The chance of a hit when the lattice is turned about the beam by angles that mean nothing; at least p. Each group of
// lanes takes a turn.
inline __device__ __noinline__ double measured_occupancy(const Block& block, Vec3 axis, const Cell& cell, int n,
                                                         double radius, double p, int occupied, int looks) {
  int turns = looks / n;
  turns = turns < 8 ? 8 : turns > 128 ? 128 : turns;
  const int group = turns > 16 ? 1 : turns > 8 ? 2 : 4, part = lane_index() % group;
  const float near = float(radius * radius), twice = 4 * near, far = 16 * near;
  const DeviceSpan<float4> spots = block.spots();
  int hits[3] = {0, 0, 0}, odd_hits[3] = {0, 0, 0}, odd = 0;
  for (int i0 = 1; i0 <= turns; i0 += 32 / group) {
    const int i = i0 + lane_index() / group;
    // Golden-ratio angles: spread evenly, and none is a symmetry of a lattice.
    const int k = int(std::uint64_t(unsigned(i) * 0x9e3779b9u) * turn_steps >> 32);
    Cell turned_cell;
#pragma unroll
    for (int row = 0; row < 3; row++)
      turned_cell.row[row] = turned(cell.row[row], axis, block.plan.turn_cos[k], block.plan.turn_sin[k]);
    const Cellf a = in_float(turned_cell), b = in_float(reciprocal(turned_cell));
    int within[3] = {0, 0, 0};
    for (int j = part; j < n; j += group) {
      const float e2 = square(residual(a, b, spots[j]).e);
      within[0] += e2 < near;
      within[1] += e2 < twice;
      within[2] += e2 < far;
    }
#pragma unroll
    for (int g = 0; g < 3; g++) within[g] = group_sum(within[g], group);
    if (i > turns || part != 0) continue;
    const bool is_odd = within[0] > 3 && 10 * within[0] > 7 * occupied;
    odd += is_odd;
#pragma unroll
    for (int g = 0; g < 3; g++) hits[g] += is_odd ? 0 : within[g], odd_hits[g] += is_odd ? within[g] : 0;
  }
  __syncwarp();
  odd = all_sum(odd);
#pragma unroll
  for (int g = 0; g < 3; g++) hits[g] = all_sum(hits[g]), odd_hits[g] = all_sum(odd_hits[g]);
  // A few turns with as many hits as the answer: symmetries of the lattice after all, or a second crystal; they do not
  // count. When there are many it is the answer that is nothing special.
  const bool leave_out = 8 * odd <= turns;
  const int taken = leave_out ? turns - odd : turns;
  // Few hits say little: eight imagined hits of the even case stand beside them.
  double worst = 1;
  const double trials = double(taken) * n;
#pragma unroll
  for (int g = 0; g < 3; g++) {
    const double step = g == 0 ? 1 : g == 1 ? 2 : 4, even = p * step * step * step;
    if (even > 0.25) break;
    const double excess = (hits[g] + (leave_out ? 0 : odd_hits[g]) + 8) / (even * trials + 8);
    if (g == 0 && excess > worst) worst = excess;
    // Near a plane of the lattice hits grow as r^2, not r^3: an excess at a wider radius is larger still at this one.
    if (g > 0 && excess > 1.5 && excess * step > worst) worst = excess * step;
  }
  const double measured = p * worst;
  return measured < 0.5 ? measured : 0.5;
}

// The chance with the occupancy measured about the beam: log10.
inline __device__ __noinline__ double measured(const Block& b, const Chance& chance, const Lattice& lattice, int n) {
  if (chance.occupied == 0 || chance.log10 > -1) return chance.log10;
  const State& s = b.state();
  // Where the answer is beyond doubt a rough measure will do.
  const int looks = chance.log10 < 4 * double(b.plan.params.accept_log10) - 20 ? 2400 : 9600;
  const double p = measured_occupancy(b, {s.beam[0], s.beam[1], s.beam[2]}, lattice.cell, n, chance.radius, chance.p,
                                      chance.occupied, looks);
  if (p <= chance.p) return chance.log10;
  const double log10_chance = log10_tail(b.plan.log10_factorial, n, chance.occupied, p) + chance.trials;
  return log10_chance < 0 ? log10_chance : 0;
}

}  // namespace ewald::cuda::indexing
