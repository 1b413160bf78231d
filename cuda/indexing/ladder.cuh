// The ladder: each candidate vector is fitted to more and more spots, from low to high resolution, by a group of
// neighbouring lanes; the fewer candidates remain, the larger the groups.
//
// A round takes the spots within `limit` periods of a plane of z, rounds their phases, and moves z by least squares
// towards those planes. A prior keeps z near the sampled direction and near the known length. The round solves for the
// step, not for z: the step is small, so float32 is enough.
#pragma once
#include "sample.cuh"
#define EWALD_KERNELS ewald::cuda::indexing
#include "indexing/vector_fit.h"

namespace ewald::cuda::indexing {

struct Prior {
  float across, along;  // weights of a shift across and along the sampled vector, 1/angstrom^2
};

// Candidates in the scratch: x y z and merit, and where they were sampled, with the spots near their planes as an
// integer.
struct Candidates {
  DeviceSpan<float4> at, sampled;
};
__device__ __forceinline__ Candidates candidates_of(const Block& b) {
  return {{b.scratch<float4>().data(), max_picked}, {b.scratch<float4>().data() + max_picked, max_picked}};
}

// Lanes that share a candidate.
__device__ __forceinline__ int group_size(int count) {
  int group = 1;
  while (group < 32 && 2 * group * count <= kThreads) group *= 2;
  return group;
}

__device__ __forceinline__ void add_spot(VectorSums<float>& sums, bool near, float4 s, float off) {
  const float sx = near ? s.x : 0.0f, sy = near ? s.y : 0.0f, sz = near ? s.z : 0.0f;
  sums.xx = fmaf(sx, s.x, sums.xx);
  sums.xy = fmaf(sx, s.y, sums.xy);
  sums.xz = fmaf(sx, s.z, sums.xz);
  sums.yy = fmaf(sy, s.y, sums.yy);
  sums.yz = fmaf(sy, s.z, sums.yz);
  sums.zz = fmaf(sz, s.z, sums.zz);
  sums.x = fmaf(off, sx, sums.x);
  sums.y = fmaf(off, sy, sums.y);
  sums.z = fmaf(off, sz, sums.z);
}

// All sums of a fit over groups of lanes, in one loop whose steps do not wait for each other.
__device__ __forceinline__ void group_sum(VectorSums<float>& s, int& good, float& value, int group) {
  for (int d = 1; d < group; d *= 2) {
    good += __shfl_xor_sync(kFullWarp, good, d);
    value += __shfl_xor_sync(kFullWarp, value, d);
    s.xx += __shfl_xor_sync(kFullWarp, s.xx, d), s.xy += __shfl_xor_sync(kFullWarp, s.xy, d);
    s.xz += __shfl_xor_sync(kFullWarp, s.xz, d), s.yy += __shfl_xor_sync(kFullWarp, s.yy, d);
    s.yz += __shfl_xor_sync(kFullWarp, s.yz, d), s.zz += __shfl_xor_sync(kFullWarp, s.zz, d);
    s.x += __shfl_xor_sync(kFullWarp, s.x, d), s.y += __shfl_xor_sync(kFullWarp, s.y, d);
    s.z += __shfl_xor_sync(kFullWarp, s.z, d);
  }
}

// One round over the first n spots for all candidates; candidates with fewer than `least` spots are marked by 0 spots.
inline __device__ __noinline__ void climb_round(const Block& b, int count, int n, float limit, int least, Prior prior) {
  const Candidates list = candidates_of(b);
  const DeviceSpan<float4> spots = b.spots();
  const float limit2 = limit * limit;
  const int group = group_size(count), part = int(threadIdx.x) % group;
  for (int c0 = 0; c0 < count; c0 += kThreads / group) {
    const int c = c0 + int(threadIdx.x) / group;
    const bool there = c < count;
    float4 z = make_float4(0, 0, 0, 0), o = make_float4(1, 0, 0, 0);
    if (there) z = list.at[c], o = list.sampled[c];
    VectorSums<float> sums{};
    float value = 0;
    int good = 0;
    for (int j = part; j < n; j += group) {
      const float4 s = spots[j];
      const float phase = fmaf(z.x, s.x, fmaf(z.y, s.y, z.z * s.z));
      const float off = round_even(phase) - phase;
      const float rest = fmaf(-off, off, limit2);
      const bool near = rest > 0;
      good += near;
      value += near ? rest : 0.0f;
      add_spot(sums, near, s, off);
    }
    group_sum(sums, good, value, group);
    add_prior(sums, z.x, z.y, z.z, o.x, o.y, o.z, prior.across, prior.along - prior.across);
    const VectorStep<float> step = step_of(sums);
    const bool enough = good >= least;
    __syncwarp();  // all lanes have read their candidate
    if (there && part == 0) {
      if (enough && step.determinant > step.least) {
        const float scale = 1.0f / step.determinant;
        z.x += scale * step.x;
        z.y += scale * step.y;
        z.z += scale * step.z;
      }
      z.w = enough ? value : 0.0f;
      o.w = __int_as_float(enough ? good : 0);
      list.at[c] = z;
      list.sampled[c] = o;
    }
  }
  __syncthreads();
}

// Sum of max(0, plane_closeness - d^2) over all spots, d the distance from the nearest plane in periods; no candidate
// counts as failed.
__device__ __forceinline__ void score_candidates(const Block& b, int count, int n) {
  const Candidates list = candidates_of(b);
  const DeviceSpan<float4> spots = b.spots();
  const int group = group_size(count), part = int(threadIdx.x) % group;
  for (int c0 = 0; c0 < count; c0 += kThreads / group) {
    const int c = c0 + int(threadIdx.x) / group;
    const float4 z = c < count ? list.at[c] : make_float4(0, 0, 0, 0);
    float value = 0;
    for (int j = part; j < n; j += group) {
      const float4 s = spots[j];
      const float phase = fmaf(z.x, s.x, fmaf(z.y, s.y, z.z * s.z));
      const float off = phase - round_even(phase);
      value += fmaxf(fmaf(-off, off, float(plane_closeness)), 0.0f);
    }
    value = group_sum(value, group);
    __syncwarp();
    if (c < count && part == 0) {
      list.at[c].w = value;
      list.sampled[c].w = __int_as_float(1);
    }
  }
  __syncthreads();
}

// Drops failed candidates, candidates of a wrong length, and candidates that differ from a better one by less than
// `apart` periods at resolution s. Directions z and -z are equivalent. Returns the number that remain.
inline __device__ __noinline__ int keep_distinct(const Block& b, int count, float length, float s, float apart,
                                                 float length_tolerance) {
  const Candidates list = candidates_of(b);
  const float near = apart / s, near2 = near * near;
  for (int i = int(threadIdx.x); i < count; i += kThreads) {
    const float4 v = list.at[i];
    const float size = sqrtf(v.x * v.x + v.y * v.y + v.z * v.z);
    if (__float_as_int(list.sampled[i].w) == 0 || !(fabsf(size - length) <= length_tolerance * length))
      list.at[i].w = -1;
  }
  __syncthreads();
  unsigned kept = 0;
  for (int i = int(threadIdx.x), k = 0; i < count; i += kThreads, k++) {
    const float4 v = list.at[i];
    bool beaten = !(v.w >= 0);
#pragma unroll 4
    for (int j = 0; j < count; j++) {
      const float4 w = list.at[j];
      const float against = copysignf(1.0f, -fmaf(v.x, w.x, fmaf(v.y, w.y, v.z * w.z)));
      const float dx = fmaf(against, v.x, w.x), dy = fmaf(against, v.y, w.y), dz = fmaf(against, v.z, w.z);
      beaten |= fmaf(dx, dx, fmaf(dy, dy, dz * dz)) < near2 && (j < i ? w.w >= v.w : w.w > v.w);
    }
    kept |= unsigned(!beaten) << k;
  }
  __syncthreads();
  int n = 0;
  for (int i0 = 0, k = 0; i0 < count; i0 += kThreads, k++) {
    const int i = i0 + int(threadIdx.x);
    float4 v = make_float4(0, 0, 0, 0), o = v;
    if (i < count) v = list.at[i], o = list.sampled[i];
    const bool stays = kept >> k & 1;
    int more;
    const int place = n + block_place(b, stays, more);
    if (stays) list.at[place] = v, list.sampled[place] = o;
    n += more;
  }
  __syncthreads();
  return n;
}

// The best `keep` by merit, larger first, then by place; in that order. Returns the number that remain.
inline __device__ __noinline__ int keep_best(const Block& b, int count, int keep, bool sorted) {
  if (count <= keep && !sorted) return count;
  constexpr int each = max_picked / kThreads;
  const Candidates list = candidates_of(b);
  float4 at[each], sampled[each];
  int rank[each];
#pragma unroll
  for (int k = 0; k < each; k++) {
    const int i = k * kThreads + int(threadIdx.x);
    rank[k] = keep;
    if (i >= count) continue;
    at[k] = list.at[i], sampled[k] = list.sampled[i];
    rank[k] = 0;
    for (int j = 0; j < count; j++) {
      const float merit = list.at[j].w;
      rank[k] += merit > at[k].w || (merit == at[k].w && j < i);
    }
  }
  __syncthreads();
#pragma unroll
  for (int k = 0; k < each; k++)
    if (rank[k] < keep) list.at[rank[k]] = at[k], list.sampled[rank[k]] = sampled[k];
  __syncthreads();
  return min(count, keep);
}

// Candidate vectors by least squares over growing resolution, from the directions noted in the scratch (see
// pick_candidates), their length known to `tolerance` (relative); stores the best `keep` in b.kept(), best first, and
// returns their number.
__device__ __forceinline__ int climb(const Block& b, int points, int count, double length, int first, int keep,
                                     double tolerance) {
  const Candidates list = candidates_of(b);
  const DeviceSpan<float4> spots = b.spots();
  const int n = b.state().n;
  for (int i = int(threadIdx.x); i < count; i += kThreads) {
    const Vec3 v = length * direction(b.plan, points, __float_as_int(list.sampled[i].w));
    list.at[i] = make_float4(float(v.x), float(v.y), float(v.z), 0.0f);
    list.sampled[i] = make_float4(float(v.x), float(v.y), float(v.z), __int_as_float(1));
  }
  __syncthreads();
  const double edge = spots[first - 1].w;
  const double reach = sampled_reach * grid_step / edge;  // largest error of the sampled vector, angstrom
  const Prior prior{float(phase_error * phase_error / (reach * reach)),
                    float(phase_error * phase_error / (tolerance * tolerance * length * length))};
  const float limit = float(n > short_list ? length_limit : short_list_length_limit);
  const auto climb_to = [&](int round, int m) {
    const LadderRound r = ladder_round_of(round);
    climb_round(b, count, m, float(r.limit), r.spots, prior);
    // The last round may fail for a weak candidate, which is then kept unchanged.
    if (round == ladder_last) score_candidates(b, count, n);
    count = keep_distinct(b, count, float(length), spots[m - 1].w, float(r.apart), limit);
  };

  climb_to(ladder_first, first);
  for (int m = first; m < n;) {
    m = m * 2 < n ? m * 2 : n;
    climb_to(ladder_growing, m);
    if (m < n) count = keep_best(b, count, ladder_spare * keep, false);
  }
  climb_to(ladder_full, n);
  climb_to(ladder_last, n);
  count = keep_best(b, count, keep, true);
  const DeviceSpan<float4> kept = b.kept();
  for (int i = int(threadIdx.x); i < count; i += kThreads) kept[i] = list.at[i];
  __syncthreads();
  return count;
}

}  // namespace ewald::cuda::indexing
