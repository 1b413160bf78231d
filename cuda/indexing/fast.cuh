// The fast method on one list of spots: sample, climb, turn, refine, judge; with more effort where the first answer
// does not convince.
#pragma once
#include "classic.cuh"
#include "ladder.cuh"
#include "record.cuh"
#include "verdict.cuh"

namespace ewald::cuda::indexing {

// Puts a lattice where it belongs among the first `count` of a pool, whose places from `count` on are free; by one
// thread.
__device__ __forceinline__ void insert(const Block& b, Pool pool, const Lattice& lattice) {
  int& there = b.state().lattice_count[pool];
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  const int capacity = b.plan.size.lattices, count = there;
  int at = count;
  while (at > 0 && better(lattice, lattices[order[at - 1]])) at--;
  if (at == capacity) return;
  const int last = count < capacity ? count : capacity - 1, place = order[last];
  for (int i = last; i > at; i--) order[i] = order[i - 1];
  order[at] = place;
  lattices[place] = lattice;
  there = last + 1;
}

inline __device__ __noinline__ void refine_hit(const Block& b, int input, const BaseVector& base, const Angles& angles,
                                               bool free_scale, int i) {
  const unsigned hit = unsigned(b.scratch<std::uint64_t>()[i]), candidate = hit >> step_bits,
                 q = (hit & ((1u << step_bits) - 1)) * angles.stride;
  const Placed<double> placed = place<double>(base, b.kept()[candidate / 2], candidate & 1, free_scale);
  Lattice lattice{};
  lattice.cell = cell_of(placed, double(angles.cosine[q]), double(angles.sine[q]));
  lattice.scaled = free_scale;
  lattice.input_cell = input;
  refine_rotation(b, b.plan.cells[input], b.state().n, lattice);
  lattice.score = lattice.merit;
  if (lane_index() == 0) b.fresh()[i] = lattice;
}

__device__ __forceinline__ void search_with(const Block& b, Pool pool, int input, const Effort& effort) {
  const Plan& plan = b.plan;
  const BaseVector& base = plan.cells[input].base[effort.base];
  const int n = b.state().n, first = min(n, sample_spots);
  const double edge = b.spots()[first - 1].w, length = base.length;
  const int points = directions_for(length, edge, plan.params.sample_points, plan.spiral_points);
  count_directions<true>(b, points, float(length), first, plan.params.plane_distance);
  const Candidates list = candidates_of(b);
  const int picked = pick_directions(b, points, first, effort.directions,
                                     [&](int place, int p) { list.sampled[place].w = __int_as_float(p); });
  const bool recording = b.state().recording != 0;
  if (recording) {
    record_sampling(b, float(length), base.row, first, points);
    record_picks(b, picked, [&](int i) {
      const int p = __float_as_int(list.sampled[i].w);
      return ewald_stage_pick{unsigned(p), float(b.counts()[p]), 0, 0};
    });
    __syncthreads();
  }
  const int kept =
      climb(b, points, picked, length, first, plan.candidate_vectors ? plan.candidate_vectors : effort.candidates,
            effort.free_scale ? scale_tolerance : length_tolerance);
  if (recording) record_vectors(b, kept);
  const Angles angles = angles_for(b, base, min(n, turn_spots));
  const int hits = search_rotation(b, base, kept, effort.hits, effort.free_scale, angles);
  if (recording)
    record_hits(b, hits, angles.steps * base.fold, [&](int i) {
      const std::uint64_t key = b.scratch<std::uint64_t>()[i];
      const unsigned hit = unsigned(key), candidate = hit >> step_bits,
                     q = (hit & ((1u << step_bits) - 1)) * angles.stride;
      const Placed<double> placed = place<double>(base, b.kept()[candidate / 2], candidate & 1, effort.free_scale);
      return stage_cell(cell_of(placed, double(angles.cosine[q]), double(angles.sine[q])),
                        __uint_as_float(~unsigned(key >> 32)), count_in_lists(b, hit));
    });
  for (int i = warp_index(); i < hits; i += kWarps) refine_hit(b, input, base, angles, effort.free_scale, i);
  __syncthreads();
  if (recording) record_cells(b, hits, b.fresh());
  if (threadIdx.x == 0)
    for (int i = 0; i < hits; i++) insert(b, pool, b.fresh()[i]);
  __syncthreads();
}

// By one warp.
inline __device__ __noinline__ void judge(const Block& b, bool may_strain, Lattice& lattice) {
  const KnownCell& known = b.plan.cells[lattice.input_cell];
  const int n = b.state().n;
  if (b.plan.params.refinement >= EWALD_REFINEMENT_IFSS && may_strain) {
    // Asked for: a free fit takes the place of ours, from as far as a spot counts as indexed.
    refine_classic(b, known, n, known.acceptance * known.shortest, lattice);
    lattice.merit = merit(b, lattice.cell, n, known.acceptance);
    may_strain = false;
  }
  Chance chance = chance_of(b, lattice, n);
  if (may_strain && lattice.merit > strain_merit) {
    Lattice strained = lattice;
    refine_strain(b, known, n, strained);
    if (strained.strained) {
      const Chance other = chance_of(b, strained, n);
      if (other.log10 < chance.log10) lattice = strained, chance = other;
    }
  }
  lattice.log10_chance = measured(b, chance, lattice, n);
  lattice.judged = true;
  lattice.score = lattice.merit;
}

// Judges the best `most` lattices by merit, as long as they come near the best of all: side by side, a warp each.
__device__ __forceinline__ void judge_best(const Block& b, Pool pool, int most) {
  State& s = b.state();
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  if (threadIdx.x == 0) {
    const int count = s.lattice_count[pool];
    double top = 0;
    int judged = 0;
    for (int i = 0; i < count; i++) {
      const Lattice& lattice = lattices[order[i]];
      top = fmax(top, lattice.merit);
      judged += lattice.judged;
    }
    int chosen = 0;
    while (chosen < most && judged + chosen < count &&
           (chosen == 0 || lattices[order[judged + chosen]].merit >= rival_share * top))
      chosen++;
    s.above = judged;
    s.take = chosen;
  }
  __syncthreads();
  const int judged = s.above, chosen = s.take;
  for (int k = warp_index(); k < chosen; k += kWarps) {
    Lattice lattice = lattices[order[judged + k]];
    __syncwarp();
    judge(b, b.plan.params.refinement != EWALD_REFINEMENT_RAW, lattice);
    if (lane_index() == 0) lattices[order[judged + k]] = lattice;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int at = judged;  // the next one, behind those that have found their place
    for (int k = 0; k < chosen; k++) {
      const int place = order[at];
      const Lattice& lattice = lattices[place];
      bool known_already = false;
      int to = at;
      for (int i = 0; i < at && !known_already; i++) {
        const Lattice& other = lattices[order[i]];
        known_already =
            other.log10_chance <= lattice.log10_chance && same_lattice(lattice.cell, other.cell, same_lattice_limit);
      }
      if (known_already) {
        const int last = --s.lattice_count[pool];
        for (int i = at; i < last; i++) order[i] = order[i + 1];
        order[last] = place;
        continue;
      }
      while (to > 0 && better(lattice, lattices[order[to - 1]])) to--;
      for (int i = at; i > to; i--) order[i] = order[i - 1];
      order[to] = place;
      at++;
    }
  }
  __syncthreads();
}

// Leaves lattices in the pool, best first.
__device__ __forceinline__ void search_fast(const Block& b, Pool pool) {
  State& s = b.state();
  if (threadIdx.x == 0) s.lattice_count[pool] = 0;
  // Where the Ewald sphere is flat a vector near the beam has all spots on its plane 0 and says nothing: every vector
  // gets its turn.
  find_beam(b);
  const int n = s.n;
  // A short list is cheap to search well, and it has rivals that share most of the spots.
  for (int e = b.plan.first_effort + (n <= short_list ? 1 : 0);; e++) {
    const Effort effort = effort_of(e);
    for (int input = 0; input < b.plan.cell_count; input++) search_with(b, pool, input, effort);
    judge_best(b, pool, effort.judged);
    if (effort.last) break;
    if (threadIdx.x == 0) {
      s.decision = 0;
      if (s.lattice_count[pool] > 0 && !s.flat) {
        const Lattice& best = b.lattices(pool)[b.lattice_order(pool)[0]];
        // A lattice that shares a plane of nodes with the true one can look very good too, but explains few spots. So a
        // lattice ends the search only when it explains a good part of them; a light effort, which overlooks more, must
        // show more.
        s.decision = best.log10_chance <= b.plan.params.accept_log10 - spare_decades && best.merit > effort.share * n;
      }
    }
    __syncthreads();
    if (s.decision) break;
  }
  __syncthreads();
}

}  // namespace ewald::cuda::indexing
