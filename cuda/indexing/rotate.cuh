// Rotation search: with one vector of the cell fixed along a candidate, the cell has one angle left. A warp takes a
// candidate, each lane four angles at a time, and counts the spots within node_distance of a lattice node (Euclidean,
// in index units).
//
// For a spot s let us = u.s, xs = x.s, ys = y.s in the frame of the candidate. The indices of the other two vectors at
// angle t are
//   a.s = a_u us + cos t (a_x xs) + sin t (a_x ys)
//   b.s = b_u us + cos t (b_x xs + b_y ys) + sin t (b_x ys - b_y xs)
// so a spot costs four multiply-adds per angle. Spots off the candidate's planes cannot come near a node at any angle,
// so they are skipped.
//
// The warps of a block take candidates in rounds. The count that a hit needs to be kept rises only between two rounds
// and is the same for all warps of a round, so the answer does not depend on which warp is faster; and it only rises to
// counts that enough hits have reached, so no hit that could win is lost.
#pragma once
#include "sample.cuh"

namespace ewald::cuda::indexing {

// A candidate with its frame: u along it, x and y across; the angle of a cell is counted from x. The other two vectors
// in the frame are a = (a_u, a_x, 0), b = (b_u, b_x, b_y).
template <class T>
struct Placed {
  V3<T> u, x, y;
  T length, a_u, a_x, b_u, b_x, b_y;
  int row;
};

template <class T>
__device__ __forceinline__ Placed<T> placed_at(const BaseVector& base, V3<T> u, V3<T> x, T scale) {
  return {u,
          x,
          cross(u, x),
          T(base.length) * scale,
          T(base.a_u) * scale,
          T(base.a_x) * scale,
          T(base.b_u) * scale,
          T(base.b_x) * scale,
          T(base.b_y) * scale,
          base.row};
}

// The vector and direction of a candidate, unchanged or reversed; with `free_scale` the whole cell is scaled to it.
template <class T>
__device__ __forceinline__ Placed<T> place(const BaseVector& base, float4 candidate, bool reversed, bool free_scale) {
  const V3<T> z{T(candidate.x), T(candidate.y), T(candidate.z)};
  const T length = norm(z);
  const V3<T> u = (T(reversed ? -1 : 1) / length) * z;
  // Any perpendicular direction would do, but the choice must be smooth away from the poles of one axis: take the axis
  // that is farthest from u. Decided in float, or the search and the cell computed from it could choose different axes.
  const float ax = fabsf(candidate.x), ay = fabsf(candidate.y), az = fabsf(candidate.z);
  const bool take_x = ax <= ay && ax <= az, take_y = !take_x && ay <= az;
  const V3<T> axis{T(take_x ? 1 : 0), T(take_y ? 1 : 0), T(take_x || take_y ? 0 : 1)};
  return placed_at(base, u, unit(axis - dot(axis, u) * u), free_scale ? length / T(base.length) : T(1));
}

__device__ __forceinline__ Placed<float> in_float(const Placed<double>& p) {
  return {in_float(p.u), in_float(p.x), in_float(p.y), float(p.length), float(p.a_u),
          float(p.a_x),  float(p.b_u),  float(p.b_x),  float(p.b_y),    p.row};
}

// The cell that has its base vector along u and the other vectors at this angle from x.
template <class T>
__device__ __forceinline__ Rows<T> cell_of(const Placed<T>& p, T cosine, T sine) {
  const V3<T> x = cosine * p.x + sine * p.y, y = cosine * p.y - sine * p.x;
  Rows<T> cell;
  const int second = p.row == 2 ? 0 : p.row + 1, third = second == 2 ? 0 : second + 1;
  set_row(cell, p.row, p.length * p.u);
  set_row(cell, second, p.a_u * p.u + p.a_x * x);
  set_row(cell, third, p.b_u * p.u + p.b_x * x + p.b_y * y);
  return cell;
}

// A hit as an integer that sorts by count, larger first, then by candidate and step.
constexpr int step_bits = 17, candidate_bits = 20;
__device__ __forceinline__ std::uint64_t hit_key(int count, int candidate, int step) {
  return std::uint64_t(0xffff - count) << (step_bits + candidate_bits) | std::uint64_t(candidate) << step_bits |
         unsigned(step);
}
__device__ __forceinline__ int count_of(std::uint64_t hit) { return 0xffff - int(hit >> (step_bits + candidate_bits)); }
__device__ __forceinline__ int candidate_of(std::uint64_t hit) {
  return int(hit >> step_bits) & ((1 << candidate_bits) - 1);
}
__device__ __forceinline__ int step_of(std::uint64_t hit) { return int(hit) & ((1 << step_bits) - 1); }

// The angles of a search, cosine and sine.
struct Angles {
  const float2* at;
  int steps;
};

// Stores in this warp's part of the scratch what the search needs of those spots first ... last - 1 that lie within
// `limit` periods of a plane of the candidate; returns their number.
__device__ __forceinline__ int spots_on_planes(const Block& b, const Placed<float>& p, int first, int last, float limit,
                                               DeviceSpan<float4> turning) {
  const DeviceSpan<float4> spots = b.spots();
  int kept = 0;
  for (int j0 = first; j0 < last; j0 += 32) {
    const int j = j0 + lane_index();
    const float4 s = spots[min(j, last - 1)];
    const float us = fmaf(p.u.x, s.x, fmaf(p.u.y, s.y, p.u.z * s.z));
    const float phase = p.length * us, off = phase - round_even(phase), off2 = off * off;
    const bool near = j < last && off2 < limit * limit;
    const unsigned mask = __ballot_sync(kFullWarp, near);
    if (near) {
      const float xs = fmaf(p.x.x, s.x, fmaf(p.x.y, s.y, p.x.z * s.z)),
                  ys = fmaf(p.y.x, s.x, fmaf(p.y.y, s.y, p.y.z * s.z));
      const int place = kept + lanes_before(mask);
      turning[2 * place] = make_float4(p.a_u * us, p.a_x * xs, p.a_x * ys, off2 - limit * limit);
      turning[2 * place + 1] = make_float4(p.b_u * us, fmaf(p.b_x, xs, p.b_y * ys), fmaf(-p.b_y, xs, p.b_x * ys), 0.0f);
    }
    kept += __popc(mask);
  }
  __syncwarp();
  return kept;
}

// The number of the first n spots that lie this close to a plane: no angle can count more.
__device__ __forceinline__ int count_on_planes(const Block& b, const Placed<float>& p, int n, float limit) {
  const DeviceSpan<float4> spots = b.spots();
  int on = 0;
  for (int j0 = 0; j0 < n; j0 += 32) {
    const float4 s = spots[min(j0 + lane_index(), n - 1)];
    const float phase = p.length * fmaf(p.u.x, s.x, fmaf(p.u.y, s.y, p.u.z * s.z)), off = phase - round_even(phase);
    on += __popc(__ballot_sync(kFullWarp, j0 + lane_index() < n && off * off < limit * limit));
  }
  return on;
}

// Counts the spots within `limit` of a node for every angle into b.angle_counts(), by one warp; a count that cannot
// reach `least` may stay low. False if none can.
__device__ __forceinline__ bool count_angles(const Block& b, const Placed<float>& p, int n, float limit,
                                             const Angles& angles, int least) {
  constexpr int tile = 4;
  constexpr int stretch = 16;  // spots between two checks whether any lane can still reach `least`
  const DeviceSpan<std::uint16_t> counts = b.angle_counts();
  // From a lane, not from threadIdx, which the compiler would read again before every load of the inner loop.
  const int warp = __shfl_sync(kFullWarp, warp_index(), 0);
  const DeviceSpan<float4> turning{b.scratch<float4>().data() + warp * 2 * turning_spots, 2 * turning_spots};
  const bool at_once = n <= turning_spots;
  __syncwarp();
  const int on = at_once ? spots_on_planes(b, p, 0, n, limit, turning) : count_on_planes(b, p, n, limit);
  if (on < least) return false;
  for (int q0 = 0; q0 < angles.steps; q0 += 32 * tile) {
    float c[tile], s[tile];
    int near[tile];
#pragma unroll
    for (int t = 0; t < tile; t++) {
      const float2 angle = angles.at[min(q0 + 32 * t + lane_index(), angles.steps - 1)];
      c[t] = angle.x, s[t] = angle.y;
      near[t] = 0;
    }
    bool hopeless = false;
    int left = on;
    for (int j0 = 0; j0 < n && !hopeless; j0 += turning_spots) {
      int held = on;
      if (!at_once) {
        __syncwarp();
        held = spots_on_planes(b, p, j0, min(j0 + turning_spots, n), limit, turning);
      }
      for (int j = 0; j < held && !hopeless;) {
        const int until = min(j + stretch, held);
        left -= until - j;
        for (; j < until; j++) {
          const float4 d = turning[2 * j], e = turning[2 * j + 1];
#pragma unroll
          for (int t = 0; t < tile; t++) {
            float h = fmaf(c[t], d.y, fmaf(s[t], d.z, d.x)), l = fmaf(c[t], e.y, fmaf(s[t], e.z, e.x));
            h -= round_even(h);
            l -= round_even(l);
            near[t] += sign_bit(fmaf(h, h, fmaf(l, l, d.w)));
          }
        }
        int most = near[0];
#pragma unroll
        for (int t = 1; t < tile; t++) most = max(most, near[t]);
        hopeless = !__any_sync(kFullWarp, most + left >= least);
      }
      if (at_once) break;
    }
#pragma unroll
    for (int t = 0; t < tile; t++) {
      const int q = q0 + 32 * t + lane_index();
      if (q < angles.steps) counts[q] = std::uint16_t(near[t]);
    }
  }
  __syncwarp();
  return true;
}

// Appends the angles that count at least `least` to this warp's hits, and to the histogram of counts in b.bins().
// Peaks: only local maxima over the circle of angles; of equal neighbours the first.
template <bool Peaks>
__device__ __forceinline__ int append_hits(const Block& b, const Angles& angles, int least, int candidate, int held) {
  const DeviceSpan<std::uint16_t> counts = b.angle_counts();
  const DeviceSpan<std::uint64_t> hits = b.hits();
  const DeviceSpan<int> bins = b.bins();
  const int steps = angles.steps;
  for (int q0 = 0; q0 < steps; q0 += 32) {
    const int q = q0 + lane_index(), here = q < steps ? int(counts[q]) : -1;
    bool high = here >= least;
    if (Peaks && high) {
      const auto at = [&](int k) { return int(counts[k < 0 ? k + steps : k >= steps ? k - steps : k]); };
      high = !(at(q - 1) >= here || at(q - 2) >= here || at(q + 1) > here || at(q + 2) > here);
    }
    const unsigned mask = __ballot_sync(kFullWarp, high);
    const int place = held + lanes_before(mask);
    if (high && place < b.plan.size.hits) {
      hits[place] = hit_key(here, candidate, q);
      atomicAdd(&bins[here], 1);
    }
    held = min(held + __popc(mask), b.plan.size.hits);
  }
  __syncwarp();
  return held;
}

// Drops hits below `least`, and all but the first `max_equal` of those that just reach it.
__device__ __forceinline__ int prune_hits(const Block& b, int held, int least, int max_equal) {
  const DeviceSpan<std::uint64_t> hits = b.hits();
  int kept = 0, equal = 0;
  for (int i0 = 0; i0 < held; i0 += 32) {
    const int i = i0 + lane_index();
    const std::uint64_t hit = i < held ? hits[i] : no_key;
    const int count = i < held ? count_of(hit) : -1;
    const unsigned tied = __ballot_sync(kFullWarp, count == least);
    const bool stays = count > least || (count == least && equal + lanes_before(tied) < max_equal);
    const unsigned mask = __ballot_sync(kFullWarp, stays);
    __syncwarp();
    if (stays) hits[kept + lanes_before(mask)] = hit;
    kept += __popc(mask);
    equal += __popc(tied);
  }
  __syncwarp();
  return kept;
}

// The largest count that at least `enough` hits reach, if it is above `least`; by one warp.
__device__ __forceinline__ int raised(const Block& b, int n, int least, int enough) {
  const DeviceSpan<int> bins = b.bins();
  int reached = 0;
  for (int top = n; top > least; top -= 32) {
    const int k = top - lane_index();
    int sum = k > least ? bins[k] : 0;
#pragma unroll
    for (int d = 1; d < 32; d *= 2) {
      const int other = __shfl_up_sync(kFullWarp, sum, d);
      if (lane_index() >= d) sum += other;
    }
    const unsigned mask = __ballot_sync(kFullWarp, reached + sum >= enough);
    if (mask) return max(least, top - (__ffs(int(mask)) - 1));
    reached += __shfl_sync(kFullWarp, sum, 31);
  }
  return least;
}

// Searches candidates in rounds of one per warp; `candidate_at(i, placed)` gives the i-th one's number and place, or a
// negative number when no later one can reach the count it is given. Each warp keeps its hits in b.hits(); returns the
// number of this warp's hits.
template <bool Peaks, class CandidateAt>
__device__ __forceinline__ int search_candidates(const Block& b, int candidates, int n, float limit,
                                                 const Angles& angles, int least, int enough, int max_equal,
                                                 CandidateAt candidate_at) {
  State& s = b.state();
  clear_bins(b, n);
  int held = 0;
  for (int i0 = 0; i0 < candidates; i0 += kWarps) {
    const int i = i0 + warp_index();
    if (i < candidates) {
      Placed<float> placed;
      const int candidate = candidate_at(i, least, placed);
      if (candidate >= 0 && count_angles(b, placed, n, limit, angles, least))
        held = append_hits<Peaks>(b, angles, least, candidate, held);
    }
    __syncthreads();
    if (warp_index() == 0) {
      const int higher = raised(b, n, least, enough);
      if (lane_index() == 0) s.least = higher;
    }
    __syncthreads();
    least = s.least;
    held = prune_hits(b, held, least, max_equal);
  }
  return held;
}

// The hits of all warps as one list of `total`: visible to all threads when it returns, and so is hit(i).
struct HitList {
  int total, before[kWarps];
};
__device__ __forceinline__ HitList gather_hits(const Block& b, int held) {
  State& s = b.state();
  if (lane_index() == 0) s.warp_totals[warp_index()] = held;
  __syncthreads();
  HitList list{0, {}};
#pragma unroll
  for (int w = 0; w < kWarps; w++) {
    list.before[w] = list.total;
    list.total += s.warp_totals[w];
  }
  __syncthreads();
  return list;
}
__device__ __forceinline__ std::uint64_t hit_at(const Block& b, const HitList& list, int i) {
  int warp = 0, before = 0;
#pragma unroll
  for (int w = 1; w < kWarps; w++)
    if (i >= list.before[w]) warp = w, before = list.before[w];
  return b.hits_of(warp)[i - before];
}

// Sum over spots of max(0, cell_closeness - D^2), D the distance from the nearest node in index units.
__device__ __forceinline__ float closeness(const Block& b, const Cellf& cell, int n) {
  const DeviceSpan<float4> spots = b.spots();
  float total = 0;
  for (int j = 0; j < n; j++) {
    const float4 s = spots[j];
    float h = fmaf(cell.row[0].x, s.x, fmaf(cell.row[0].y, s.y, cell.row[0].z * s.z));
    float k = fmaf(cell.row[1].x, s.x, fmaf(cell.row[1].y, s.y, cell.row[1].z * s.z));
    float l = fmaf(cell.row[2].x, s.x, fmaf(cell.row[2].y, s.y, cell.row[2].z * s.z));
    h -= round_even(h);
    k -= round_even(k);
    l -= round_even(l);
    total += fmaxf(fmaf(-h, h, fmaf(-k, k, fmaf(-l, l, float(cell_closeness)))), 0.0f);
  }
  return total;
}

// The angles of a search over the first n spots.
__device__ __forceinline__ Angles angles_for(const Block& b, const BaseVector& base, int n) {
  const Plan& plan = b.plan;
  const double edge = b.spots()[n - 1].w;
  const int stride = turn_stride(base, edge, plan.params.angle_points, plan.angle_capacity);
  return {plan.turn + plan.turn_at[stride], turn_steps / stride / base.fold};
}

// Rotates the cell about each of the candidates in b.kept(); stores the best hits, best first, as numbers in the
// scratch: candidate (2 c unchanged, 2 c + 1 reversed) and step. Returns their number, at most `keep`.
__device__ __forceinline__ int search_rotation(const Block& b, const BaseVector& base, int candidates, int keep,
                                               bool free_scale, const Angles& angles) {
  const int n = min(b.state().n, turn_spots), senses = base.flip ? 1 : 2;
  const DeviceSpan<float4> kept = b.kept();
  const auto candidate_at = [&](int i, int, Placed<float>& placed) {
    const int c = senses == 1 ? i : i / 2, sense = senses == 1 ? 0 : i & 1;
    placed = place<float>(base, kept[c], sense != 0, free_scale);
    return 2 * c + sense;
  };
  static_assert(kWarps * max_ties + enough_hits <= 1024);
  const int held = search_candidates<true>(b, candidates * senses, n, b.plan.params.node_distance, angles,
                                           min_hit_spots, enough_hits, max_ties, candidate_at);
  const HitList list = gather_hits(b, held);
  return keep_lowest(b.scratch<std::uint64_t>(), 1024, list.total, keep, [&](int i) {
    const std::uint64_t hit = hit_at(b, list, i);
    const int candidate = candidate_of(hit), step = step_of(hit);
    const Placed<float> placed = place<float>(base, kept[candidate / 2], candidate & 1, free_scale);
    const float2 angle = angles.at[step];
    const float score = closeness(b, cell_of(placed, angle.x, angle.y), n);
    return std::uint64_t(~__float_as_uint(score)) << 32 | unsigned(candidate) << step_bits | unsigned(step);
  });
}

}  // namespace ewald::cuda::indexing
