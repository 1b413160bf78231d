// The verdict: how probable it is that spots without the lattice give an answer as good. README.md derives it; in
// short:
//
// - A spot that knows nothing of the lattice lies within r of a node with probability p = (4/3) pi r^3 V. So the number
// of occupied nodes
//   at a radius is binomial, and the tail of the binomial is the chance of one trial. Radii are tried from wide to
//   narrow, p halved each time, because nobody knows the errors of the data.
// - The search tries every orientation. Orientations that differ by r at the spots' resolution s are different trials:
// there are about
//   8 pi^2 (s / r)^3 of them, and with p as above that is 8 pi^2 N / p, N the number of nodes out to s.
// - A node counts once, however many spots crowd around it (split spots), and the node 000 never.
// - Spots are not always spread evenly: they may sit on rings, or all near a plane that is also a plane of the lattice.
// So p is measured
//   as well: the lattice is turned about the beam by angles that mean nothing, which keeps rings and planes, and the
//   hits are counted.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

constexpr int levels = 16;
constexpr double widest_occupancy = 1.0 / 8;

struct Index3 {
  int h, k, l;
};

// Records that a spot lies in the given level at a node; of two spots at one node the closer one counts.
void occupy(Workspace& work, const Index3& node, int level, int* histogram) {
  const uint64_t key = uint64_t(uint32_t(node.h + 512) & 1023) << 20 | uint64_t(uint32_t(node.k + 512) & 1023) << 10 |
                       (uint32_t(node.l + 512) & 1023);
  const uint32_t mask = uint32_t(work.node_slots) - 1;
  uint32_t slot = uint32_t((key * 0x9e3779b97f4a7c15u) >> 40) & mask;
  const uint64_t tag = uint64_t(work.node_epoch) << 36 | key << 6;
  for (;; slot = (slot + 1) & mask) {
    const uint64_t held = work.nodes[slot];
    if (held >> 36 != (tag >> 36)) break;  // of an earlier call: free
    if ((held & ~uint64_t(63)) == tag) {
      const int before = int(held & 63);
      if (level > before) {
        histogram[before]--;
        histogram[level]++;
        work.nodes[slot] = tag | uint64_t(level);
      }
      return;
    }
  }
  work.nodes[slot] = tag | uint64_t(level);
  histogram[level]++;
}

// log10 of the probability of k or more hits in n trials of probability p.
double log10_tail(const double* log10_factorial, int n, int k, double p) {
  if (k <= 0 || k <= n * p) return 0;
  if (k > n) k = n;
  double tail =
      log10_factorial[n] - log10_factorial[k] - log10_factorial[n - k] + k * log10(p) + (n - k) * log10(1 - p);
  double term = 1, series = 1;
  const double odds = p / (1 - p);
  for (int i = k; i < n; i++) {
    term *= odds * (n - i) / (i + 1);
    series += term;
    if (term < 1e-4 * series) break;
  }
  tail += log10(series);
  return tail < 0 ? tail : 0;
}

// Spots within r, 2r and 4r of a node.
void count_within(const Cell& cell, const SpotList& spots, double radius, int out[3]) {
  const Cell nodes = reciprocal(cell);
  F a[9], b[9];
  for (int i = 0; i < 3; i++) {
    a[3 * i] = splat(float(cell.row[i].x)), a[3 * i + 1] = splat(float(cell.row[i].y)),
          a[3 * i + 2] = splat(float(cell.row[i].z));
    b[3 * i] = splat(float(nodes.row[i].x)), b[3 * i + 1] = splat(float(nodes.row[i].y)),
          b[3 * i + 2] = splat(float(nodes.row[i].z));
  }
  const F near = splat(float(radius * radius)), twice = splat(float(4 * radius * radius)),
          far = splat(float(16 * radius * radius));
  I n0 = izero(), n1 = izero(), n2 = izero();
  for (int j = 0; j < spots.n; j += width) {
    const F x = load(spots.x + j), y = load(spots.y + j), z = load(spots.z + j);
    F h = fma(a[0], x, fma(a[1], y, a[2] * z)), k = fma(a[3], x, fma(a[4], y, a[5] * z)),
      l = fma(a[6], x, fma(a[7], y, a[8] * z));
    h = h - round_even(h);
    k = k - round_even(k);
    l = l - round_even(l);
    const F ex = fma(h, b[0], fma(k, b[3], l * b[6])), ey = fma(h, b[1], fma(k, b[4], l * b[7])),
            ez = fma(h, b[2], fma(k, b[5], l * b[8]));
    const F e2 = fma(ex, ex, fma(ey, ey, ez * ez));
    n0 = count(lt(e2, near), n0);
    n1 = count(lt(e2, twice), n1);
    n2 = count(lt(e2, far), n2);
  }
  out[0] = sum(n0), out[1] = sum(n1), out[2] = sum(n2);
}

// The chance of a hit when the lattice is turned about the beam by angles that mean nothing; at least p.
double measured_occupancy(const Tables& tables, Vec3 axis, const Cell& cell, const SpotList& spots, double radius,
                          double p, int occupied, int looks) {
  int turns = looks / spots.n;
  turns = turns < 8 ? 8 : turns > 128 ? 128 : turns;
  double hits[3] = {0, 0, 0}, odd_hits[3] = {0, 0, 0};
  int odd = 0;
  for (int i = 1; i <= turns; i++) {
    // Golden-ratio angles: spread evenly, and none is a symmetry of a lattice.
    const int k = int((uint64_t(i) * 0x9e3779b9u & 0xffffffffu) * uint64_t(turn_steps) >> 32);
    Cell turned_cell;
    for (int row = 0; row < 3; row++)
      turned_cell.row[row] = turned(cell.row[row], axis, tables.turn_cos[k], tables.turn_sin[k]);
    int within[3];
    count_within(turned_cell, spots, radius, within);
    const bool is_odd = within[0] > 3 && 10 * within[0] > 7 * occupied;
    odd += is_odd;
    for (int g = 0; g < 3; g++) (is_odd ? odd_hits : hits)[g] += within[g];
  }
  // A few turns with as many hits as the answer: symmetries of the lattice after all, or a second crystal; they do not
  // count. When there are many it is the answer that is nothing special.
  const bool leave_out = 8 * odd <= turns;
  const int taken = leave_out ? turns - odd : turns;
  for (int g = 0; g < 3; g++) hits[g] += leave_out ? 0 : odd_hits[g];
  // Few hits say little: eight imagined hits of the even case stand beside them.
  double worst = 1;
  const double trials = double(taken) * spots.n;
  for (int g = 0; g < 3; g++) {
    const double step = g == 0 ? 1 : g == 1 ? 2 : 4, even = p * step * step * step;
    if (even > 0.25) break;
    const double excess = (hits[g] + 8) / (even * trials + 8);
    if (g == 0 && excess > worst) worst = excess;
    // Near a plane of the lattice hits grow as r^2, not r^3: an excess at a wider radius is larger still at this one.
    if (g > 0 && excess > 1.5 && excess * step > worst) worst = excess * step;
  }
  const double measured = p * worst;
  return measured < 0.5 ? measured : 0.5;
}

}  // namespace

Vec3 thin_axis(const SpotList& spots, double* thickness) {
  double a[6] = {0, 0, 0, 0, 0, 0};
  const float* r = spots.record;
  for (int j = 0; j < spots.n; j++, r += 12)
    for (int i = 0; i < 6; i++) a[i] += r[3 + i];
  const double m[6] = {a[0], a[1], a[2], a[3], a[4], a[5]}, shift = 1e-6 * (a[0] + a[3] + a[5]);
  a[0] += shift, a[3] += shift, a[5] += shift;
  double v[3] = {0.48, 0.60, 0.64};
  for (int round = 0; round < 6; round++) {  // inverse iteration
    double w[3];
    if (!solve(a, v, w)) break;
    const double size = __builtin_sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
    for (int i = 0; i < 3; i++) v[i] = w[i] / size;
  }
  if (thickness) {
    const double square = m[0] * v[0] * v[0] + m[3] * v[1] * v[1] + m[5] * v[2] * v[2] +
                          2 * (m[1] * v[0] * v[1] + m[2] * v[0] * v[2] + m[4] * v[1] * v[2]);
    *thickness = square > 0 ? __builtin_sqrt(square / spots.n) : 0;
  }
  return {v[0], v[1], v[2]};
}

Chance chance_of(const RunPlan& plan, const Lattice& lattice, const SpotList& spots, Workspace& work) {
  const int n = spots.n;
  Chance best{0, 0, 0, 0, 0};
  if (n < 4) return best;
  residuals2(lattice.cell, spots, work.residual2);
  if (++work.node_epoch == 1u << 27) {
    memset(work.nodes, 0, sizeof(uint64_t) * size_t(work.node_slots));
    work.node_epoch = 1;
  }
  const double cell_volume = fabs(volume(lattice.cell));
  float radius2[levels];
  const double widest = cbrt(widest_occupancy * 3 / (4 * M_PI * cell_volume));
  for (int j = 0; j < levels; j++) radius2[j] = float(widest * widest * exp2(-2.0 / 3 * j));
  int histogram[levels];
  memset(histogram, 0, sizeof histogram);
  const Cell& c = lattice.cell;
  double s3 = 0, xx = 0, xy = 0, xz = 0, yy = 0, yz = 0, zz = 0;
  for (int i = 0; i < n; i++) {
    s3 += double(spots.length[i]) * spots.length[i] * spots.length[i];
    const float e2 = work.residual2[i];
    if (!(e2 < radius2[0])) continue;
    int level = 0;
    while (level + 1 < levels && e2 < radius2[level + 1]) level++;
    const Vec3 s{spots.x[i], spots.y[i], spots.z[i]};
    const Index3 node{int(rint(dot(c.row[0], s))), int(rint(dot(c.row[1], s))), int(rint(dot(c.row[2], s)))};
    if (node.h == 0 && node.k == 0 && node.l == 0) continue;
    occupy(work, node, level, histogram);
    xx += s.x * s.x, xy += s.x * s.y, xz += s.x * s.z, yy += s.y * s.y, yz += s.y * s.z, zz += s.z * s.z;
  }
  // Spots in one row fix no orientation, however well they fit: the second moment across the row must be there.
  const double minors = xx * yy - xy * xy + xx * zz - xz * xz + yy * zz - yz * yz, trace = xx + yy + zz;
  if (minors < 1e-3 * trace * trace) return best;
  s3 /= n;
  const double nodes = 4 * M_PI / 3 * s3 * cell_volume;
  const double s = cbrt(s3);
  int occupied[levels], total = 0;
  for (int j = levels - 1; j >= 0; j--) occupied[j] = total += histogram[j];
  for (int j = 0; j < levels; j++) {
    if (occupied[j] < 4) break;
    const double p = widest_occupancy * exp2(-j), radius = __builtin_sqrt(radius2[j]);
    // Trials: orientations, radii, known cells; a strained cell has six more ways to follow the spots.
    double trials = log10(8 * M_PI * M_PI * (nodes + 1) / p) + log10(double(plan.cell_count));
    if (lattice.strained) {
      trials += 6 * log10(1 + 2 * strain_tolerance * s / radius);
    }
    if (lattice.scaled) trials += log10(1 + 2 * scale_tolerance * s / radius);
    const double chance = log10_tail(plan.tables.log10_factorial, n, occupied[j], p) + trials;
    if (chance < best.log10) best = {chance, p, radius, trials, occupied[j]};
  }
  return best;
}

double measured(const RunPlan& plan, const Chance& chance, const Lattice& lattice, const SpotList& spots,
                const Workspace& work) {
  if (chance.occupied == 0 || chance.log10 > -1) return chance.log10;
  // Where the answer is beyond doubt a rough measure will do.
  const int looks = chance.log10 < 4 * plan.params.accept_log10 - 20 ? 2400 : 9600;
  const double p =
      measured_occupancy(plan.tables, work.beam, lattice.cell, spots, chance.radius, chance.p, chance.occupied, looks);
  if (p <= chance.p) return chance.log10;
  const double log10 = log10_tail(plan.tables.log10_factorial, spots.n, chance.occupied, p) + chance.trials;
  return log10 < 0 ? log10 : 0;
}

}  // namespace ewald::EWALD_ISA
