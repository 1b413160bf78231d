// The verdict, one warp a lattice: counts of occupied nodes, as they are and with the lattice turned. What follows from
// them, and why, is in cpp/indexing/significance.h.
#pragma once
#include "indexing/significance.h"
#include "refine.cuh"

namespace ewald::cuda::indexing {

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

// The direction that the spots are thinnest along, and their root mean square extent along it; by one warp.
__device__ __forceinline__ Vec3 thin_axis(const Block& b, int n, double& thickness) {
  const DeviceSpan<float4> spots = b.spots();
  double a[6] = {0, 0, 0, 0, 0, 0};
  for (int j = lane_index(); j < n; j += 32) {
    const float4 s = spots[j];
    a[0] += s.x * s.x, a[1] += s.x * s.y, a[2] += s.x * s.z, a[3] += s.y * s.y, a[4] += s.y * s.z, a[5] += s.z * s.z;
  }
#pragma unroll
  for (int i = 0; i < 6; i++) a[i] = all_sum(a[i]);
  return ewald::indexing::thin_axis(a, n, thickness);
}

// Puts the axis of the list at hand into the state, and whether the Ewald sphere is flat there.
__device__ __forceinline__ void find_beam(const Block& b) {
  State& s = b.state();
  if (warp_index() == 0) {
    double thickness;
    const Vec3 axis = thin_axis(b, s.n, thickness);
    if (lane_index() == 0) {
      s.beam[0] = axis.x, s.beam[1] = axis.y, s.beam[2] = axis.z;
      s.flat = thickness * b.plan.cells[0].shortest < flat_thickness;
    }
  }
  __syncthreads();
}

inline __device__ __noinline__ Chance chance_of(const Block& block, const Lattice& lattice, int n) {
  Chance best{0, 0, 0, 0, 0};
  if (n < min_occupied) return best;
  const DeviceSpan<unsigned> keys = block.node_keys(), found = block.node_levels();
  const int slots = block.plan.size.slots;
  __syncwarp();
  for (int i = lane_index(); i < slots; i += 32) keys[i] = ~0u, found[i] = 0;
  __syncwarp();
  const double cell_volume = fabs(volume(lattice.cell));
  const double widest = cbrt(widest_occupancy * 3 / (4 * pi * cell_volume));
  // Level j lies within widest 2^(-j/3): from log2 of the squared distance.
  const float widest2 = float(widest * widest);
  const Cellf a = in_float(lattice.cell), b = reciprocal(a);
  const DeviceSpan<float4> spots = block.spots();
  double s3 = 0, moments[6] = {0, 0, 0, 0, 0, 0};
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
    moments[0] += s.x * s.x, moments[1] += s.x * s.y, moments[2] += s.x * s.z;
    moments[3] += s.y * s.y, moments[4] += s.y * s.z, moments[5] += s.z * s.z;
  }
  __syncwarp();
  s3 = all_sum(s3) / n;
#pragma unroll
  for (int i = 0; i < 6; i++) moments[i] = all_sum(moments[i]);
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
  if (in_a_row(moments)) return best;
  const double nodes = 4 * pi / 3 * s3 * cell_volume, s = cbrt(s3);
  Chance here{0, 0, 0, 0, occupied};
  if (lane_index() < levels && occupied >= min_occupied) {
    here = chance_at(block.plan.log10_factorial, n, occupied, widest_occupancy * exp2(-double(lane_index())),
                     widest * exp2(-double(lane_index()) / 3), nodes, s, block.plan.cell_count, lattice.strained,
                     lattice.scaled);
    here.log10 = here.log10 < 0 ? here.log10 : 0;
  }
  // The least of the lanes, of equals the first.
  double least = here.log10;
#pragma unroll
  for (int d = 1; d < 32; d *= 2) least = fmin(least, __shfl_xor_sync(kFullWarp, least, d));
  if (!(least < 0)) return best;
  const int from = __ffs(int(__ballot_sync(kFullWarp, here.log10 == least))) - 1;
  return {least, __shfl_sync(kFullWarp, here.p, from), __shfl_sync(kFullWarp, here.radius, from),
          __shfl_sync(kFullWarp, here.trials, from), __shfl_sync(kFullWarp, occupied, from)};
}

// The chance of a hit when the lattice is turned about the beam by angles that mean nothing; at least p. Each group of
// lanes takes a turn.
inline __device__ __noinline__ double measured_occupancy(const Block& block, Vec3 axis, const Cell& cell, int n,
                                                         double radius, double p, int occupied, int looks) {
  const int turns = turns_for(looks, n);
  const int group = turns > 16 ? 1 : turns > 8 ? 2 : 4, part = lane_index() % group;
  const float near = float(radius * radius);
  const DeviceSpan<float4> spots = block.spots();
  TurnedHits hits{};
  for (int i0 = 1; i0 <= turns; i0 += 32 / group) {
    const int i = i0 + lane_index() / group;
    const int k = turn_place(i);
    Cell turned_cell;
#pragma unroll
    for (int row = 0; row < 3; row++)
      turned_cell.row[row] = turned(cell.row[row], axis, block.plan.turn_cos[k], block.plan.turn_sin[k]);
    const Cellf a = in_float(turned_cell), b = reciprocal(a);
    int within[3] = {0, 0, 0};
    for (int j = part; j < n; j += group) {
      const float e2 = square(residual(a, b, spots[j]).e);
      within[0] += e2 < near;
      within[1] += e2 < 4 * near;
      within[2] += e2 < 16 * near;
    }
#pragma unroll
    for (int g = 0; g < 3; g++) within[g] = group_sum(within[g], group);
    if (i > turns || part != 0) continue;
    const bool odd = is_odd(within[0], occupied);
    hits.odd_turns += odd;
#pragma unroll
    for (int g = 0; g < 3; g++) hits.usual[g] += odd ? 0 : within[g], hits.odd[g] += odd ? within[g] : 0;
  }
  __syncwarp();
  hits.odd_turns = all_sum(hits.odd_turns);
#pragma unroll
  for (int g = 0; g < 3; g++) hits.usual[g] = all_sum(hits.usual[g]), hits.odd[g] = all_sum(hits.odd[g]);
  return occupancy_of(hits, turns, n, p);
}

// The chance with the occupancy measured about the beam: log10.
inline __device__ __noinline__ double measured(const Block& b, const Chance& chance, const Lattice& lattice, int n) {
  const State& s = b.state();
  const int looks = looks_for(chance, double(b.plan.params.accept_log10));
  if (looks == 0) return chance.log10;
  const double p = measured_occupancy(b, {s.beam[0], s.beam[1], s.beam[2]}, lattice.cell, n, chance.radius, chance.p,
                                      chance.occupied, looks);
  return with_occupancy(b.plan.log10_factorial, chance, n, p);
}

}  // namespace ewald::cuda::indexing
