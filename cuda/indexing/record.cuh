// The record of a search: the result of each stage is copied to where the host can read it. Only the first search of
// the first image of a run is recorded, for an indexer created with `debug`. The counterpart of
// cpp/indexing/isa/record.cpp.
#pragma once
#include "rotate.cuh"

namespace ewald::cuda::indexing {

// The counts of the directions; all threads must call it.
inline __device__ __noinline__ void record_sampling(const Block& b, float length, int row, int spots, int points) {
  const Record& r = b.plan.record;
  for (int p = int(threadIdx.x); p < points; p += kThreads) r.counts[p] = b.counts()[p];
  if (threadIdx.x == 0) {
    ewald_stage_summary& s = *r.summary;
    s.length = length, s.row = unsigned(row), s.spots = unsigned(spots), s.directions = unsigned(points);
  }
}

// Selected directions, pick(i) each.
template <class Pick>
__device__ __forceinline__ void record_picks(const Block& b, int count, Pick pick) {
  for (int i = int(threadIdx.x); i < count; i += kThreads) b.plan.record.picked[i] = pick(i);
  if (threadIdx.x == 0) b.plan.record.summary->picked = unsigned(count);
}

inline __device__ __noinline__ void record_vectors(const Block& b, int count) {
  const DeviceSpan<float4> kept = b.kept();
  for (int i = int(threadIdx.x); i < count; i += kThreads)
    b.plan.record.vectors[i] = {kept[i].x, kept[i].y, kept[i].z, kept[i].w};
  if (threadIdx.x == 0) b.plan.record.summary->vectors = unsigned(count);
}

// The count of a hit of the fast search, which is in the lists of the warps because its rank has room only for the
// score.
__device__ __forceinline__ int count_in_lists(const Block& b, unsigned hit) {
  for (int w = 0; w < kWarps; w++)
    for (int i = 0; i < b.state().warp_totals[w]; i++) {
      const std::uint64_t listed = b.hits_of(w)[i];
      if (candidate_of(listed) == int(hit >> step_bits) && step_of(listed) == int(hit & ((1u << step_bits) - 1)))
        return count_of(listed);
    }
  return 0;
}

// Found cells, cell(i) each, followed by the refined ones, which end the record.
template <class CellAt>
__device__ __forceinline__ void record_hits(const Block& b, int count, int angles, CellAt cell) {
  for (int i = int(threadIdx.x); i < count; i += kThreads) b.plan.record.hits[i] = cell(i);
  if (threadIdx.x == 0) b.plan.record.summary->hits = unsigned(count), b.plan.record.summary->angles = unsigned(angles);
  __syncthreads();
}
inline __device__ __noinline__ void record_cells(const Block& b, int count, DeviceSpan<Lattice> lattices) {
  for (int i = int(threadIdx.x); i < count; i += kThreads)
    b.plan.record.cells[i] = stage_cell(lattices[i].cell, float(lattices[i].score), 0);
  if (threadIdx.x == 0) b.plan.record.summary->cells = unsigned(count);
  __syncthreads();
  if (threadIdx.x == 0) b.state().recording = 0;
  __syncthreads();
}

}  // namespace ewald::cuda::indexing
