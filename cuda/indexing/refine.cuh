// Refinement in reciprocal space, a warp or the block for a cell: first only the orientation, then also the cell if the
// spots support it.
//
// A spot s is given the node q = h a* + k b* + l c* with (h, k, l) its rounded indices, and e = s - q. A rotation by
// the small vector w moves q by w x q, and sum |e - w x q|^2 is least for (sum |q|^2 1 - q q^T) w = sum q x e. A
// strained lattice moves q by D q, and with the rows of D kept small by a weight, row i of D is (sum q q^T + weight
// 1)^-1 sum e_i q. A rotation has 3 parameters, D has 9: with few spots the 9 fit noise, so the rotation is the default
// and D must be justified by the spots.
//
// The sums have the same bits in every thread, so each solves separately and no cell is passed between threads.
#pragma once
#include "lanes.cuh"

namespace ewald::cuda::indexing {

struct Residual {
  Vec3f q;        // the node
  Vec3f e;        // spot - node
  float index2;   // squared distance in index units
  float h, k, l;  // the node's indices
};

__device__ __forceinline__ float indexed(Vec3f row, float4 s) {
  return fmaf(row.x, s.x, fmaf(row.y, s.y, row.z * s.z));
}
__device__ __forceinline__ Vec3f node_of(const Cellf& b, float h, float k, float l) {
  return {fmaf(h, b.row[0].x, fmaf(k, b.row[1].x, l * b.row[2].x)),
          fmaf(h, b.row[0].y, fmaf(k, b.row[1].y, l * b.row[2].y)),
          fmaf(h, b.row[0].z, fmaf(k, b.row[1].z, l * b.row[2].z))};
}
__device__ __forceinline__ float square(Vec3f v) { return fmaf(v.x, v.x, fmaf(v.y, v.y, v.z * v.z)); }

__device__ __forceinline__ Residual residual(const Cellf& a, const Cellf& b, float4 s) {
  const float h = indexed(a.row[0], s), k = indexed(a.row[1], s), l = indexed(a.row[2], s);
  Residual r;
  r.h = round_even(h), r.k = round_even(k), r.l = round_even(l);
  const float dh = h - r.h, dk = k - r.k, dl = l - r.l;
  r.index2 = fmaf(dh, dh, fmaf(dk, dk, dl * dl));
  r.q = node_of(b, r.h, r.k, r.l);
  r.e = node_of(b, dh, dk, dl);  // from the index residuals, not as s - q: no digits are lost
  return r;
}

// Whether two lattices are equivalent, in float32: the tolerance is a hundred thousand times its precision.
__device__ __forceinline__ bool same(const Lattice& a, const Lattice& b) {
  return same_lattice(in_float(a.cell), in_float(b.cell), same_lattice_limit);
}

// x of A x = v in float32, for the symmetric matrix A, by the square-root-free Cholesky decomposition: cofactors would
// cancel if A is very anisotropic. Not ok if A is singular to float32. The counterpart of wgsl/indexing/geometry.wgsl:
// consumer GPUs have one double-precision unit for 64 single-precision ones, and the small steps do not need double
// precision.
struct Moments {
  float xx, xy, xz, yy, yz, zz;
};
struct Solution {
  Vec3f x;
  bool ok;
};
__device__ __forceinline__ Solution solve(const Moments& m, Vec3f v) {
  const float least = 1e-6f * (m.xx + m.yy + m.zz);
  const float l10 = m.xy / m.xx, l20 = m.xz / m.xx;
  const float d1 = fmaf(-l10, m.xy, m.yy), t = fmaf(-l20, m.xy, m.yz);
  const float l21 = t / d1, d2 = fmaf(-l21, t, fmaf(-l20, m.xz, m.zz));
  const bool ok = m.xx > least && d1 > least && d2 > least;
  const float y1 = fmaf(-l10, v.x, v.y), y2 = fmaf(-l21, y1, fmaf(-l20, v.x, v.z));
  const float z = y2 / d2, y = y1 / d1 - l21 * z;
  return {{v.x / m.xx - l10 * y - l20 * z, y, z}, ok};
}

// One round: rotates the cell towards those of the first n spots that are within both limits of a node; returns their
// number.
inline __device__ __noinline__ int turn_to_spots(const Block& block, Cell& cell, int n, double index_limit,
                                                 double radius) {
  const Cellf a = in_float(cell), b = reciprocal(a);
  const float index2 = float(index_limit * index_limit), radius2 = float(radius * radius);
  const DeviceSpan<float4> spots = block.spots();
  float xx = 0, xy = 0, xz = 0, yy = 0, yz = 0, zz = 0, tx = 0, ty = 0, tz = 0;
  int used = 0;
  for (int j = lane_index(); j < n; j += 32) {
    const Residual r = residual(a, b, spots[j]);
    if (!(r.index2 < index2 && square(r.e) < radius2)) continue;
    used++;
    xx = fmaf(r.q.x, r.q.x, xx);
    xy = fmaf(r.q.x, r.q.y, xy);
    xz = fmaf(r.q.x, r.q.z, xz);
    yy = fmaf(r.q.y, r.q.y, yy);
    yz = fmaf(r.q.y, r.q.z, yz);
    zz = fmaf(r.q.z, r.q.z, zz);
    const Vec3f t = cross(r.q, r.e);
    tx += t.x, ty += t.y, tz += t.z;
  }
  const int total = all_sum(used);
  xx = all_sum(xx), xy = all_sum(xy), xz = all_sum(xz), yy = all_sum(yy), yz = all_sum(yz), zz = all_sum(zz);
  const Vec3f torque{all_sum(tx), all_sum(ty), all_sum(tz)};
  // A small addition to the diagonal keeps a near-singular rotation small.
  const float keep = float(turn_stiffness) * (xx + yy + zz);
  const Solution turn = solve({yy + zz + keep, -xy, -xz, xx + zz + keep, -yz, xx + yy + keep}, torque);
  const float angle2 = dot(turn.x, turn.x);
  if (total < min_turn_spots || !turn.ok || !(angle2 > float(smallest_turn * smallest_turn)) ||
      !(angle2 < float(largest_turn * largest_turn)))
    return total;
  // sin w / w and (1 - cos w) / w^2 as series: at the largest rotation the omitted terms are below the last bit.
  float sine = 1, versed = 1;
#pragma unroll
  for (int k = 4; k >= 1; k--) {
    sine = 1 - angle2 * float(1.0 / ((2 * k) * (2 * k + 1))) * sine;
    versed = 1 - angle2 * float(1.0 / ((2 * k + 1) * (2 * k + 2))) * versed;
  }
  versed *= 0.5f;
#pragma unroll
  for (int i = 0; i < 3; i++) {
    // The changes are small and computed in float32; the rows accumulate them in double, or their lengths would drift.
    const Vec3f across = cross(turn.x, a.row[i]), change = sine * across + versed * cross(turn.x, across);
    cell.row[i] = cell.row[i] + Vec3{change.x, change.y, change.z};
  }
  return total;
}

// One round that changes orientation and metric. Spots are selected and indexed by `cell`; the change is measured from
// `anchor`, so several rounds cannot exceed what the weight allows. A larger weight (1/angstrom^2) gives a smaller
// change.
template <class Team>
__device__ __noinline__ int fit_to_spots(const Block& block, Cell& cell, const Cell& anchor, int n, double index_limit,
                                         double radius, double weight) {
  const Cellf a = in_float(cell), b = reciprocal(a), b0 = reciprocal(in_float(anchor));
  const float index2 = float(index_limit * index_limit), radius2 = float(radius * radius);
  const DeviceSpan<float4> spots = block.spots();
  float sums[16];
#pragma unroll
  for (int i = 0; i < 16; i++) sums[i] = 0;
  for (int j = Team::index(); j < n; j += Team::size) {
    const float4 s = spots[j];
    const Residual r = residual(a, b, s);
    if (!(r.index2 < index2 && square(r.e) < radius2)) continue;
    sums[15] += 1;
    const Vec3f q = node_of(b0, r.h, r.k, r.l), e{s.x - q.x, s.y - q.y, s.z - q.z};
    sums[0] = fmaf(q.x, q.x, sums[0]), sums[1] = fmaf(q.x, q.y, sums[1]), sums[2] = fmaf(q.x, q.z, sums[2]);
    sums[3] = fmaf(q.y, q.y, sums[3]), sums[4] = fmaf(q.y, q.z, sums[4]), sums[5] = fmaf(q.z, q.z, sums[5]);
    sums[6] = fmaf(e.x, q.x, sums[6]), sums[7] = fmaf(e.x, q.y, sums[7]), sums[8] = fmaf(e.x, q.z, sums[8]);
    sums[9] = fmaf(e.y, q.x, sums[9]), sums[10] = fmaf(e.y, q.y, sums[10]), sums[11] = fmaf(e.y, q.z, sums[11]);
    sums[12] = fmaf(e.z, q.x, sums[12]), sums[13] = fmaf(e.z, q.y, sums[13]), sums[14] = fmaf(e.z, q.z, sums[14]);
  }
  team_sum<Team>(block, sums);
  const int total = int(sums[15]);
  if (total < min_fit_spots) return total;
  const float w = float(weight);
  const Moments normal{sums[0] + w, sums[1], sums[2], sums[3] + w, sums[4], sums[5] + w};
  const Solution dx = solve(normal, {sums[6], sums[7], sums[8]}), dy = solve(normal, {sums[9], sums[10], sums[11]}),
                 dz = solve(normal, {sums[12], sums[13], sums[14]});
  if (!dx.ok) return total;
  Cellf moved;
#pragma unroll
  for (int i = 0; i < 3; i++) {
    const Vec3f q = b0.row[i];
    moved.row[i] = q + Vec3f{dot(dx.x, q), dot(dy.x, q), dot(dz.x, q)};
  }
  const float size = volume(moved) / volume(b0);
  if (!(size > float(smallest_growth) && size < float(largest_growth))) return total;
  const Cellf strained = reciprocal(moved);
#pragma unroll
  for (int i = 0; i < 3; i++) cell.row[i] = {strained.row[i].x, strained.row[i].y, strained.row[i].z};
  return total;
}

// Sum over spots of max(0, 1 - e^2 / radius^2).
template <class Team>
__device__ __noinline__ double merit(const Block& block, const Cell& cell, int n, double radius) {
  const Cellf a = in_float(cell), b = reciprocal(a);
  const float scale = float(1 / (radius * radius));
  const DeviceSpan<float4> spots = block.spots();
  float total[1] = {0};
  for (int j = Team::index(); j < n; j += Team::size)
    total[0] += fmaxf(fmaf(-square(residual(a, b, spots[j]).e), scale, 1.0f), 0.0f);
  team_sum<Team>(block, total);
  return total[0];
}

// Spots within the radius of a node, and the sum of their squared distances.
__device__ __forceinline__ int spots_within(const Block& block, const Cell& cell, int n, double radius,
                                            double* squares) {
  const Cellf a = in_float(cell), b = reciprocal(a);
  const float limit2 = float(radius * radius);
  const DeviceSpan<float4> spots = block.spots();
  float total = 0;
  int inside = 0;
  for (int j = lane_index(); j < n; j += 32) {
    const float e2 = square(residual(a, b, spots[j]).e);
    inside += e2 < limit2;
    total += e2 < limit2 ? e2 : 0.0f;
  }
  *squares = all_sum(total);
  return all_sum(inside);
}

// The orientation.
inline __device__ __noinline__ void refine_rotation(const Block& b, const KnownCell& known, int n, Lattice& lattice) {
  const int low = min(n, turn_spots);
  const double r = known.acceptance;
  Cell cell = lattice.cell;
  for (int i = 0; i < turn_rounds; i++) {
    const TurnRound round = turn_round_of(i);
    turn_to_spots(b, cell, round.low ? low : n, round.index_limit, round.radius > 0 ? round.radius * r : 1e9);
  }
  lattice.cell = cell;
  lattice.merit = merit<OneWarp>(b, cell, n, r);
  lattice.strained = false;
  lattice.judged = false;
}

// Refines the cell as well; the lattice is unchanged if that leads to another cell.
template <class Team>
__device__ __noinline__ void refine_strain(const Block& b, const KnownCell& known, int n, Lattice& lattice) {
  const int low = min(n, turn_spots);
  const double r = known.acceptance;
  // Weighs errors of the spots against strain of the cell.
  const double weight = (r / strain_errors / strain_tolerance) * (r / strain_errors / strain_tolerance);
  const Cell anchor = lattice.cell;
  Cell cell = anchor;
  for (int m = low;; m = 2 * m < n ? 2 * m : n) {
    fit_to_spots<Team>(b, cell, anchor, m, grow_index_limit, grow_radius * r, grow_stiffness * weight);
    if (m == n) break;
  }
  const ewald_indexer_params& p = b.plan.params;
  const double last = p.max_distance > 0 ? double(p.max_distance) : last_radius * r;
  double radius = fit_radius * r;
  for (unsigned round = 0; round < p.refine_iterations && radius > last; round++, radius *= p.contraction)
    if (fit_to_spots<Team>(b, cell, anchor, n, fit_index_limit, radius, weight) < int(p.refine_min_spots)) break;
  if (cell_difference(in_float(cell), in_float(known.cell)) >= float(strain_limit)) return;
  lattice.cell = cell;
  lattice.merit = merit<Team>(b, cell, n, r);
  lattice.strained = true;
  lattice.judged = false;
}

// Called by all warps: each rotates the cell separately, with identical bits, and they strain it together.
__device__ __forceinline__ void refine(const Block& b, const KnownCell& known, int n, bool strain, Lattice& lattice) {
  if (strain)
    refine_strain<WholeBlock>(b, known, n, lattice);
  else
    refine_rotation(b, known, n, lattice);
}

}  // namespace ewald::cuda::indexing
