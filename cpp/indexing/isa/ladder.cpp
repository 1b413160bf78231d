// The ladder: each candidate vector is fitted to more and more spots, from low to high resolution, with one candidate
// in each lane.
//
// A round takes the spots within `limit` periods of a plane of z, rounds their phases, and moves z by least squares
// towards those planes. A prior keeps z near the sampled direction and near the known length. The round solves for the
// step, not for z: the step is small, so float32 is enough.
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

constexpr int stretch = 32;  // spots of a pass
constexpr bool many_registers = width == 16;

struct Prior {
  float across, along;  // weights of a shift across and along the sampled vector, 1/angstrom^2
};

// One round over the first n spots for all candidates; candidates with fewer than `least` spots are marked by good = 0.
void climb_round(CandidateList& list, const SpotList& spots, int n, float limit, int least, const Prior& prior) {
  const F limit2 = splat(limit * limit);
  for (int c = 0; c < list.n; c += width) {
    const F zx = load(list.x + c), zy = load(list.y + c), zz = load(list.z + c);
    VectorSums<F> sums = no_sums();
    F value = zero();
    I good = izero();
    // A stretch of spots at a time, in passes that each fit into the registers: in one pass every sum would wait for a
    // long chain of operations, and most of the sums would be kept in memory.
    F off[stretch];
    for (int done = 0; done < n; done += stretch) {
      const int m = n - done < stretch ? n - done : stretch;
      const float* record = spots.record + 12 * done;
      const float* r = record;
      for (int k = 0; k < m; k++, r += 12) {
        const F phase = fma(zx, splat(r[0]), fma(zy, splat(r[1]), zz * splat(r[2])));
        off[k] = round_even(phase) - phase;
      }
      r = record;
      for (int k = 0; k < m; k++, r += 12) {
        const F rest = fnma(off[k], off[k], limit2);
        const M near = lt(zero(), rest);
        good = count(near, good);
        value = add_where(near, value, rest);
        add_deviation(sums, near, r, off[k]);
        if (many_registers)
          add_moments(sums, near, r);
        else
          off[k] = rest;
      }
      r = record;
      for (int k = 0; k < m && !many_registers; k++, r += 12) add_moments(sums, lt(zero(), off[k]), r);
    }
    add_prior(sums, zx, zy, zz, load(list.x0 + c), load(list.y0 + c), load(list.z0 + c), splat(prior.across),
              splat(prior.along - prior.across));
    const VectorStep<F> step = step_of(sums);
    const M enough = lt(splat(int32_t(least - 1)), good);
    const M solvable = both(enough, lt(step.least, step.determinant));
    const F scale = where(solvable, splat(1.0f) / step.determinant);
    store(list.x + c, zx + where(solvable, scale * step.x));
    store(list.y + c, zy + where(solvable, scale * step.y));
    store(list.z + c, zz + where(solvable, scale * step.z));
    store(list.merit + c, where(enough, value));
    store(list.good + c, (I)where(enough, (F)good));
  }
}

// Sum of max(0, plane_closeness - d^2) over all spots, d the distance from the nearest plane in periods.
void score_candidates(CandidateList& list, const SpotList& spots) {
  const F limit2 = splat(float(plane_closeness));
  for (int c = 0; c < list.n; c += width) {
    const F zx = load(list.x + c), zy = load(list.y + c), zz = load(list.z + c);
    F value = zero();
    const float* r = spots.record;
    for (int j = 0; j < spots.n; j++, r += 12) {
      const F phase = fma(zx, splat(r[0]), fma(zy, splat(r[1]), zz * splat(r[2])));
      const F off = phase - round_even(phase);
      value = value + max(fnma(off, off, limit2), zero());
    }
    store(list.merit + c, value);
  }
}

void copy_candidate(const CandidateList& from, int i, CandidateList& to, int k) {
  to.x[k] = from.x[i], to.y[k] = from.y[i], to.z[k] = from.z[i];
  to.x0[k] = from.x0[i], to.y0[k] = from.y0[i], to.z0[k] = from.z0[i];
  to.merit[k] = from.merit[i];
  to.good[k] = from.good[i];
}

// Fills the lanes after the last candidate with copies of it, so that kernels need no mask.
void pad(CandidateList& list) {
  if (list.n == 0) return;
  for (int k = list.n; k < padded(list.n); k++) copy_candidate(list, list.n - 1, list, k);
}

// Drops failed candidates, candidates of a wrong length, and the worse of any two that differ by less than `apart`
// periods at resolution s. Directions z and -z are equivalent.
void keep_distinct(CandidateList& list, float length, float s, float apart, float length_tolerance) {
  const float near = apart / s;
  const F near2 = splat(near * near);
  int32_t taken[candidate_vectors_high], place[candidate_vectors_high];  // who takes a place, and the place of each
  uint32_t holds[candidate_vectors_high / width + 1] = {};               // a bit for each candidate that has a place
  const auto hold = [&](int i, int at) {
    taken[at] = i;
    place[i] = at;
    holds[i / width] |= 1u << i % width;
  };
  int n = 0;
  for (int i = 0; i < list.n; i++) {
    if (list.good[i] == 0) continue;
    const float x = list.x[i], y = list.y[i], z = list.z[i];
    const float size = __builtin_sqrtf(x * x + y * y + z * z);
    if (!(__builtin_fabsf(size / length - 1) <= length_tolerance)) continue;
    const F vx = splat(x), vy = splat(y), vz = splat(z);
    int twin = n;  // the first place whose candidate is near
    for (int c = 0; c < i; c += width) {
      const F wx = load(list.x + c), wy = load(list.y + c), wz = load(list.z + c);
      const I sign = bits(fma(vx, wx, fma(vy, wy, vz * wz))) & splat(int32_t(0x80000000u));
      const F dx = wx - from_bits(bits(vx) ^ sign), dy = wy - from_bits(bits(vy) ^ sign),
              dz = wz - from_bits(bits(vz) ^ sign);
      uint32_t same = lanes(lt(fma(dx, dx, fma(dy, dy, dz * dz)), near2)) & holds[c / width];
      for (; same; same &= same - 1) {
        const int at = place[c + __builtin_ctz(same)];
        if (at < twin) twin = at;
      }
    }
    if (twin == n) {
      hold(i, n++);
    } else if (list.merit[i] > list.merit[taken[twin]]) {
      holds[taken[twin] / width] &= ~(1u << taken[twin] % width);
      hold(i, twin);
    }
  }
  if (n == list.n) return;  // each has its own place
  // In place: nobody takes a place behind its own.
  for (int k = 0; k < n; k++) copy_candidate(list, taken[k], list, k);
  list.n = n;
  pad(list);
}

struct ByMerit {  // by merit, larger first, then by place
  float merit;
  int32_t index;
  bool operator<(const ByMerit& other) const {
    return merit > other.merit || (merit == other.merit && index < other.index);
  }
};

void keep_best(CandidateList& list, int keep, bool sorted, CandidateList& scratch) {
  if (list.n <= keep && !sorted) return;
  ByMerit order[candidate_vectors_high];
  for (int i = 0; i < list.n; i++) order[i] = {list.merit[i], i};
  const int n = list.n < keep ? list.n : keep;
  if (list.n > n) std::nth_element(order, order + n, order + list.n);
  std::sort(order, order + n);
  for (int k = 0; k < n; k++) copy_candidate(list, order[k].index, scratch, k);
  scratch.n = n;
  const CandidateList swap = list;
  list = scratch;
  scratch = swap;
  pad(list);
}

}  // namespace

void climb(const Tables& tables, int points, const int32_t* picked, int count, double length, const SpotList& spots,
           int first, int keep, double tolerance, Workspace& work) {
  CandidateList list = work.found, scratch = work.kept;
  list.n = count;
  for (int i = 0; i < count; i++) {
    const Vec3 v = length * direction(tables, points, picked[i]);
    list.x[i] = list.x0[i] = float(v.x);
    list.y[i] = list.y0[i] = float(v.y);
    list.z[i] = list.z0[i] = float(v.z);
    list.merit[i] = 0;
    list.good[i] = 1;
  }
  pad(list);
  const int n = spots.n;
  const double edge = spots.length[first - 1];
  const double reach = sampled_reach * grid_step / edge;  // largest error of the sampled vector, angstrom
  const Prior prior{float(phase_error * phase_error / (reach * reach)),
                    float(phase_error * phase_error / (tolerance * tolerance * length * length))};
  const float limit = float(n > short_list ? length_limit : short_list_length_limit);
  const auto climb_to = [&](int round, int m) {
    const LadderRound r = ladder_round_of(round);
    climb_round(list, spots, m, float(r.limit), r.spots, prior);
    // The last round may fail for a weak candidate, which is then kept unchanged.
    if (round == ladder_last) {
      score_candidates(list, spots);
      for (int i = 0; i < list.n; i++) list.good[i] = 1;
    }
    keep_distinct(list, float(length), spots.length[m - 1], float(r.apart), limit);
  };

  climb_to(ladder_first, first);
  for (int m = first; m < n;) {
    m = m * 2 < n ? m * 2 : n;
    climb_to(ladder_growing, m);
    if (m < n) keep_best(list, ladder_spare * keep, false, scratch);
  }
  climb_to(ladder_full, n);
  climb_to(ladder_last, n);
  keep_best(list, keep, true, scratch);
  work.kept = list;
  work.found = scratch;
}

}  // namespace ewald::EWALD_ISA
