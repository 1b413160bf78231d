// The exhaustive method: the search of TORO as in its reference implementation, with every stage over all spots and the
// defects of that implementation fixed (cpp/indexing/README.md lists them). The count of good spots decides, and the
// mean distance only among equal counts; so counts are computed first, for all candidates, and the expensive logarithms
// only for those that can still win. The result is the same.
#pragma once
#include "classic.cuh"
#include "ladder.cuh"
#include "record.cuh"
#include "verdict.cuh"

namespace ewald::cuda::indexing {

// A float as an integer that sorts the same way.
__device__ __forceinline__ std::uint64_t ordered(float x) {
  const unsigned bits = __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ float from_ordered(unsigned bits) {
  return __uint_as_float(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
}

// Sum of log2 over spots, kept as a product: the exponent is extracted every few factors.
struct LogSum {
  float product;
  int exponent;
  __device__ __forceinline__ void normalise() {
    const unsigned raw = __float_as_uint(product);
    exponent += int(raw >> 23) - 127;
    product = __uint_as_float((raw & 0x007fffffu) | 0x3f800000u);
  }
};

// mean distance - (good spots + 1): the mean is the geometric mean of the trimmed distances.
__device__ __forceinline__ float score_of(const LogSum& sum, int good, int n, float delta) {
  const double mean = exp2((sum.exponent + log2(double(sum.product))) / n) - delta;
  return float(mean) - float(good + 1);
}

// Score of a vector, from the distances of the spots from its planes in periods.
__device__ __forceinline__ float score_vector(const Block& b, Vec3f v, int n) {
  const ewald_indexer_params& p = b.plan.params;
  const DeviceSpan<float4> spots = b.spots();
  LogSum sum{1, 0};
  int good = 0;
  for (int j = 0; j < n; j++) {
    const float phase = indexed(v, spots[j]), off = fabsf(phase - round_even(phase));
    good += off < p.plane_distance;
    sum.product *= fminf(fmaxf(off, p.trim_low), p.trim_high) + p.delta;
    if ((j & 15) == 15) sum.normalise();
  }
  sum.normalise();
  return score_of(sum, good, n, p.delta);
}

// Score of a cell, from Euclidean distances in index units.
__device__ __forceinline__ float score_cell(const Block& b, const Cellf& a, int n) {
  const ewald_indexer_params& p = b.plan.params;
  const DeviceSpan<float4> spots = b.spots();
  LogSum sum{1, 0};
  int good = 0;
  for (int j = 0; j < n; j++) {
    const float4 s = spots[j];
    float h = indexed(a.row[0], s), k = indexed(a.row[1], s), l = indexed(a.row[2], s);
    h -= round_even(h);
    k -= round_even(k);
    l -= round_even(l);
    const float d2 = fmaf(h, h, fmaf(k, k, l * l));
    good += d2 < p.node_distance * p.node_distance;
    sum.product *= fminf(fmaxf(sqrtf(d2), p.trim_low), p.trim_high) + p.delta;
    if ((j & 15) == 15) sum.normalise();
  }
  sum.normalise();
  return score_of(sum, good, n, p.delta);
}

// The best vectors of this length into b.kept(); returns how many. Recorded with this row, if it is not negative.
__device__ __forceinline__ int sample_vectors(const Block& b, float length, int points, int want, int recorded_row) {
  State& s = b.state();
  const int n = s.n;
  count_directions<false>(b, points, length, n, b.plan.params.plane_distance);
  // The count that `want` vectors reach: all vectors that reach it are scored.
  count_that_reach(b, n, want);
  const int candidates = s.above + s.ties, ties = s.ties;
  const DeviceSpan<std::uint32_t> listed = b.listed();
  pick_in_order(b, points, s.least, ties, ties, [&](int place, int p) { listed[place] = unsigned(p); });
  const auto vector_at = [&](int p) { return in_float(double(length) * direction(b.plan, points, p)); };
  const int room = 2 * power_of_two(want);
  const DeviceSpan<std::uint64_t> keys = b.keys(room);
  const int held = keep_lowest(keys, room, candidates, want, [&](int i) {
    const unsigned p = listed[i];
    return ordered(score_vector(b, vector_at(int(p)), n)) << 32 | p;
  });
  if (recorded_row >= 0) {
    record_sampling(b, length, recorded_row, n, points);
    record_picks(b, held, [&](int i) {
      return ewald_stage_pick{unsigned(keys[i]), from_ordered(unsigned(keys[i] >> 32)), 0, 0};
    });
  }
  const DeviceSpan<float4> kept = b.kept();
  for (int i = int(threadIdx.x); i < held; i += kThreads) {
    const Vec3f v = vector_at(int(unsigned(keys[i])));
    kept[i] = make_float4(v.x, v.y, v.z, 0.0f);
  }
  __syncthreads();
  return held;
}

// Least squares on the planes given by the sampled vectors, with fewer and fewer spots; a vector that runs out of spots
// is kept unchanged.
inline __device__ __noinline__ void refine_vectors(const Block& b, int count, int n, int min_spots) {
  const DeviceSpan<float4> spots = b.spots(), kept = b.kept();
  const int group = group_size(count), part = int(threadIdx.x) % group;
  for (int c0 = 0; c0 < count; c0 += kThreads / group) {
    const int c = c0 + int(threadIdx.x) / group;
    const float4 o = kept[min(c, count - 1)];
    Vec3f z{o.x, o.y, o.z};
    bool going = true;
    for (int round = 0; round < vector_rounds; round++) {
      const float limit = float(vector_round_of(round).limit);
      VectorSums<float> sums{};
      float value = 0;
      int good = 0;
      for (int j = part; j < n; j += group) {
        const float4 s = spots[j];
        const float plane = round_even(fmaf(o.x, s.x, fmaf(o.y, s.y, o.z * s.z)));
        const float off = plane - indexed(z, s);
        const bool near = off * off < limit * limit;
        good += near;
        add_spot(sums, near, s, off);
      }
      group_sum(sums, good, value, group);
      const VectorStep<float> step = step_of(sums);
      going = going && good >= min_spots && step.determinant > step.least;
      if (going) {
        const float scale = 1.0f / step.determinant;
        z.x += scale * step.x;
        z.y += scale * step.y;
        z.z += scale * step.z;
      }
    }
    __syncthreads();  // a last candidate may be read by several groups
    if (c < count && part == 0) kept[c] = make_float4(z.x, z.y, z.z, 0.0f);
  }
  __syncthreads();
}

// The frame in which angle 0 is the position of the known cell after its vector is carried to u by half a turn about
// their bisector.
__device__ __forceinline__ Placed<double> carried(const KnownCell& known, const BaseVector& base, Vec3 u) {
  const Vec3 from = known.cell.row[base.row], other = known.cell.row[base.row == 2 ? 0 : base.row + 1];
  Vec3 middle = from + base.length * u;
  if (norm(middle) < middle_limit * base.length) middle = cross(u, other);
  middle = unit(middle);
  const Vec3 a = 2 * dot(other, middle) * middle - other;
  return placed_at(base, u, unit(a - dot(a, u) * u), 1.0);
}
__device__ __forceinline__ Placed<double> carried(const Plan& plan, const Direction& d) {
  return carried(plan.cells[d.input], plan.cells[d.input].base[d.base], d.u);
}

// Directions of the vectors in b.kept(), in both senses, from place `first` on, with the number of spots near their
// planes, which bounds the count of every cell with that vector.
__device__ __forceinline__ void add_directions(const Block& b, const Length& length, int first, int count, int n,
                                               float limit) {
  const BaseVector& base = b.plan.cells[length.input].base[length.base];
  const DeviceSpan<float4> spots = b.spots(), kept = b.kept();
  const DeviceSpan<Direction> directions = b.directions();
  for (int c = warp_index(); c < count; c += kWarps) {
    const float4 z = kept[c];
    const Vec3 u = unit(Vec3{z.x, z.y, z.z});
    const Vec3f v = in_float(base.length * u);
    int on = 1;  // one extra: the search rounds its phases slightly differently
    for (int j0 = 0; j0 < n; j0 += 32) {
      const float phase = indexed(v, spots[min(j0 + lane_index(), n - 1)]), off = phase - round_even(phase);
      on += __popc(__ballot_sync(kFullWarp, j0 + lane_index() < n && off * off < limit * limit));
    }
    if (lane_index() == 0) {
      directions[first + 2 * c] = {u, length.input, length.base, on, 0};
      directions[first + 2 * c + 1] = {-1.0 * u, length.input, length.base, on, 0};
    }
  }
  __syncthreads();
}

// Judges the best lattices, and a few different ones; the first one accepted moves to the front. The whole block judges
// them one after the other, because usually the first is the answer.
__device__ __forceinline__ void judge_in_turn(const Block& b, Pool pool, int count) {
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  const int n = b.state().n;
  int judged = 0;
  for (int i = 0; i < count && judged < max_effort_judged; i++) {
    Lattice lattice = lattices[order[i]];
    bool again = false;
    for (int k = int(threadIdx.x); k < i && !again; k += kThreads) {
      const Lattice& other = lattices[order[k]];
      again = other.judged && same(lattice, other);
    }
    if (__syncthreads_or(again)) continue;
    lattice.merit = merit<WholeBlock>(b, lattice.cell, n, b.plan.cells[lattice.input_cell].acceptance);
    const Chancef chance = chance_of<WholeBlock>(b, lattice, n, b.scratch<unsigned>(), scratch_bytes / 4);
    lattice.log10_chance = measured<WholeBlock>(b, chance, lattice, n);
    lattice.judged = true;
    judged++;
    const bool found = lattice.log10_chance <= b.plan.params.accept_log10;
    if (threadIdx.x == 0) {
      const int place = order[i];
      lattices[place] = lattice;
      if (found) {
        for (int k = i; k > 0; k--) order[k] = order[k - 1];
        order[0] = place;
      }
    }
    __syncthreads();
    if (found) break;
  }
}

inline __device__ __noinline__ void refine_found(const Block& b, Pool pool, int i, std::uint64_t hit, float score) {
  const Direction& d = b.directions()[b.order()[candidate_of(hit)]];
  const float2 angle = b.plan.angles[step_of(hit)];
  Lattice lattice{};
  lattice.cell = cell_of(carried(b.plan, d), double(angle.x), double(angle.y));
  lattice.score = score;
  lattice.input_cell = d.input;
  refine_classic(b, b.plan.cells[d.input], b.state().n, lattice.score - floor(lattice.score), lattice);
  if (lane_index() == 0) b.lattices(pool)[i] = lattice;
}

// Stores lattices in the pool, best first.
__device__ __forceinline__ void search_exhaustive(const Block& b, Pool pool) {
  State& s = b.state();
  const Plan& plan = b.plan;
  const ewald_indexer_params& p = plan.params;
  if (threadIdx.x == 0) s.lattice_count[pool] = 0;
  find_beam(b);
  const int n = s.n;
  const int points = exhaustive_directions(p.sample_points, plan.spiral_points);
  const int want = plan.candidate_vectors ? plan.candidate_vectors : exhaustive_vectors, out = plan.size.outputs;

  // Lengths to sample, longest first; lengths that differ by less than the threshold share their samples.
  const bool recording = s.recording != 0;
  int direction_count = 0, vectors = 0;
  for (int i = 0; i < plan.length_count; i++) {
    const Length& length = plan.lengths[i];
    if (length.fresh) {
      const int row = recording && i == 0 ? plan.cells[length.input].base[length.base].row : -1;
      vectors = sample_vectors(b, length.length, points, want, row);
      if (p.min_spots) refine_vectors(b, vectors, n, int(p.min_spots));
      if (row >= 0) record_vectors(b, vectors);
    }
    add_directions(b, length, direction_count, vectors, n, p.node_distance);
    direction_count += 2 * vectors;
  }
  // Sorted by the number of spots on planes, then by their original order.
  const DeviceSpan<Direction> directions = b.directions();
  const DeviceSpan<std::uint32_t> order = b.order();
  {
    const int room = power_of_two(direction_count);
    const DeviceSpan<std::uint64_t> keys = b.keys(room);
    keep_lowest(keys, room, direction_count, direction_count,
                [&](int i) { return std::uint64_t(0xffff - directions[i].on_planes) << 32 | unsigned(i); });
    for (int i = int(threadIdx.x); i < direction_count; i += kThreads) order[i] = unsigned(keys[i]);
    __syncthreads();
  }

  // Cells whose count is beaten by fewer than `out` others.
  const Angles angles{plan.angles, plan.angle_points};
  const int listed = ties_per_output * out;  // beyond that, equal counts are decided by their order
  const int held = search_candidates<false>(b, direction_count, n, p.node_distance, angles, 1, out, listed,
                                            [&](int i, int least, Placed<float>& placed) {
                                              const Direction& d = directions[order[i]];
                                              if (d.on_planes < least) return -1;
                                              placed = in_float(carried(plan, d));
                                              return i;
                                            });
  const HitList list = gather_hits(b, held);
  const int room = 2 * power_of_two(listed);
  const DeviceSpan<std::uint64_t> keys = b.keys(room), picked = b.picked_hits();
  int hits = keep_lowest(keys, room, list.total, listed, [&](int i) { return hit_at(b, list, i); });
  for (int i = int(threadIdx.x); i < hits; i += kThreads) picked[i] = keys[i];
  hits = keep_lowest(keys, room, hits, out, [&](int i) {
    const std::uint64_t hit = picked[i];
    const float2 angle = plan.angles[step_of(hit)];
    const Cell cell = cell_of(carried(plan, directions[order[candidate_of(hit)]]), double(angle.x), double(angle.y));
    return ordered(score_cell(b, in_float(cell), n)) << 32 | unsigned(i);
  });
  if (recording)
    record_hits(b, hits, plan.angle_points, [&](int i) {
      const std::uint64_t hit = picked[unsigned(keys[i])];
      const float2 angle = plan.angles[step_of(hit)];
      const Cell cell = cell_of(carried(plan, directions[order[candidate_of(hit)]]), double(angle.x), double(angle.y));
      return stage_cell(cell, from_ordered(unsigned(keys[i] >> 32)), count_of(hit));
    });
  for (int i = warp_index(); i < hits; i += kWarps) {
    const std::uint64_t key = keys[i];
    refine_found(b, pool, i, picked[unsigned(key)], from_ordered(unsigned(key >> 32)));
  }
  __syncthreads();
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  if (recording) record_cells(b, hits, lattices);
  keep_lowest(keys, room, hits, hits, [&](int i) { return ordered(float(lattices[i].score)) << 32 | unsigned(i); });
  for (int i = int(threadIdx.x); i < hits; i += kThreads) b.lattice_order(pool)[i] = int(unsigned(keys[i]));
  if (threadIdx.x == 0) s.lattice_count[pool] = hits;
  __syncthreads();
  judge_in_turn(b, pool, hits);
}

}  // namespace ewald::cuda::indexing
