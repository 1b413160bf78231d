// Processes one image with one block: reads the spots, searches for lattices, and writes the answer.
#pragma once
#include "multi.cuh"

namespace ewald::cuda::indexing {

__device__ __forceinline__ void write_cell(const Block& b, const Lattice& lattice, unsigned crystal,
                                           ewald_indexed_cell& out) {
  double squares;
  const int indexed = spots_within(b, lattice.cell, b.state().n, b.plan.cells[lattice.input_cell].acceptance, &squares);
  if (lane_index() != 0) return;
  out = indexed_cell(lattice, crystal, unsigned(indexed), squares);
}

// The lattice of every spot of the caller, including unused spots.
__device__ __forceinline__ void write_assignment(const Block& b, int accepted, const float* spots, int n,
                                                 std::uint8_t* assignment) {
  if (accepted == 0) return;
  assign_spots(b, accepted);
  const int used = b.state().used;
  for (int i = int(threadIdx.x); i < used; i += kThreads) assignment[b.source()[i]] = b.owner()[i];
  if (used == n) return;
  __syncthreads();
  for (int i = int(threadIdx.x); i < n; i += kThreads) {
    const Vec3 s{spots[3 * std::size_t(i)], spots[3 * std::size_t(i) + 1], spots[3 * std::size_t(i) + 2]};
    if (assignment[i] != 0 || !(dot(s, s) <= farthest_spot * farthest_spot)) continue;
    double nearest = 1;
    for (int k = 0; k < accepted; k++) {
      const Lattice& lattice = b.accepted()[k];
      const double off = off_node(lattice.cell, b.plan.cells[lattice.input_cell].acceptance, s);
      if (off < nearest) nearest = off, assignment[i] = std::uint8_t(k + 1);
    }
  }
}

// search(pool) stores lattices in the pool, best first.
template <class Search>
__device__ __forceinline__ void index_image(const Block& b, unsigned image, Search search) {
  State& s = b.state();
  const Plan& plan = b.plan;
  const int room = plan.size.outputs;
  const unsigned begin = plan.offsets[image];
  const int n = int(plan.offsets[image + 1] - begin);
  const float* spots = plan.spots + 3 * std::size_t(begin);
  std::uint8_t* assignment = plan.assignment + begin;
  for (int i = int(threadIdx.x); i < n; i += kThreads) assignment[i] = 0;
  if (threadIdx.x == 0) s.accepted = 0, s.recording = image == 0 && plan.record.summary != nullptr;
  take_spots(b, spots, n);
  const unsigned used = unsigned(s.used), flags = unsigned(s.flags);
  if (flags & EWALD_IMAGE_FLAG_TOO_FEW_SPOTS) {
    if (threadIdx.x == 0) plan.results[image] = {0, 0, used, flags}, plan.found_at[image] = 0;
    return;
  }
  const int accepted = accept_lattices(b, search);
  if (s.n != s.used) take_rest(b, [](int) { return true; });
  // The lattices of the first search that are not among the accepted ones follow as candidates.
  const DeviceSpan<Lattice> lattices = b.lattices(first_pool);
  const DeviceSpan<int> order = b.lattice_order(first_pool), listed = b.lattice_order(rest_pool);
  const int first_count = s.lattice_count[first_pool];
  int written = accepted;
  for (int i0 = 0; i0 < first_count; i0 += kThreads) {
    const int i = i0 + int(threadIdx.x);
    bool fresh = i < first_count;
    for (int k = 0; k < accepted && fresh; k++) fresh = !same(lattices[order[i]], b.accepted()[k]);
    int more;
    const int place = written + block_place(b, fresh, more);
    if (fresh && place < room) listed[place] = order[i];
    written = min(written + more, room);
  }
  if (threadIdx.x == 0) plan.found_at[image] = s.above = int(atomicAdd(plan.found_count, unsigned(written)));
  __syncthreads();
  ewald_indexed_cell* const found = plan.found + unsigned(s.above);
  for (int i = warp_index(); i < written; i += kWarps) {
    const Lattice lattice = i < accepted ? b.accepted()[i] : lattices[listed[i]];
    write_cell(b, lattice, i < accepted ? unsigned(i) + 1 : 0, found[i]);
  }
  if (threadIdx.x == 0) plan.results[image] = {unsigned(written), unsigned(accepted), used, unsigned(s.flags)};
  write_assignment(b, accepted, spots, n, assignment);
  // The pools are valid for a search: they hold each place once, in any order.
  __syncthreads();
  for (int i = int(threadIdx.x); i < plan.size.lattices; i += kThreads) listed[i] = i;
}

// A block takes one image after the other until there are no more.
template <class SearchWith>
__device__ __forceinline__ void index_images(const Plan& plan, SearchWith search_with) {
  const Block b{plan, plan.workspace + blockIdx.x * plan.stride};
  for (int pool = 0; pool < pools; pool++)
    for (int i = int(threadIdx.x); i < plan.size.lattices; i += kThreads) b.lattice_order(Pool(pool))[i] = i;
  for (;;) {
    if (threadIdx.x == 0) b.state().image = atomicAdd(plan.ticket, 1u);
    __syncthreads();
    const unsigned drawn = b.state().image;
    if (drawn >= plan.images) {
      // Each block draws one number too many; the last block resets the counter for the next launch.
      if (threadIdx.x == 0 && drawn == plan.images + gridDim.x - 1) atomicExch(plan.ticket, 0u);
      return;
    }
    index_image(b, plan.first + drawn, [&](Pool pool) { search_with(b, pool); });
    __syncthreads();
  }
}

}  // namespace ewald::cuda::indexing
