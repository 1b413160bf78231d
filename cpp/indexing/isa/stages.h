// The stages of the fast and of the exhaustive method, in the order they are run. Every function lives in the namespace
// of its instruction set.
#pragma once
#include "common/simd.h"
#include "generated/ranges.h"
#define EWALD_KERNELS ewald::EWALD_ISA
#include "indexing/labels.h"
#include "indexing/least_squares.h"
#include "indexing/plan.h"
#include "indexing/significance.h"
#include "indexing/vector_fit.h"

namespace ewald::EWALD_ISA {
using namespace ewald::indexing;

// The sums of a vector's fit, one candidate a lane; r is the record of a spot.
EWALD_INLINE VectorSums<F> no_sums() {
  return {zero(), zero(), zero(), zero(), zero(), zero(), zero(), zero(), zero()};
}
EWALD_INLINE void add_moments(VectorSums<F>& sums, M near, const float* r) {
  sums.xx = add_where(near, sums.xx, splat(r[3]));
  sums.xy = add_where(near, sums.xy, splat(r[4]));
  sums.xz = add_where(near, sums.xz, splat(r[5]));
  sums.yy = add_where(near, sums.yy, splat(r[6]));
  sums.yz = add_where(near, sums.yz, splat(r[7]));
  sums.zz = add_where(near, sums.zz, splat(r[8]));
}
EWALD_INLINE void add_deviation(VectorSums<F>& sums, M near, const float* r, F off) {
  const F pull = where(near, off);
  sums.x = fma(pull, splat(r[0]), sums.x);
  sums.y = fma(pull, splat(r[1]), sums.y);
  sums.z = fma(pull, splat(r[2]), sums.z);
}

// A cell in vectors, and the residuals of spots from its nodes.
struct Lanes9 {
  F v[9];
};

EWALD_INLINE Lanes9 lanes_of(const Cell& c) {
  Lanes9 r;
  for (int i = 0; i < 3; i++) {
    r.v[3 * i] = splat(float(c.row[i].x));
    r.v[3 * i + 1] = splat(float(c.row[i].y));
    r.v[3 * i + 2] = splat(float(c.row[i].z));
  }
  return r;
}

struct Residual {
  F qx, qy, qz;  // the node
  F ex, ey, ez;  // spot - node
  F index2;      // squared distance in index units
};

EWALD_INLINE Residual residual(const Lanes9& a, const Lanes9& b, F x, F y, F z) {
  const F h = fma(a.v[0], x, fma(a.v[1], y, a.v[2] * z));
  const F k = fma(a.v[3], x, fma(a.v[4], y, a.v[5] * z));
  const F l = fma(a.v[6], x, fma(a.v[7], y, a.v[8] * z));
  const F H = round_even(h), K = round_even(k), L = round_even(l);
  const F dh = h - H, dk = k - K, dl = l - L;
  Residual r;
  r.index2 = fma(dh, dh, fma(dk, dk, dl * dl));
  r.qx = fma(H, b.v[0], fma(K, b.v[3], L * b.v[6]));
  r.qy = fma(H, b.v[1], fma(K, b.v[4], L * b.v[7]));
  r.qz = fma(H, b.v[2], fma(K, b.v[5], L * b.v[8]));
  // Computed from the index residuals, not as s - q, so that no digits are lost.
  r.ex = fma(dh, b.v[0], fma(dk, b.v[3], dl * b.v[6]));
  r.ey = fma(dh, b.v[1], fma(dk, b.v[4], dl * b.v[7]));
  r.ez = fma(dh, b.v[2], fma(dk, b.v[5], dl * b.v[8]));
  return r;
}

// spots.cpp: reads the image's spots, lowest resolution first; returns ImageFlag bits.
uint32_t take_spots(const float* spots, uint32_t n, int max_spots, Workspace& work, SpotList& list);
// Copies the spots of `from` that no lattice owns.
void take_rest(const SpotList& from, const uint8_t* owner, SpotList& list);

// sample.cpp: counts, for each of `points` directions of the half-sphere, the first `n` spots within `distance` periods
// of a plane of the vector of this length; the fast variant works on 12 fractional bits of the phase.
void count_directions_fast(const Tables& tables, int points, double length, const SpotList& spots, int n,
                           float distance, Workspace& work);
void count_directions(const Tables& tables, int points, double length, const SpotList& spots, float distance,
                      Workspace& work);
// About `want` directions with the highest counts, in the order of their index.
int pick_directions(const int32_t* counts, int points, int largest, int want, int32_t* picked);
Vec3 direction(const Tables& tables, int points, int k);

// ladder.cpp: fits candidate vectors by least squares over growing resolution, with their length known to `tolerance`
// (relative); stores the best `keep` in work.kept, best first.
void climb(const Tables& tables, int points, const int32_t* picked, int count, double length, const SpotList& spots,
           int first, int keep, double tolerance, Workspace& work);

// rotate.cpp: rotates the cell about each candidate; stores the best distinct hits in work.hits, best first. With
// `free_scale` the whole cell is scaled to the candidate.
int search_rotation(const RunPlan& plan, const BaseVector& base, const CandidateList& candidates, const SpotList& spots,
                    int keep, bool free_scale, Workspace& work);
// The vector and direction of a candidate (2 c: unchanged, 2 c + 1: reversed).
struct Placed {
  BaseVector base;
  Frame frame;
};
Placed place(const BaseVector& base, const CandidateList& candidates, int candidate, bool free_scale);
Frame frame_about(Vec3 u);
// The cell that has `base` along u and the other vectors at this angle from x.
Cell cell_of(const BaseVector& base, const Frame& frame, double cosine, double sine);
// Stores in work.turning what the search needs of those of the first n spots that lie within `limit` periods of a plane
// of the candidate.
int spots_on_planes(const BaseVector& base, const Frame& frame, const SpotList& spots, int n, float limit,
                    Workspace& work);
// Counts those spots within `limit` of a node into work.angle_counts, for every angle; a count that cannot reach
// `least` may stay low.
void count_angles(const float* cosine, const float* sine, int steps, int n, float limit, int least, Workspace& work);

// refine.cpp
int turn_to_spots(Cell& cell, const SpotList& spots, int n, double index_limit, double radius);
int fit_to_spots(Cell& cell, const Cell& anchor, const SpotList& spots, int n, double index_limit, double radius,
                 double weight);
double merit(const Cell& cell, const SpotList& spots, double radius);
// Spots within the radius of a node, and the sum of their squared distances.
int spots_within(const Cell& cell, const SpotList& spots, double radius, double* squares);
void residuals2(const Cell& cell, const SpotList& spots, float* out);
// Refines the rotation first, then also the cell if the spots support it.
void refine(const RunPlan& plan, const KnownCell& known, const SpotList& spots, bool strain, Lattice& lattice);

// classic.cpp: refines as params.refinement says, from spots within `limit` index units; sets lattice.score to the
// distance of the spot that is refine_min_spots-th best: positive, smaller is better.
void refine_classic(const RunPlan& plan, const KnownCell& known, const SpotList& spots, double limit, Lattice& lattice,
                    Workspace& work);

// verdict.cpp
// The direction along which the spots extend least, and their root mean square extent along it; see least_squares.h.
Vec3 thin_axis(const SpotList& spots, double& thickness);
Chance chance_of(const RunPlan& plan, const Lattice& lattice, const SpotList& spots, Workspace& work);
// log10 of the chance, with the occupancy measured about work.beam.
double measured(const RunPlan& plan, const Chance& chance, const Lattice& lattice, const SpotList& spots,
                const Workspace& work);

// record.cpp: copies the result of a stage, if the current search is recorded; the last stage ends the record.
void record_sampling(Workspace& work, double length, int row, int spots, int directions);
void record_pick(Workspace& work, int direction, float score);
void record_vectors(Workspace& work, const CandidateList& list, bool scored);
void record_hit(Workspace& work, const Cell& cell, float score, int count, int angles);
void record_cell(Workspace& work, const Lattice& lattice);
void end_record(Workspace& work);

// fast.cpp
void search_fast(const RunPlan& plan, const SpotList& spots, Workspace& work);
void judge(const RunPlan& plan, const SpotList& spots, bool may_strain, Lattice& lattice, Workspace& work);
// exhaustive.cpp
void search_exhaustive(const RunPlan& plan, const SpotList& spots, Workspace& work);

// Either of the two methods; stores lattices in work.lattices, best first.
EWALD_INLINE void search(const RunPlan& plan, const SpotList& spots, Workspace& work) {
  if (plan.descriptor.method == EWALD_METHOD_EXHAUSTIVE)
    search_exhaustive(plan, spots, work);
  else
    search_fast(plan, spots, work);
}

// label.cpp: names the axes of the first `accepted` lattices as their spots say; counts in work.rivals what they leave
// undecided. Only for known cells that have several labels.
void name_lattices(const RunPlan& plan, int accepted, Workspace& work);

// multi.cpp: accepts lattices one after the other into work.accepted, each from the spots that the earlier ones leave;
// returns their number.
int accept_lattices(const RunPlan& plan, Workspace& work);
// Lattice of each of work.all's spots into work.owner: the nearest lattice within its acceptance radius, 1 for the
// first; 0 for none.
void assign_spots(const RunPlan& plan, int accepted, Workspace& work);

}  // namespace ewald::EWALD_ISA
