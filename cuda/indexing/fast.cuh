// The fast method on one list of spots: sample, climb, turn, refine, judge; with more effort if the first answer is not
// convincing.
#pragma once
#include "classic.cuh"
#include "ladder.cuh"
#include "pool.cuh"
#include "record.cuh"
#include "verdict.cuh"

namespace ewald::cuda::indexing {

inline __device__ __noinline__ void refine_hit(const Block& b, int input, const BaseVector& base, const Angles& angles,
                                               bool free_scale, int i) {
  const unsigned hit = unsigned(b.scratch<std::uint64_t>()[i]), candidate = hit >> step_bits,
                 q = hit & ((1u << step_bits) - 1);
  const Placed<double> placed = place<double>(base, b.kept()[candidate / 2], candidate & 1, free_scale);
  Lattice lattice{};
  lattice.cell = cell_of(placed, double(angles.at[q].x), double(angles.at[q].y));
  lattice.scaled = free_scale;
  lattice.input_cell = input;
  refine_rotation(b, b.plan.cells[input], b.state().n, lattice);
  lattice.score = lattice.merit;
  if (lane_index() == 0) b.fresh()[i] = lattice;
}

// Samples and climbs: the candidate vectors of an effort into b.kept(). Returns their number.
__device__ __forceinline__ int find_vectors(const Block& b, int input, const Effort& effort) {
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
  return kept;
}

// Turns and refines: lattices of the first `candidates` vectors into the pool, at most `keep`.
inline __device__ __noinline__ void find_lattices(const Block& b, Pool pool, int input, const Effort& effort,
                                                  int candidates, int keep) {
  const Plan& plan = b.plan;
  const BaseVector& base = plan.cells[input].base[effort.base];
  const int n = b.state().n;
  const bool recording = b.state().recording != 0;
  const Angles angles = angles_for(b, base, min(n, turn_spots));
  const int hits = search_rotation(b, base, candidates, keep, effort.free_scale, angles);
  if (recording)
    record_hits(b, hits, angles.steps * base.fold, [&](int i) {
      const std::uint64_t key = b.scratch<std::uint64_t>()[i];
      const unsigned hit = unsigned(key), candidate = hit >> step_bits, q = hit & ((1u << step_bits) - 1);
      const Placed<double> placed = place<double>(base, b.kept()[candidate / 2], candidate & 1, effort.free_scale);
      return stage_cell(cell_of(placed, double(angles.at[q].x), double(angles.at[q].y)),
                        __uint_as_float(~unsigned(key >> 32)), count_in_lists(b, hit));
    });
  for (int i = warp_index(); i < hits; i += kWarps) refine_hit(b, input, base, angles, effort.free_scale, i);
  __syncthreads();
  if (recording) record_cells(b, hits, b.fresh());
  if (warp_index() == 0)
    for (int i = 0; i < hits; i++) insert(b, pool, b.fresh()[i]);
  __syncthreads();
}

// `nodes`: see chance_of.
template <class Team>
__device__ __noinline__ void judge(const Block& b, bool may_strain, Lattice& lattice, DeviceSpan<unsigned> nodes,
                                   int room) {
  const KnownCell& known = b.plan.cells[lattice.input_cell];
  const int n = b.state().n;
  if (b.plan.params.refinement >= EWALD_REFINEMENT_IFSS && may_strain) {
    // On request a free fit replaces ours, starting at the radius within which a spot counts as indexed. Each warp
    // computes it, with identical bits.
    refine_classic(b, known, n, known.acceptance * known.shortest, lattice);
    lattice.merit = merit<OneWarp>(b, lattice.cell, n, known.acceptance);
    may_strain = false;
  }
  Chancef chance = chance_of<Team>(b, lattice, n, nodes, room);
  if (may_strain && lattice.merit > strain_merit) {
    Lattice strained = lattice;
    refine_strain<Team>(b, known, n, strained);
    if (strained.strained) {
      const Chancef other = chance_of<Team>(b, strained, n, nodes, room);
      if (other.log10 < chance.log10) lattice = strained, chance = other;
    }
  }
  lattice.log10_chance = measured<Team>(b, chance, lattice, n);
  lattice.judged = true;
  lattice.score = lattice.merit;
}

// Judges the best lattices in parallel, one warp each; the whole block judges a single lattice, and lattices of lists
// whose nodes do not fit into a warp's part of the scratch.
inline __device__ __noinline__ void judge_best(const Block& b, Pool pool, int most) {
  State& s = b.state();
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  if (warp_index() == 0) choose_rivals(b, pool, most);
  __syncthreads();
  const int judged = s.above, chosen = s.take;
  const bool may_strain = b.plan.params.refinement != EWALD_REFINEMENT_RAW;
  if (chosen == 1 || s.n > warp_node_spots) {
    for (int k = 0; k < chosen; k++) {
      Lattice lattice = lattices[order[judged + k]];
      __syncthreads();
      judge<WholeBlock>(b, may_strain, lattice, b.scratch<unsigned>(), scratch_bytes / 4);
      if (threadIdx.x == 0) lattices[order[judged + k]] = lattice;
    }
  } else {
    for (int k = warp_index(); k < chosen; k += kWarps) {
      Lattice lattice = lattices[order[judged + k]];
      __syncwarp();
      judge<OneWarp>(b, may_strain, lattice, b.scratch<unsigned>(warp_index() * warp_nodes), warp_nodes);
      if (lane_index() == 0) lattices[order[judged + k]] = lattice;
    }
  }
  __syncthreads();
  if (warp_index() == 0) rank_judged(b, pool, judged, chosen);
  __syncthreads();
}

// Searches the best candidates alone. Returns whether what they gave ends the search; if not, all candidates are
// searched as though this had not been done.
__device__ __forceinline__ bool settled_at_a_glance(const Block& b, Pool pool, const Effort& effort, int kept) {
  State& s = b.state();
  find_lattices(b, pool, 0, effort, min(kept, glance_candidates), glance_hits);
  judge_best(b, pool, 1);
  if (threadIdx.x == 0) {
    s.decision = s.lattice_count[pool] > 0 &&
                 settles(b.lattices(pool)[b.lattice_order(pool)[0]], b.plan.params.accept_log10, s.n);
    if (!s.decision) s.lattice_count[pool] = 0;
  }
  __syncthreads();
  const bool settled = s.decision != 0;
  __syncthreads();
  return settled;
}

// Stores lattices in the pool, best first.
__device__ __forceinline__ void search_fast(const Block& b, Pool pool) {
  State& s = b.state();
  if (threadIdx.x == 0) s.lattice_count[pool] = 0;
  // Where the Ewald sphere is flat, a vector near the beam has all spots on its plane 0 and carries no information, so
  // every vector is tried.
  find_beam(b);
  const int n = s.n;
  // A flat sphere takes every effort, so fewer would be in vain.
  if (s.flat && b.plan.efforts > 0) {
    if (threadIdx.x == 0) s.flags |= EWALD_IMAGE_FLAG_UNSETTLED;
    __syncthreads();
    return;
  }
  // A short list is cheap to search thoroughly, and has competing lattices that share most of the spots.
  const int start = b.plan.first_effort + (n <= short_list ? 1 : 0);
  for (int e = start;; e++) {
    const Effort effort = effort_of(e);
    for (int input = 0; input < b.plan.cell_count; input++) {
      const int kept = find_vectors(b, input, effort);
      if (e == b.plan.first_effort && s.may_glance && settled_at_a_glance(b, pool, effort, kept)) return;
      find_lattices(b, pool, input, effort, kept, effort.hits);
    }
    judge_best(b, pool, effort.judged);
    if (effort.last) break;
    if (threadIdx.x == 0) {
      s.decision = 0;
      if (s.lattice_count[pool] > 0 && !s.flat) {
        const Lattice& best = b.lattices(pool)[b.lattice_order(pool)[0]];
        // A lattice that shares a plane of nodes with the true one can look very good too, but explains few spots. So a
        // lattice ends the search only when it explains a good part of them; a light effort, which misses more, must
        // explain more.
        s.decision = best.log10_chance <= b.plan.params.accept_log10 - spare_decades && best.merit > effort.share * n;
      }
      if (!s.decision && e + 1 - start == b.plan.efforts) s.decision = 1, s.flags |= EWALD_IMAGE_FLAG_UNSETTLED;
    }
    __syncthreads();
    if (s.decision) break;
  }
  __syncthreads();
}

}  // namespace ewald::cuda::indexing
