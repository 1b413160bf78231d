// Shared by the stages of one indexing run: known cells, tables, sizes, and the layout of a block's arrays. One block
// works on one image at a time; frequently used data is in shared memory, the rest in a separate workspace in device
// memory. The counterpart of cpp/indexing/plan.h; known cells and lattices are defined in cpp/indexing/known_cell.h,
// constants that change answers in src/compute/layout/search.ts.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "../common/shared.h"
#include "../common/span.h"
#include "indexing/known_cell.h"

namespace ewald::cuda::indexing {
using namespace ewald::indexing;

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;
// Blocks that a multiprocessor should hold: 80 registers per thread, which avoids spills in all inner loops.
constexpr int kBlocksEach = 6;
// Spots of an image (max_block_spots) lie in shared memory, 16 bytes each, next to 13 kB of other data; a block may
// have 64 kB on every GPU from 7.5 on.
// Spots that the rotation search keeps in shared memory at a time, for each warp.
constexpr int turning_spots = 96;
constexpr int scratch_bytes = 12288;
// Number of spots up to which each warp's part of the scratch holds its occupied nodes, at two thirds of the hash's
// places; the maximum number of spots fits into the whole scratch.
constexpr int warp_nodes = scratch_bytes / 4 / kWarps, warp_node_spots = warp_nodes * 2 / 3;
static_assert(max_block_spots <= scratch_bytes / 4 * 2 / 3);
static_assert(scratch_bytes >= max_picked * 32 && scratch_bytes >= kWarps * turning_spots * 32 &&
              turning_spots >= turn_spots);
// Hits of equal count that a warp keeps.
constexpr int max_ties = 240;

struct Direction {  // exhaustive: a candidate vector in one of its two senses
  Vec3 u;
  int32_t input, base, on_planes, unused;
};

// Sizes of the arrays of a block.
struct Sizes {
  int spots, points, angles, outputs, candidates, directions, lattices, keys, picked_hits, hits;
};

// Offsets of the arrays of a block, from the start of its workspace.
struct Places {
  std::size_t all, source, owner, counts, listed, keys, kept, directions, order, picked_hits, angle_counts, hits,
      residual2, lattices, lattice_order, fresh, accepted, bytes;
};

// Found lattices, best first: of the first search and of a later one.
enum Pool { first_pool, rest_pool, pools };

// Where the stages of one search are recorded, for an indexer made with `debug`; see record.cuh.
struct Record {
  ewald_stage_summary* summary;  // usually null
  std::uint32_t* counts;
  ewald_stage_pick* picked;
  ewald_stage_vector* vectors;
  ewald_stage_cell *hits, *cells;
};

// In shared memory, one for the block.
constexpr int team_sums = 16;
struct State {
  alignas(16) float sums[kWarps][team_sums];  // see team_sum in lanes.cuh
  unsigned image;
  int n, used, flags;  // spots of the current list and of the image
  int total, warp_totals[kWarps];
  int least, above, ties, take;
  int lattice_count[pools];
  int flat, may_glance, accepted, decision, recording;
  float beam[3];  // the direction along which the searched list extends least
};

struct Plan {
  ewald_indexer_params params;
  Sizes size;
  Places at;
  // Tables of the handle; see cpp/indexing/tables.cpp. The angles of a turn, cosine and sine, are stored for each
  // stride that a search may have, consecutively from turn_at[stride] on: neighbouring lanes read neighbouring entries.
  const float *spiral_cos, *spiral_sin;
  const float2 *turn, *angles;
  const unsigned* turn_at;
  int spiral_points, angle_capacity, angle_points;
  int candidate_vectors;
  int first_effort;  // of the method
  int efforts;       // of a search at most; 0: all of the method
  const KnownCell* cells;
  const Length* lengths;
  int cell_count, length_count;
  // The batch; see ewald_indexer_run.
  const float* spots;
  const std::uint32_t* offsets;
  ewald_indexed_cell* found;  // of all images, in the order in which they are found
  unsigned* found_count;      // so far in this batch
  unsigned* found_at;         // an image's first
  ewald_image_result* results;
  std::uint8_t* assignment;
  unsigned first, images;  // of this launch
  unsigned* ticket;        // the next unassigned image, counted from the first; 0 between launches
  unsigned char* workspace;
  std::size_t stride;  // bytes of one block's workspace
  Record record;
};

__host__ __device__ constexpr int power_of_two(int n) {
  int p = 1;
  while (p < n) p *= 2;
  return p;
}

__host__ __device__ constexpr int round_up(int n, int to) { return (n + to - 1) / to * to; }
constexpr int state_bytes = round_up(int(sizeof(State)), 16);
// Shared memory of a block: the state, the spots, scratch, and a histogram of counts.
__host__ __device__ constexpr std::size_t shared_bytes(int spots) {
  return state_bytes + std::size_t(spots) * 16 + scratch_bytes + std::size_t(round_up(spots + 1, 4)) * 4;
}

// The locations of a block's data.
struct Block {
  const Plan& plan;
  unsigned char* work;

  template <class T>
  __device__ __forceinline__ DeviceSpan<T> span(std::size_t place, std::size_t count) const {
    return {reinterpret_cast<T*>(work + place), count};
  }
  static __device__ __forceinline__ unsigned char* shared(std::size_t place) {
    EWALD_DYNAMIC_SHARED(unsigned char, memory);
    return memory + place;
  }

  __device__ __forceinline__ State& state() const { return *reinterpret_cast<State*>(shared(0)); }
  // x y z and |s|, lowest resolution first: the searched list.
  __device__ __forceinline__ DeviceSpan<float4> spots() const {
    return {reinterpret_cast<float4*>(shared(state_bytes)), std::size_t(plan.size.spots)};
  }
  template <class T>
  __device__ __forceinline__ DeviceSpan<T> scratch(int first = 0) const {
    return {reinterpret_cast<T*>(shared(state_bytes + std::size_t(plan.size.spots) * 16)) + first,
            scratch_bytes / sizeof(T) - first};
  }
  __device__ __forceinline__ DeviceSpan<int> bins() const {
    return {reinterpret_cast<int*>(shared(state_bytes + std::size_t(plan.size.spots) * 16 + scratch_bytes)),
            std::size_t(plan.size.spots) + 1};
  }

  // All used spots of the image, and their places in the caller's list.
  __device__ __forceinline__ DeviceSpan<float4> all() const { return span<float4>(plan.at.all, plan.size.spots); }
  __device__ __forceinline__ DeviceSpan<std::uint32_t> source() const {
    return span<std::uint32_t>(plan.at.source, plan.size.spots);
  }
  __device__ __forceinline__ DeviceSpan<std::uint8_t> owner() const {
    return span<std::uint8_t>(plan.at.owner, plan.size.spots);
  }
  // Spots near a plane, for each sampled direction; directions that are scored.
  __device__ __forceinline__ DeviceSpan<std::uint16_t> counts() const {
    return span<std::uint16_t>(plan.at.counts, plan.size.points);
  }
  __device__ __forceinline__ DeviceSpan<std::uint32_t> listed() const {
    return span<std::uint32_t>(plan.at.listed, plan.size.points);
  }
  // For sorting: in shared memory if they fit, in place of the scratch.
  __device__ __forceinline__ DeviceSpan<std::uint64_t> keys(int count) const {
    return count * 8 <= scratch_bytes ? scratch<std::uint64_t>() : span<std::uint64_t>(plan.at.keys, plan.size.keys);
  }
  // Candidate vectors, x y z and merit.
  __device__ __forceinline__ DeviceSpan<float4> kept() const {
    return span<float4>(plan.at.kept, plan.size.candidates);
  }
  __device__ __forceinline__ DeviceSpan<Direction> directions() const {
    return span<Direction>(plan.at.directions, plan.size.directions);
  }
  __device__ __forceinline__ DeviceSpan<std::uint32_t> order() const {
    return span<std::uint32_t>(plan.at.order, plan.size.directions);
  }
  __device__ __forceinline__ DeviceSpan<std::uint64_t> picked_hits() const {
    return span<std::uint64_t>(plan.at.picked_hits, plan.size.picked_hits);
  }

  // Per warp: counts over the angles, hits, distances.
  template <class T>
  __device__ __forceinline__ DeviceSpan<T> of_warp(std::size_t place, int count) const {
    return {reinterpret_cast<T*>(work + place) + (threadIdx.x / 32) * std::size_t(count), std::size_t(count)};
  }
  __device__ __forceinline__ DeviceSpan<std::uint16_t> angle_counts() const {
    return of_warp<std::uint16_t>(plan.at.angle_counts, plan.size.angles);
  }
  __device__ __forceinline__ DeviceSpan<std::uint64_t> hits() const {
    return of_warp<std::uint64_t>(plan.at.hits, plan.size.hits);
  }
  __device__ __forceinline__ DeviceSpan<std::uint64_t> hits_of(int warp) const {
    return {reinterpret_cast<std::uint64_t*>(work + plan.at.hits) + warp * std::size_t(plan.size.hits),
            std::size_t(plan.size.hits)};
  }
  __device__ __forceinline__ DeviceSpan<float> residual2() const {
    return of_warp<float>(plan.at.residual2, plan.size.spots);
  }
  __device__ __forceinline__ DeviceSpan<Lattice> lattices(Pool pool) const {
    return {reinterpret_cast<Lattice*>(work + plan.at.lattices) + pool * std::size_t(plan.size.lattices),
            std::size_t(plan.size.lattices)};
  }
  // Places of a pool by rank; free places follow the existing lattices.
  __device__ __forceinline__ DeviceSpan<int> lattice_order(Pool pool) const {
    return {reinterpret_cast<int*>(work + plan.at.lattice_order) + pool * std::size_t(plan.size.lattices),
            std::size_t(plan.size.lattices)};
  }
  __device__ __forceinline__ DeviceSpan<Lattice> fresh() const { return span<Lattice>(plan.at.fresh, max_effort_hits); }
  __device__ __forceinline__ DeviceSpan<Lattice> accepted() const {
    return span<Lattice>(plan.at.accepted, plan.size.outputs);
  }
};

}  // namespace ewald::cuda::indexing
