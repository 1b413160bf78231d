// The lattices of a search in their order, by one warp: judged ones first, by their chance, then the others by merit.
#pragma once
#include "refine.cuh"

namespace ewald::cuda::indexing {

// The number of the first `count` lattices of a pool, which are in order, that precede a given one. Called by one warp,
// like the following functions.
__device__ __forceinline__ int rank_among(const Block& b, Pool pool, int count, const Lattice& lattice) {
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  int before = 0;
  for (int i0 = 0; i0 < count; i0 += 32) {
    const int i = i0 + lane_index();
    before += __popc(__ballot_sync(kFullWarp, i < count && !better(lattice, lattices[order[min(i, count - 1)]])));
  }
  return before;
}
// Moves the place at rank `from` to rank `to`; the ones in between shift.
__device__ __forceinline__ void carry(const Block& b, Pool pool, int from, int to) {
  const DeviceSpan<int> order = b.lattice_order(pool);
  const int place = order[from], step = from < to ? 1 : -1, between = abs(to - from);
  __syncwarp();
  for (int k0 = 0; k0 < between; k0 += 32) {
    const int k = k0 + lane_index(), i = from + step * k;
    const int next = k < between ? order[i + step] : 0;
    __syncwarp();
    if (k < between) order[i] = next;
    __syncwarp();
  }
  if (lane_index() == 0) order[to] = place;
  __syncwarp();
}

// Inserts a lattice at its rank among the first ones of a pool, after which the places are free.
inline __device__ __noinline__ void insert(const Block& b, Pool pool, const Lattice& lattice) {
  const int capacity = b.plan.size.lattices, count = b.state().lattice_count[pool],
            at = rank_among(b, pool, count, lattice), last = count < capacity ? count : capacity - 1;
  __syncwarp();
  if (at == capacity) return;
  if (lane_index() == 0) {
    b.lattices(pool)[b.lattice_order(pool)[last]] = lattice;
    b.state().lattice_count[pool] = last + 1;
  }
  __syncwarp();
  carry(b, pool, last, at);
}

// Chooses the lattices to judge: of the best `most` by merit, the ones that come close to the best of all. A lattice
// equivalent to a better one is dropped without being judged.
inline __device__ __noinline__ void choose_rivals(const Block& b, Pool pool, int most) {
  State& s = b.state();
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  int count = s.lattice_count[pool], judged = 0;
  float top = 0;
  for (int i = lane_index(); i < count; i += 32) {
    const Lattice& lattice = lattices[order[i]];
    top = fmaxf(top, float(lattice.merit));
    judged += lattice.judged;
  }
  judged = all_sum(judged);
#pragma unroll
  for (int d = 1; d < 32; d *= 2) top = fmaxf(top, __shfl_xor_sync(kFullWarp, top, d));
  int chosen = 0;
  for (int k = 0; k < most && judged + chosen < count; k++) {
    const int at = judged + chosen;
    const Lattice& lattice = lattices[order[at]];
    if (k > 0 && !(float(lattice.merit) >= float(rival_share) * top)) break;
    bool again = false;
    for (int i = lane_index(); i < at && !again; i += 32) {
      const Lattice& other = lattices[order[i]];
      again = other.merit >= lattice.merit && same(lattice, other);
    }
    if (__any_sync(kFullWarp, again))
      carry(b, pool, at, --count);
    else
      chosen++;
  }
  __syncwarp();
  if (lane_index() == 0) s.above = judged, s.take = chosen, s.lattice_count[pool] = count;
}

// Sorts the judged lattices; one that a strain has made equivalent to a better one is dropped.
inline __device__ __noinline__ void rank_judged(const Block& b, Pool pool, int judged, int chosen) {
  const DeviceSpan<Lattice> lattices = b.lattices(pool);
  const DeviceSpan<int> order = b.lattice_order(pool);
  int at = judged, count = b.state().lattice_count[pool];  // the next one, after the ones already in place
  for (int k = 0; k < chosen; k++) {
    const Lattice& lattice = lattices[order[at]];
    bool again = false;
    for (int i = lane_index(); i < at && !again; i += 32) {
      const Lattice& other = lattices[order[i]];
      again = other.log10_chance <= lattice.log10_chance && same(lattice, other);
    }
    if (__any_sync(kFullWarp, again)) {
      carry(b, pool, at, --count);
    } else {
      const int to = rank_among(b, pool, at, lattice);
      carry(b, pool, at, to);
      at++;
    }
  }
  __syncwarp();
  if (lane_index() == 0) b.state().lattice_count[pool] = count;
}

}  // namespace ewald::cuda::indexing
