// The verdict, with a warp or the block for a lattice: counts occupied nodes for the lattice itself and for rotated
// copies. cpp/indexing/significance.h explains what is derived from the counts; here it is in float32, as in
// wgsl/indexing/verdict.wgsl.
#pragma once
#include "chance.cuh"
#include "refine.cuh"

namespace ewald::cuda::indexing {

// Records that a spot lies in the given level at a node; of two spots at one node only the closer one counts. A place
// holds the node in its upper 27 bits and the level plus one in its lower five; 0 is free.
__device__ __forceinline__ void occupy(DeviceSpan<unsigned> nodes, unsigned places, int h, int k, int l, int level) {
  const unsigned key = unsigned(h & 511) << 23 | unsigned(k & 511) << 14 | unsigned(l & 511) << 5,
                 mine = key | (unsigned(level) + 1);
  for (unsigned place = __umulhi((key >> 5) * 0x9e3779b9u, places);; place = place + 1 == places ? 0 : place + 1) {
    const unsigned held = atomicCAS(&nodes[place], 0u, mine);
    if (held == 0) return;
    if ((held & ~31u) == key) {
      atomicMax(&nodes[place], mine);
      return;
    }
  }
}

// Stores the axis of the current list in the state, and whether the Ewald sphere is flat there, or far enough from it
// for a glance: the direction along which the spots extend least, and their root mean square extent along it.
__device__ __forceinline__ void find_beam(const Block& b) {
  State& s = b.state();
  if (warp_index() == 0) {
    const DeviceSpan<float4> spots = b.spots();
    float sums[6] = {0, 0, 0, 0, 0, 0}, thickness;
    for (int j = lane_index(); j < s.n; j += 32) {
      const float4 v = spots[j];
      sums[0] += v.x * v.x, sums[1] += v.x * v.y, sums[2] += v.x * v.z;
      sums[3] += v.y * v.y, sums[4] += v.y * v.z, sums[5] += v.z * v.z;
    }
    team_sum<OneWarp>(b, sums);
    const Vec3f axis = thin_axis(sums, s.n, thickness);
    if (lane_index() == 0) {
      s.beam[0] = axis.x, s.beam[1] = axis.y, s.beam[2] = axis.z;
      const float periods = thickness * float(b.plan.cells[0].shortest);
      s.flat = periods < float(flat_thickness);
      // See search_fast in cpp/indexing/isa/fast.cpp.
      s.may_glance =
          b.plan.cell_count == 1 && b.plan.record.summary == nullptr && periods >= float(glance_thickness);
    }
  }
  __syncthreads();
}

// `nodes`: memory for a hash, with at least one and a half times as many places as spots.
template <class Team>
__device__ __noinline__ Chancef chance_of(const Block& block, const Lattice& lattice, int n, DeviceSpan<unsigned> nodes,
                                          int room) {
  Chancef best{0, 0, 0, 0, 0};
  if (n < min_occupied) return best;
  const int places = min(room, max(64, 2 * n));
  Team::sync();
  for (int i = Team::index(); i < places; i += Team::size) nodes[i] = 0;
  Team::sync();
  const Cellf a = in_float(lattice.cell), b = reciprocal(a);
  const float cell_volume = fabsf(volume(a)), widest = cbrtf(float(widest_occupancy * 3 / (4 * pi)) / cell_volume);
  // Level j lies within widest 2^(-j/3): from log2 of the squared distance.
  const float widest2 = widest * widest;
  const DeviceSpan<float4> spots = block.spots();
  float sums[7] = {0, 0, 0, 0, 0, 0, 0};  // of s s^T over the spots within the radius, of |s|^3 over all
  for (int j = Team::index(); j < n; j += Team::size) {
    const float4 s = spots[j];
    sums[6] += s.w * s.w * s.w;
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
    occupy(nodes, unsigned(places), h, k, l, level);
    sums[0] += s.x * s.x, sums[1] += s.x * s.y, sums[2] += s.x * s.z;
    sums[3] += s.y * s.y, sums[4] += s.y * s.z, sums[5] += s.z * s.z;
  }
  Team::sync();
  team_sum<Team>(block, sums);
  // Occupied nodes within the radius of level j, for lane j.
  int occupied = 0;
  for (int i0 = 0; i0 < places; i0 += Team::size) {
    const int i = i0 + Team::index(), level = i < places ? int(nodes[i] & 31u) : 0;
    if (__ballot_sync(kFullWarp, level != 0) == 0) continue;
    for (int j = 0; j < levels; j++) {
      const int here = __popc(__ballot_sync(kFullWarp, level > j));
      if (lane_index() == j) occupied += here;
    }
  }
  if constexpr (Team::size > 32) {
    static_assert(levels <= team_sums);
    State& s = block.state();
    const int j = lane_index();
    if (j < levels) s.sums[warp_index()][j] = float(occupied);
    __syncthreads();
    occupied = 0;
    for (int w = 0; w < kWarps; w++) occupied += j < levels ? int(s.sums[w][j]) : 0;
    __syncthreads();
  }
  const float moments[6] = {sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]}, s3 = sums[6] / float(n);
  if (in_a_row(moments)) return best;
  Chancef here{0, 0, 0, 0, occupied};
  if (lane_index() < levels && occupied >= min_occupied) {
    const float at = float(lane_index());
    here.p = float(widest_occupancy) * exp2f(-at);
    here.radius = widest * exp2f(at * (-1.0f / 3));
    here.trials = log10_trials(here.p, here.radius, float(4 * pi / 3) * s3 * cell_volume, cbrtf(s3),
                               block.plan.cell_count, lattice.strained, lattice.scaled);
    here.log10 = fminf(log10_tail(n, occupied, here.p) + here.trials, 0.0f);
  }
  // The smallest value of the lanes; among ties the first.
  float least = here.log10;
#pragma unroll
  for (int d = 1; d < 32; d *= 2) least = fminf(least, __shfl_xor_sync(kFullWarp, least, d));
  if (!(least < 0)) return best;
  const int from = __ffs(int(__ballot_sync(kFullWarp, here.log10 == least))) - 1;
  return {least, __shfl_sync(kFullWarp, here.p, from), __shfl_sync(kFullWarp, here.radius, from),
          __shfl_sync(kFullWarp, here.trials, from), __shfl_sync(kFullWarp, occupied, from)};
}

// The chance of a hit when the lattice is rotated about the beam by arbitrary angles; at least p. Each group of lanes
// takes one rotation.
template <class Team>
__device__ __noinline__ float measured_occupancy(const Block& block, const Cellf& cell, int n, const Chancef& chance,
                                                 int looks) {
  const int turns = turns_for(looks, n);
  int group = 1;
  while (group < 32 && 2 * group * turns <= Team::size) group *= 2;
  const int part = lane_index() % group;
  const float near = chance.radius * chance.radius;
  const DeviceSpan<float4> spots = block.spots();
  const State& state = block.state();
  const Vec3f axis{state.beam[0], state.beam[1], state.beam[2]};
  // The number of odd rotations, hits of the usual ones, and of the odd ones.
  float sums[7] = {0, 0, 0, 0, 0, 0, 0};
  for (int i0 = 1; i0 <= turns; i0 += Team::size / group) {
    const int i = i0 + Team::index() / group;
    const float2 angle = block.plan.turn[turn_place(i)];
    Cellf a;
#pragma unroll
    for (int row = 0; row < 3; row++) a.row[row] = turned(cell.row[row], axis, angle.x, angle.y);
    const Cellf b = reciprocal(a);
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
    const bool odd = is_odd(within[0], chance.occupied);
    sums[0] += float(odd);
#pragma unroll
    for (int g = 0; g < 3; g++) sums[1 + g] += float(odd ? 0 : within[g]), sums[4 + g] += float(odd ? within[g] : 0);
  }
  Team::sync();
  team_sum<Team>(block, sums);
  const TurnedHits hits{
      {int(sums[1]), int(sums[2]), int(sums[3])}, {int(sums[4]), int(sums[5]), int(sums[6])}, int(sums[0])};
  return occupancy_of(hits, turns, n, chance.p);
}

// log10 of the chance, with the occupancy measured about the beam.
template <class Team>
__device__ __noinline__ float measured(const Block& b, const Chancef& chance, const Lattice& lattice, int n) {
  const int looks = looks_for(chance, b.plan.params.accept_log10);
  if (looks == 0) return chance.log10;
  const float p = measured_occupancy<Team>(b, in_float(lattice.cell), n, chance, looks);
  if (p <= chance.p) return chance.log10;
  return fminf(log10_tail(n, chance.occupied, p) + chance.trials, 0.0f);
}

}  // namespace ewald::cuda::indexing
