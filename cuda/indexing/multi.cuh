// Several lattices in one image: the best is accepted, its spots are set aside, and the search continues on the
// remaining spots.
//
// A further lattice is judged only by the remaining spots, so spots of a lattice already found cannot support it, as
// they would a twin or a sublattice. At the end each spot goes to the nearest lattice, and each lattice is refined once
// more on its own spots.
#pragma once
#include "refine.cuh"
#include "spots.cuh"

namespace ewald::cuda::indexing {

// Lattice of each of the image's spots into b.owner(): the nearest lattice within its acceptance radius, 1 for the
// first; 0 for none.
inline __device__ __noinline__ void assign_spots(const Block& b, int accepted) {
  const int n = b.state().used;
  const DeviceSpan<float4> all = b.all();
  const DeviceSpan<std::uint8_t> owner = b.owner();
  const DeviceSpan<int> nearest = b.bins();  // free between searches
  for (int i = int(threadIdx.x); i < n; i += kThreads) nearest[i] = __float_as_int(1.0f), owner[i] = 0;
  for (int k = 0; k < accepted; k++) {
    const Lattice& lattice = b.accepted()[k];
    const double radius = b.plan.cells[lattice.input_cell].acceptance;
    const float scale = float(1 / (radius * radius));
    const Cellf rows = in_float(lattice.cell), nodes = reciprocal(rows);
    for (int i = int(threadIdx.x); i < n; i += kThreads) {
      const float off = square(residual(rows, nodes, all[i]).e) * scale;
      if (off < __int_as_float(nearest[i])) nearest[i] = __float_as_int(off), owner[i] = std::uint8_t(k + 1);
    }
  }
  __syncthreads();
}

// Refines the first `accepted` lattices on their own spots.
__device__ __forceinline__ void refine_on_own_spots(const Block& b, int accepted) {
  State& s = b.state();
  assign_spots(b, accepted);
  const DeviceSpan<std::uint8_t> owner = b.owner();
  for (int k = 0; k < accepted; k++) {
    take_rest(b, [&](int i) { return owner[i] == k + 1; });
    if (s.n >= min_own_spots) {
      const Lattice lattice = b.accepted()[k];
      const KnownCell& known = b.plan.cells[lattice.input_cell];
      Lattice refined = lattice;
      refine(b, known, s.n, lattice.strained, refined);
      const double before = merit<OneWarp>(b, lattice.cell, s.n, known.acceptance);
      __syncthreads();
      if (threadIdx.x == 0 && refined.merit > before) b.accepted()[k].cell = refined.cell;
    }
    __syncthreads();
  }
}

// Accepts lattices one after the other into b.accepted(), each from the spots that the earlier ones leave; returns
// their number. The lattices of the first search stay in first_pool.
template <class Search>
__device__ __forceinline__ int accept_lattices(const Block& b, Search search) {
  State& s = b.state();
  const float max_log10_chance = b.plan.params.accept_log10;
  const int wanted = int(b.plan.params.max_crystals);
  int slivers = 0;
  for (Pool pool = first_pool;; pool = rest_pool) {
    search(pool);
    if (threadIdx.x == 0) {
      // 0: no further lattice; 1: one more; 2: a fragment of an already accepted one.
      s.decision = 0;
      if (s.lattice_count[pool] > 0) {
        const Lattice& next = b.lattices(pool)[b.lattice_order(pool)[0]];
        if (next.judged && next.log10_chance <= max_log10_chance) {
          s.decision = 1;
          for (int k = 0; k < s.accepted && s.decision == 1; k++)
            if (same_lattice(in_float(next.cell), in_float(b.accepted()[k].cell), sliver_lattice)) s.decision = 2;
          if (s.decision == 1) b.accepted()[s.accepted++] = next;
        }
      }
    }
    __syncthreads();
    const int decision = s.decision, accepted = s.accepted;
    if (decision == 0 || accepted >= wanted) break;
    const DeviceSpan<std::uint8_t> aside = b.owner();
    if (decision == 1) {
      slivers = 0;
      assign_spots(b, accepted);
    } else {
      // Its spots are set aside too, and the search continues.
      if (++slivers == max_slivers) break;
      const Lattice& next = b.lattices(pool)[b.lattice_order(pool)[0]];
      const double radius = b.plan.cells[next.input_cell].acceptance;
      const Cellf rows = in_float(next.cell), nodes = reciprocal(rows);
      for (int i = int(threadIdx.x); i < s.used; i += kThreads)
        if (square(residual(rows, nodes, b.all()[i]).e) < float(radius * radius)) aside[i] = 255;
      __syncthreads();
    }
    take_rest(b, [&](int i) { return aside[i] == 0; });
    if (s.n < min_image_spots) break;
  }
  __syncthreads();
  const int accepted = s.accepted;
  if (accepted > 1 && b.plan.params.refinement != EWALD_REFINEMENT_RAW) refine_on_own_spots(b, accepted);
  return accepted;
}

}  // namespace ewald::cuda::indexing
