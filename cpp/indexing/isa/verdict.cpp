// The verdict: counts occupied nodes for the lattice itself and for rotated copies. significance.h explains what is
// derived from the counts.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

struct Index3 {
  int h, k, l;
};

// Records that a spot lies in the given level at a node; of two spots at one node only the closer one counts.
void occupy(Workspace& work, const Index3& node, int level, int* histogram) {
  const uint64_t key = uint64_t(uint32_t(node.h + 512) & 1023) << 20 | uint64_t(uint32_t(node.k + 512) & 1023) << 10 |
                       (uint32_t(node.l + 512) & 1023);
  const uint32_t mask = uint32_t(work.node_slots) - 1;
  uint32_t slot = uint32_t((key * 0x9e3779b97f4a7c15u) >> 40) & mask;
  const uint64_t tag = uint64_t(work.node_epoch) << 36 | key << 6;
  for (;; slot = (slot + 1) & mask) {
    const uint64_t held = work.nodes[slot];
    if (held >> 36 != (tag >> 36)) break;  // left from an earlier call: free
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

// The chance of a hit when the lattice is rotated about the beam by arbitrary angles; at least p.
double measured_occupancy(const Tables& tables, Vec3 axis, const Cell& cell, const SpotList& spots, double radius,
                          double p, int occupied, int looks) {
  const int turns = turns_for(looks, spots.n);
  TurnedHits hits{};
  for (int i = 1; i <= turns; i++) {
    const int k = turn_place(i);
    Cell turned_cell;
    for (int row = 0; row < 3; row++)
      turned_cell.row[row] = turned(cell.row[row], axis, double(tables.turn_cos[k]), double(tables.turn_sin[k]));
    int within[3];
    count_within(turned_cell, spots, radius, within);
    const bool odd = is_odd(within[0], occupied);
    hits.odd_turns += odd;
    for (int g = 0; g < 3; g++) (odd ? hits.odd : hits.usual)[g] += within[g];
  }
  return occupancy_of(hits, turns, spots.n, p);
}

}  // namespace

Vec3 thin_axis(const SpotList& spots, double& thickness) {
  double moments[6] = {0, 0, 0, 0, 0, 0};
  const float* r = spots.record;
  for (int j = 0; j < spots.n; j++, r += 12)
    for (int i = 0; i < 6; i++) moments[i] += r[3 + i];
  return ewald::indexing::thin_axis(moments, spots.n, thickness);
}

Chance chance_of(const RunPlan& plan, const Lattice& lattice, const SpotList& spots, Workspace& work) {
  const int n = spots.n;
  Chance best{0, 0, 0, 0, 0};
  if (n < min_occupied) return best;
  residuals2(lattice.cell, spots, work.residual2);
  if (++work.node_epoch == 1u << 27) {
    memset(work.nodes, 0, sizeof(uint64_t) * size_t(work.node_slots));
    work.node_epoch = 1;
  }
  const double cell_volume = fabs(volume(lattice.cell));
  float radius2[levels];
  const double widest = cbrt(widest_occupancy * 3 / (4 * pi * cell_volume));
  for (int j = 0; j < levels; j++) radius2[j] = float(widest * widest * exp2(-2.0 / 3 * j));
  int histogram[levels];
  memset(histogram, 0, sizeof histogram);
  const Cell& c = lattice.cell;
  double moments[6] = {0, 0, 0, 0, 0, 0};
  for (int j = 0; j < n; j += width) {
    const F e2 = load(work.residual2 + j);
    uint32_t inside = lanes(lt(e2, splat(radius2[0])));
    I narrower = izero();
    for (int k = 1; k < levels; k++) narrower = count(lt(e2, splat(radius2[k])), narrower);
    int32_t level[width];
    store(level, narrower);
    for (; inside; inside &= inside - 1) {
      const int k = __builtin_ctz(inside), i = j + k;
      const Vec3 s{spots.x[i], spots.y[i], spots.z[i]};
      const Index3 node{int(rint(dot(c.row[0], s))), int(rint(dot(c.row[1], s))), int(rint(dot(c.row[2], s)))};
      if (node.h == 0 && node.k == 0 && node.l == 0) continue;
      occupy(work, node, level[k], histogram);
      moments[0] += s.x * s.x, moments[1] += s.x * s.y, moments[2] += s.x * s.z;
      moments[3] += s.y * s.y, moments[4] += s.y * s.z, moments[5] += s.z * s.z;
    }
  }
  if (in_a_row(moments)) return best;
  const double s3 = spots.cubes / n;
  const double nodes = 4 * pi / 3 * s3 * cell_volume;
  const double s = cbrt(s3);
  int occupied[levels], total = 0;
  for (int j = levels - 1; j >= 0; j--) occupied[j] = total += histogram[j];
  for (int j = 0; j < levels; j++) {
    if (occupied[j] < min_occupied) break;
    const Chance here =
        chance_at(plan.tables.log10_factorial, n, occupied[j], widest_occupancy * exp2(-j), __builtin_sqrt(radius2[j]),
                  nodes, s, plan.cell_count, lattice.strained, lattice.scaled);
    if (here.log10 < best.log10) best = here;
  }
  return best;
}

double measured(const RunPlan& plan, const Chance& chance, const Lattice& lattice, const SpotList& spots,
                const Workspace& work) {
  const int looks = looks_for(chance, double(plan.params.accept_log10));
  if (looks == 0) return chance.log10;
  const double p =
      measured_occupancy(plan.tables, work.beam, lattice.cell, spots, chance.radius, chance.p, chance.occupied, looks);
  return with_occupancy(plan.tables.log10_factorial, chance, spots.n, p);
}

}  // namespace ewald::EWALD_ISA
