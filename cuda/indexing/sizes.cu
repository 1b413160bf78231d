#include "sizes.cuh"

#include <algorithm>

namespace ewald::cuda::indexing {

Sizes sizes_of(const ewald_indexer_descriptor& d) {
  Sizes s{};
  s.spots = int(d.max_spots);
  s.points = int(d.max_sample_points);
  s.angles = std::max(int(d.max_angle_points), min_angles);
  s.outputs = int(d.max_output_cells);
  s.lattices = s.outputs + pool_spare;
  int keys = 2 * power_of_two(s.spots);
  if (d.method == EWALD_METHOD_EXHAUSTIVE) {
    const int vectors = int(d.candidate_vectors ? d.candidate_vectors : exhaustive_vectors);
    s.candidates = vectors;
    s.directions = 2 * vectors * (d.redundant ? 3 : 1) * int(d.max_input_cells);
    s.picked_hits = ties_per_output * s.outputs;
    s.hits = s.angles + (ties_per_output + 1) * s.outputs + 32;
    keys = std::max({keys, 2 * power_of_two(vectors), power_of_two(s.directions), 2 * power_of_two(s.picked_hits)});
  } else {
    s.candidates = max_picked;
    s.hits = s.angles + enough_hits + max_ties + 32;
  }
  s.keys = keys;
  return s;
}

Places places_of(const Sizes& s, bool exhaustive) {
  Places p{};
  std::size_t used = 0;
  const auto take = [&](std::size_t count, std::size_t bytes) {
    const std::size_t at = used;
    used = (used + count * bytes + 127) / 128 * 128;
    return at;
  };
  p.all = take(s.spots, sizeof(float4));
  p.source = take(s.spots, 4);
  p.owner = take(s.spots, 1);
  p.counts = take(s.points, 2);
  p.listed = take(exhaustive ? s.points : 0, 4);
  p.keys = take(s.keys * 8 > scratch_bytes ? s.keys : 0, 8);
  p.kept = take(s.candidates, sizeof(float4));
  p.directions = take(s.directions, sizeof(Direction));
  p.order = take(s.directions, 4);
  p.picked_hits = take(s.picked_hits, 8);
  p.angle_counts = take(std::size_t(kWarps) * s.angles, 2);
  p.hits = take(std::size_t(kWarps) * s.hits, 8);
  p.residual2 = take(std::size_t(kWarps) * s.spots, 4);
  p.lattices = take(std::size_t(pools) * s.lattices, sizeof(Lattice));
  p.lattice_order = take(std::size_t(pools) * s.lattices, 4);
  p.fresh = take(max_effort_hits, sizeof(Lattice));
  p.accepted = take(s.outputs, sizeof(Lattice));
  p.bytes = used;
  return p;
}

}  // namespace ewald::cuda::indexing
