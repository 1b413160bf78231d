// How probable it is that spots without a lattice give an answer as good: the formulas, given the counts of nodes,
// which each implementation computes in its own way. Shared by the C++ core and CUDA.
//
// - A spot unrelated to the lattice lies within r of a node with probability p = (4/3) pi r^3 V. So the number of
//   occupied nodes at a radius is binomial, and the tail of the binomial is the chance of one trial. Radii are tried
//   from wide to narrow, p halved each time, because the errors of the data are unknown.
// - The search tries every orientation. Orientations that differ by r at the spots' resolution s are different trials:
//   there are about 8 pi^2 (s / r)^3 of them, and with p as above that is 8 pi^2 N / p, N the number of nodes out to s.
// - A node counts once, however many spots crowd around it (split spots), and the node 000 never counts.
// - Spots are not always spread evenly: they may sit on rings, or all near a plane that is also a plane of the lattice.
//   So p is measured as well: the lattice is rotated about the beam by arbitrary angles, which preserves rings and
//   planes, and the hits are counted.
#pragma once
#include "indexing/known_cell.h"

namespace ewald::indexing {

// In double on the host, and in float32 on GPUs, which have few double-precision units; the same holds for the formulas
// below.
template <class T>
struct ChanceOf {
  T log10;       // of the chance that spots without the lattice do as well, if they are spread evenly
  T p, radius;   // the occupancy and radius at which it was found
  T trials;      // log10 of the number of trials
  int occupied;  // nodes with a spot within the radius
};
using Chance = ChanceOf<double>;

// log10 of the probability of k or more hits in n trials of probability p.
EWALD_HD_CALL double log10_tail(const double* log10_factorial, int n, int k, double p) {
  if (k <= 0 || k <= n * p) return 0;
  if (k > n) k = n;
  double tail =
      log10_factorial[n] - log10_factorial[k] - log10_factorial[n - k] + k * log10(p) + (n - k) * log10(1 - p);
  double term = 1, series = 1;
  const double odds = p / (1 - p);
  for (int i = k; i < n; i++) {
    term *= odds * (n - i) / (i + 1);
    series += term;
    if (term < tail_precision * series) break;
  }
  tail += log10(series);
  return tail < 0 ? tail : 0;
}

// Spots in a single row do not determine an orientation, however well they fit: the second moment across the row must
// be large enough. Computed from the sum of s s^T.
template <class T>
EWALD_HD bool in_a_row(const T (&m)[6]) {
  const T minors = m[0] * m[3] - m[1] * m[1] + m[0] * m[5] - m[2] * m[2] + m[3] * m[5] - m[4] * m[4];
  const T trace = m[0] + m[3] + m[5];
  return minors < T(row_limit) * trace * trace;
}

// log10 of the number of trials of a lattice with this number of nodes out to resolution s: orientations, radii, known
// cells; a strained cell has six more parameters to follow the spots.
template <class T>
EWALD_HD T log10_trials(T p, T radius, T nodes, T s, int cells, bool strained, bool scaled) {
  T trials = log10(T(8 * pi * pi) * (nodes + 1) / p) + log10(T(cells));
  if (strained) trials += T(strain_ways) * log10(1 + T(2 * strain_tolerance) * s / radius);
  if (scaled) trials += log10(1 + T(2 * scale_tolerance) * s / radius);
  return trials;
}
// The chance at one radius of a lattice with `occupied` of its nodes: tail and trials.
EWALD_HD Chance chance_at(const double* log10_factorial, int n, int occupied, double p, double radius, double nodes,
                          double s, int cells, bool strained, bool scaled) {
  const double trials = log10_trials(p, radius, nodes, s, cells, strained, scaled);
  return {log10_tail(log10_factorial, n, occupied, p) + trials, p, radius, trials, occupied};
}

// Number of rotations about the beam that measure an occupancy, for this total number of spots.
EWALD_HD int turns_for(int spots_looked_at, int n) {
  const int turns = spots_looked_at / n;
  return turns < min_turns ? min_turns : turns > max_turns ? max_turns : turns;
}
// Place of the i-th rotation in the table: golden-ratio angles are evenly spread, and none is a symmetry of a lattice.
EWALD_HD int turn_place(int i) { return int(uint64_t(uint32_t(i) * 0x9e3779b9u) * uint64_t(turn_steps) >> 32); }

// Hits within r, 2r and 4r of a node: for the usual rotations, and for the odd ones, which have as many hits as the
// answer.
struct TurnedHits {
  int usual[3], odd[3], odd_turns;
};
EWALD_HD bool is_odd(int hits, int occupied) { return hits > odd_hits && 10 * hits > odd_share * occupied; }

// The chance of a hit at occupancy p when the lattice is rotated; at least p.
template <class T>
EWALD_HD T occupancy_of(const TurnedHits& hits, int turns, int n, T p) {
  // A few odd rotations are symmetries of the lattice, or a second crystal, and are not counted. If there are many, the
  // answer itself is not significant.
  const bool leave_out = odd_turns * hits.odd_turns <= turns;
  const int taken = leave_out ? turns - hits.odd_turns : turns;
  // A few hits carry little information, so eight virtual hits of the uniform case are added to them.
  T worst = 1;
  const T trials = T(taken) * T(n);
  EWALD_UNROLL
  for (int g = 0; g < 3; g++) {
    const T step = T(1 << g), even = p * step * step * step;
    if (even > T(even_limit)) break;
    const T counted = T(hits.usual[g] + (leave_out ? 0 : hits.odd[g]));
    const T excess = (counted + T(imagined_hits)) / (even * trials + T(imagined_hits));
    if (g == 0 && excess > worst) worst = excess;
    // Near a plane of the lattice hits grow as r^2, not r^3: an excess at a wider radius is even larger at this one.
    if (g > 0 && excess > T(wide_excess) && excess * step > worst) worst = excess * step;
  }
  const T measured = p * worst;
  return measured < T(highest_occupancy) ? measured : T(highest_occupancy);
}

// The number of spots with which to measure the occupancy, or 0 if it is not worth measuring: where the answer is
// beyond doubt, a rough measurement is enough.
template <class T>
EWALD_HD int looks_for(const ChanceOf<T>& chance, T accept_log10) {
  if (chance.occupied == 0 || chance.log10 > T(measured_from)) return 0;
  return chance.log10 < T(clear_factor) * accept_log10 - T(clear_decades) ? clear_looks : looks;
}

// log10 of the chance with a measured occupancy.
EWALD_HD double with_occupancy(const double* log10_factorial, const Chance& chance, int n, double p) {
  if (p <= chance.p) return chance.log10;
  const double log10_chance = log10_tail(log10_factorial, n, chance.occupied, p) + chance.trials;
  return log10_chance < 0 ? log10_chance : 0;
}

}  // namespace ewald::indexing
