// The refinements of the published method, one warp per cell: least squares for all nine numbers of the cell, with a
// radius that shrinks from round to round. ifss keeps the indices of the first cell, ifse recomputes them each round,
// ifssr measures distances in 1/angstrom.
//
// They are unrestrained fits, so they need many more spots than parameters; the fast method's own refinement does not
// (refine.cuh).
#pragma once
#include "refine.cuh"

namespace ewald::cuda::indexing {

// Sums of one least-squares round: spots within `limit` of a node, in index units or (reciprocal) in 1/angstrom.
// Indices come from `index_cell`. Returns the number of spots and the fitted cell; leaves squared distances in
// b.residual2().
inline __device__ __noinline__ int least_squares(const Block& block, const Cell& cell, const Cell& index_cell, int n,
                                                 bool reciprocal_space, double limit, Cell& fitted) {
  const Cellf a = in_float(cell), m = in_float(index_cell), b = in_float(reciprocal(cell));
  const float limit2 = float(limit * limit);
  const DeviceSpan<float4> spots = block.spots();
  const DeviceSpan<float> distance2 = block.residual2();
  float sums[15];
#pragma unroll
  for (int i = 0; i < 15; i++) sums[i] = 0;
  int used = 0;
  for (int j = lane_index(); j < n; j += 32) {
    const float4 s = spots[j];
    const float h = round_even(indexed(m.row[0], s)) - indexed(a.row[0], s),
                k = round_even(indexed(m.row[1], s)) - indexed(a.row[1], s);
    const float l = round_even(indexed(m.row[2], s)) - indexed(a.row[2], s);
    const float d2 = reciprocal_space ? square(node_of(b, h, k, l)) : fmaf(h, h, fmaf(k, k, l * l));
    distance2[j] = d2;
    if (!(d2 < limit2)) continue;
    used++;
    sums[0] = fmaf(s.x, s.x, sums[0]), sums[1] = fmaf(s.x, s.y, sums[1]), sums[2] = fmaf(s.x, s.z, sums[2]);
    sums[3] = fmaf(s.y, s.y, sums[3]), sums[4] = fmaf(s.y, s.z, sums[4]), sums[5] = fmaf(s.z, s.z, sums[5]);
    sums[6] = fmaf(h, s.x, sums[6]), sums[7] = fmaf(h, s.y, sums[7]), sums[8] = fmaf(h, s.z, sums[8]);
    sums[9] = fmaf(k, s.x, sums[9]), sums[10] = fmaf(k, s.y, sums[10]), sums[11] = fmaf(k, s.z, sums[11]);
    sums[12] = fmaf(l, s.x, sums[12]), sums[13] = fmaf(l, s.y, sums[13]), sums[14] = fmaf(l, s.z, sums[14]);
  }
  const int total = all_sum(used);
#pragma unroll
  for (int i = 0; i < 15; i++) sums[i] = all_sum(sums[i]);
  const double moments[6] = {sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]};
  const double right[9] = {sums[6], sums[7], sums[8], sums[9], sums[10], sums[11], sums[12], sums[13], sums[14]};
  fitted = fitted_freely(cell, moments, right);
  return total;
}

// The `rank`-th smallest of this warp's n squared distances, from 1; each lane reads only what it wrote.
__device__ __forceinline__ float smallest(const Block& b, int n, int rank) {
  const DeviceSpan<float> distance2 = b.residual2();
  unsigned value = 0;  // as the bits of a float that is not negative
  for (int bit = 30; bit >= 0; bit--) {
    const unsigned trial = value | ((1u << bit) - 1);
    int below = 0;
    for (int j = lane_index(); j < n; j += 32) below += __float_as_uint(distance2[j]) <= trial;
    if (all_sum(below) < rank) value |= 1u << bit;
  }
  return __uint_as_float(value);
}

// Refines as params.refinement says, from spots within `limit` index units; sets lattice.score to the distance of the
// refine_min_spots-th best spot: positive, smaller is better.
inline __device__ __noinline__ void refine_classic(const Block& b, const KnownCell& known, int n, double limit,
                                                   Lattice& lattice) {
  const ewald_indexer_params& p = b.plan.params;
  const int least = int(p.refine_min_spots);
  if (p.refinement == EWALD_REFINEMENT_RAW) {  // the search's cell and score
    lattice.strained = false;
    return;
  }
  Cell cell = lattice.cell, fitted;
  if (p.refinement == EWALD_REFINEMENT_ROTATION) {
    refine_rotation(b, known, n, lattice);
    cell = lattice.cell;
    const Cellf af = in_float(cell), bf = in_float(reciprocal(cell));
    for (int j = lane_index(); j < n; j += 32) b.residual2()[j] = square(residual(af, bf, b.spots()[j]).e);
  } else if (p.refinement == EWALD_REFINEMENT_IFSSR) {
    limit /= known.shortest;
    for (unsigned round = 1;; round++) {
      const int used = least_squares(b, cell, cell, n, true, limit, fitted);
      if (round >= p.refine_iterations || limit <= p.max_distance || used < least) break;
      limit *= p.contraction;
      cell = fitted;
    }
    lattice.strained = true;
  } else {
    const bool frozen = p.refinement == EWALD_REFINEMENT_IFSS;
    const Cell first = cell;
    for (unsigned round = 0; round < p.refine_iterations && limit > p.max_distance; round++) {
      const int used = least_squares(b, cell, frozen ? first : cell, n, false, limit, fitted);
      if (used < least) break;
      limit *= p.contraction;
      cell = fitted;
    }
    least_squares(b, cell, frozen ? first : cell, n, false, limit, fitted);
    lattice.strained = true;
  }
  lattice.cell = cell;
  lattice.score = n < least ? 1 : double(sqrtf(smallest(b, n, least)));
}

}  // namespace ewald::cuda::indexing
