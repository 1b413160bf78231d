// The exhaustive method: the search of TORO as in its reference implementation, with every stage over all spots and the
// defects of that implementation fixed (README.md lists them). The count of good spots decides, and the mean distance
// only among equal counts; so counts are computed first, for all candidates, and the expensive logarithms only for
// those that can still win. The result is the same.
#include "indexing/isa/stages.h"
#include "indexing/tables.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

struct Ranked {  // lower score first, then lower index: ties are resolved in the same way everywhere
  float score;
  int32_t index;
  bool operator<(const Ranked& other) const {
    return score < other.score || (score == other.score && index < other.index);
  }
};

// Sum of log2 over spots, kept as a product: the exponent is extracted every few factors. Each lane has a separate sum.
struct LogSum {
  F product;
  I exponent;
};
EWALD_INLINE void normalise(LogSum& s) {
  const I raw = bits(s.product);
  s.exponent = s.exponent + ((raw >> 23) - splat(int32_t(127)));
  s.product = from_bits((raw & splat(int32_t(0x007fffff))) | splat(int32_t(0x3f800000)));
}

double geometric_mean(double log2_sum, int n, double delta) { return exp2(log2_sum / n) - delta; }

// score = mean distance - (good spots + 1) of each vector x, y, z (1/periods): mean distance is the geometric mean of
// the trimmed distances from the nearest plane.
void score_vectors(const RunPlan& plan, const float* x, const float* y, const float* z, int count,
                   const SpotList& spots, Ranked* out) {
  const ewald_indexer_params& p = plan.params;
  const F low = splat(p.trim_low), high = splat(p.trim_high), delta = splat(p.delta),
          limit2 = splat(p.plane_distance * p.plane_distance);
  const I positive = splat(int32_t(0x7fffffff));
  for (int c = 0; c < count; c += width) {
    const F vx = load(x + c), vy = load(y + c), vz = load(z + c);
    LogSum s{splat(1.0f), izero()};
    I good = izero();
    for (int j = 0; j < spots.n; j++) {
      const F phase = fma(vx, splat(spots.x[j]), fma(vy, splat(spots.y[j]), vz * splat(spots.z[j])));
      const F off = phase - round_even(phase);
      good = ewald::EWALD_ISA::count(lt(off * off, limit2), good);  // `count` here is the number of vectors
      s.product = s.product * (min(max(from_bits(bits(off) & positive), low), high) + delta);
      if ((j & 15) == 15) normalise(s);
    }
    normalise(s);
    float product[width];
    int32_t exponent[width], hits[width];
    store(product, s.product);
    store(exponent, s.exponent);
    store(hits, good);
    for (int k = 0; k < width && c + k < count; k++) {
      const float mean = float(geometric_mean(exponent[k] + log2(double(product[k])), spots.n, p.delta));
      out[c + k].score = mean - float(hits[k] + 1);
    }
  }
}

// score of a cell, from Euclidean distances in index units.
float score_cell(const RunPlan& plan, const Cell& cell, const SpotList& spots) {
  const ewald_indexer_params& p = plan.params;
  const F low = splat(p.trim_low), high = splat(p.trim_high), delta = splat(p.delta),
          limit2 = splat(p.node_distance * p.node_distance);
  F a[9];
  for (int i = 0; i < 3; i++) {
    a[3 * i] = splat(float(cell.row[i].x)), a[3 * i + 1] = splat(float(cell.row[i].y)),
          a[3 * i + 2] = splat(float(cell.row[i].z));
  }
  LogSum s{splat(1.0f), izero()};
  I good = izero();
  for (int j = 0; j < spots.n; j += width) {
    const F x = load(spots.x + j), y = load(spots.y + j), z = load(spots.z + j);
    F h = fma(a[0], x, fma(a[1], y, a[2] * z)), k = fma(a[3], x, fma(a[4], y, a[5] * z)),
      l = fma(a[6], x, fma(a[7], y, a[8] * z));
    h = h - round_even(h);
    k = k - round_even(k);
    l = l - round_even(l);
    const F d2 = fma(h, h, fma(k, k, l * l));
    const M real = lt(d2, splat(1e9f));  // false for the padding
    good = count(both(real, lt(d2, limit2)), good);
    const F factor = min(max(sqrt(d2), low), high) + delta;
    s.product = s.product * choose(real, factor, splat(1.0f));
    if ((j / width & 15) == 15) normalise(s);
  }
  normalise(s);
  float product[width];
  int32_t exponent[width];
  store(product, s.product);
  store(exponent, s.exponent);
  double log2_sum = 0;
  for (int k = 0; k < width; k++) log2_sum += exponent[k] + log2(double(product[k]));
  return float(geometric_mean(log2_sum, spots.n, p.delta)) - float(sum(good) + 1);
}

// The best vectors of this length into list.
void sample_vectors(const RunPlan& plan, double length, int row, int points, int want, const SpotList& spots,
                    CandidateList& list, Workspace& work) {
  count_directions(plan.tables, points, length, spots, plan.params.plane_distance, work);
  // The count that `want` vectors reach: all vectors that reach it are scored.
  uint32_t* histogram = reinterpret_cast<uint32_t*>(work.residual2);
  memset(histogram, 0, sizeof(uint32_t) * size_t(spots.n + 1));
  for (int p = 0; p < points; p++) histogram[work.counts[p]]++;
  int least = spots.n, reached = int(histogram[least]);
  while (reached < want && least > 0) reached += int(histogram[--least]);
  // Scored in portions; each is merged with the best so far.
  Ranked best[2 * candidate_vectors_high];
  int held = 0, portion = 0;
  list.n = 0;
  const int room = padded(candidate_vectors_high);
  auto merge = [&] {
    for (int k = portion; k < padded(portion); k++) list.x[k] = list.y[k] = list.z[k] = 0;
    score_vectors(plan, list.x, list.y, list.z, portion, spots, best + held);
    held += portion;
    std::sort(best, best + held);
    if (held > want) held = want;
    portion = 0;
  };
  const int max_portion = 2 * candidate_vectors_high - want < room ? 2 * candidate_vectors_high - want : room;
  for (int p = 0; p < points; p++) {
    if (work.counts[p] < least) continue;
    const Vec3 v = length * direction(plan.tables, points, p);
    list.x[portion] = float(v.x), list.y[portion] = float(v.y), list.z[portion] = float(v.z);
    best[held + portion].index = p;
    if (++portion == max_portion) merge();
  }
  merge();
  const bool first = work.stages && work.stages->summary.directions == 0;
  if (first) record_sampling(work, length, row, spots.n, points);
  for (int i = 0; i < held; i++) {
    if (first) record_pick(work, best[i].index, best[i].score);
    const Vec3 v = length * direction(plan.tables, points, best[i].index);
    list.x[i] = float(v.x), list.y[i] = float(v.y), list.z[i] = float(v.z);
  }
  list.n = held;
  for (int i = held; i < padded(held); i++)
    list.x[i] = list.x[held - 1], list.y[i] = list.y[held - 1], list.z[i] = list.z[held - 1];
}

// Least squares on the planes given by the sampled vectors, with fewer and fewer spots; a vector that runs out of spots
// is kept unchanged.
void refine_vectors(const SpotList& spots, int min_spots, CandidateList& list) {
  for (int c = 0; c < list.n; c += width) {
    const F ox = load(list.x + c), oy = load(list.y + c), oz = load(list.z + c);
    F zx = ox, zy = oy, zz = oz;
    M going = lt(zero(), splat(1.0f));
    for (int round = 0; round < vector_rounds; round++) {
      const float limit = float(vector_round_of(round).limit);
      const F limit2 = splat(limit * limit);
      VectorSums<F> sums = no_sums();
      I good = izero();
      const float* r = spots.record;
      for (int j = 0; j < spots.n; j++, r += 12) {
        const F sx = splat(r[0]), sy = splat(r[1]), sz = splat(r[2]);
        const F plane = round_even(fma(ox, sx, fma(oy, sy, oz * sz)));
        const F off = plane - fma(zx, sx, fma(zy, sy, zz * sz));
        const M near = lt(off * off, limit2);
        good = count(near, good);
        add_moments(sums, near, r);
        add_deviation(sums, near, r, off);
      }
      const VectorStep<F> step = step_of(sums);
      going = both(going, both(lt(splat(int32_t(min_spots - 1)), good), lt(step.least, step.determinant)));
      const F scale = where(going, splat(1.0f) / step.determinant);
      zx = zx + where(going, scale * step.x);
      zy = zy + where(going, scale * step.y);
      zz = zz + where(going, scale * step.z);
    }
    store(list.x + c, zx);
    store(list.y + c, zy);
    store(list.z + c, zz);
  }
}

// The frame in which angle 0 is the position of the known cell after its vector is carried to u by half a turn about
// their bisector.
Frame carried_frame(const KnownCell& known, const BaseVector& base, Vec3 u) {
  const Vec3 from = known.cell.row[base.row], other = known.cell.row[(base.row + 1) % 3];
  Vec3 middle = from + base.length * u;
  if (norm(middle) < middle_limit * base.length) middle = cross(u, other);
  middle = unit(middle);
  const Vec3 a = 2 * dot(other, middle) * middle - other;
  const Vec3 x = unit(a - dot(a, u) * u);
  return {u, x, cross(u, x)};
}

struct Direction {
  Vec3 u;
  int32_t on_planes, input, base;
};

struct ByScore {
  bool operator()(const Lattice& a, const Lattice& b) const { return a.score < b.score; }
};

struct MoreOnPlanes {
  bool operator()(const Direction& a, const Direction& b) const { return a.on_planes > b.on_planes; }
};

struct ByCount {
  bool operator()(const SearchHit& a, const SearchHit& b) const {
    if (a.count != b.count) return a.count > b.count;
    if (a.candidate != b.candidate) return a.candidate < b.candidate;
    return a.step < b.step;
  }
};

struct ByHitScore {
  bool operator()(const SearchHit& a, const SearchHit& b) const {
    if (a.score != b.score) return a.score < b.score;
    if (a.candidate != b.candidate) return a.candidate < b.candidate;
    return a.step < b.step;
  }
};

}  // namespace

void search_exhaustive(const RunPlan& plan, const SpotList& spots, Workspace& work) {
  work.lattice_count = 0;
  const ewald_indexer_params& p = plan.params;
  if (spots.n < min_image_spots) return;
  const int points = exhaustive_directions(p.sample_points, plan.tables.spiral_points);
  const int steps = plan.tables.angle_points;
  const int want = plan.descriptor.candidate_vectors ? int(plan.descriptor.candidate_vectors) : exhaustive_vectors;
  const int out = int(plan.descriptor.max_output_cells);
  const bool all_vectors = plan.descriptor.redundant != 0;

  Length lengths[3 * max_input_cells_high];
  const int length_count = list_lengths(plan.cells, plan.cell_count, all_vectors, p.length_threshold, lengths);

  Direction* directions = reinterpret_cast<Direction*>(work.directions);
  int direction_count = 0;
  CandidateList& list = work.found;
  for (int i = 0; i < length_count; i++) {
    if (lengths[i].fresh) {
      sample_vectors(plan, lengths[i].length, plan.cells[lengths[i].input].base[lengths[i].base].row, points, want,
                     spots, list, work);
      if (p.min_spots) refine_vectors(spots, int(p.min_spots), list);
      if (i == 0) record_vectors(work, list, false);
    }
    const BaseVector& base = plan.cells[lengths[i].input].base[lengths[i].base];
    for (int c = 0; c < list.n; c++) {
      const Vec3 u = unit(Vec3{list.x[c], list.y[c], list.z[c]});
      // Spots near a plane bound the count of every cell with this vector, in both senses.
      const F lx = splat(float(base.length * u.x)), ly = splat(float(base.length * u.y)),
              lz = splat(float(base.length * u.z));
      I near = izero();
      const F limit2 = splat(p.node_distance * p.node_distance);
      for (int j = 0; j < spots.n; j += width) {
        const F phase = fma(lx, load(spots.x + j), fma(ly, load(spots.y + j), lz * load(spots.z + j)));
        const F off = phase - round_even(phase);
        near = count(lt(off * off, limit2), near);
      }
      const int on = sum(near) + 1;  // one extra: the search rounds its phases slightly differently
      if (direction_count + 2 > work.direction_capacity) break;
      directions[direction_count++] = {u, on, lengths[i].input, lengths[i].base};
      directions[direction_count++] = {-1.0 * u, on, lengths[i].input, lengths[i].base};
    }
  }
  std::stable_sort(directions, directions + direction_count, MoreOnPlanes{});

  // Cells whose count is beaten by fewer than `out` others.
  int hits = 0, least = 1;
  uint32_t* with_count = reinterpret_cast<uint32_t*>(work.counts);
  memset(with_count, 0, sizeof(uint32_t) * size_t(spots.n + 1));
  for (int d = 0; d < direction_count; d++) {
    if (directions[d].on_planes < least) break;
    const KnownCell& known = plan.cells[directions[d].input];
    const BaseVector& base = known.base[directions[d].base];
    const int on =
        spots_on_planes(base, carried_frame(known, base, directions[d].u), spots, spots.n, p.node_distance, work);
    if (on < least) continue;
    count_angles(plan.tables.angle_cos, plan.tables.angle_sin, steps, on, p.node_distance, least, work);
    for (int q0 = 0; q0 < steps; q0 += width) {
      uint32_t high = lanes(lt(splat(int32_t(least - 1)), load(work.angle_counts + q0)));
      for (; high; high &= high - 1) {
        const int q = q0 + __builtin_ctz(high);
        if (q >= steps) break;
        if (hits == work.hit_capacity) break;
        const int here = work.angle_counts[q];
        work.hits[hits++] = {here, d, q, 0};
        with_count[here]++;
      }
    }
    int enough = 0, k = spots.n;
    while (k > 0 && enough + int(with_count[k]) < out) enough += int(with_count[k--]);
    if (k > least || hits > work.hit_capacity - steps) {
      if (k > least) least = k;
      int held = 0;
      for (int i = 0; i < hits; i++)
        if (work.hits[i].count >= least) work.hits[held++] = work.hits[i];
      hits = held;
    }
  }
  std::sort(work.hits, work.hits + hits, ByCount{});
  if (hits > ties_per_output * out)
    hits = ties_per_output * out;  // beyond that, equal counts are decided by their order
  for (int i = 0; i < hits; i++) {
    SearchHit& h = work.hits[i];
    const Direction& d = directions[h.candidate];
    const KnownCell& known = plan.cells[d.input];
    const Cell cell = cell_of(known.base[d.base], carried_frame(known, known.base[d.base], d.u),
                              plan.tables.angle_cos[h.step], plan.tables.angle_sin[h.step]);
    h.score = score_cell(plan, cell, spots);
  }
  std::sort(work.hits, work.hits + hits, ByHitScore{});
  if (hits > out) hits = out;
  for (int i = 0; i < hits; i++) {
    const SearchHit& h = work.hits[i];
    const Direction& d = directions[h.candidate];
    const KnownCell& known = plan.cells[d.input];
    Lattice& lattice = work.lattices[work.lattice_count++];
    lattice = Lattice{};
    lattice.cell = cell_of(known.base[d.base], carried_frame(known, known.base[d.base], d.u),
                           plan.tables.angle_cos[h.step], plan.tables.angle_sin[h.step]);
    lattice.score = h.score;
    lattice.input_cell = d.input;
    record_hit(work, lattice.cell, h.score, h.count, steps);
    refine_classic(plan, known, spots, lattice.score - floor(lattice.score), lattice, work);
    record_cell(work, lattice);
  }
  end_record(work);
  std::stable_sort(work.lattices, work.lattices + work.lattice_count, ByScore{});
  double thickness;
  work.beam = thin_axis(spots, thickness);
  // Judges the best cell and a few different ones; the first one accepted moves to the front.
  int judged = 0;
  for (int i = 0; i < work.lattice_count && judged < max_effort_judged; i++) {
    Lattice& lattice = work.lattices[i];
    bool again = false;
    for (int k = 0; k < i && !again; k++)
      again = work.lattices[k].judged && same_lattice(lattice.cell, work.lattices[k].cell, same_lattice_limit);
    if (again) continue;
    const KnownCell& known = plan.cells[lattice.input_cell];
    lattice.merit = merit(lattice.cell, spots, known.acceptance);
    lattice.log10_chance = measured(plan, chance_of(plan, lattice, spots, work), lattice, spots, work);
    lattice.judged = true;
    judged++;
    if (lattice.log10_chance <= p.accept_log10) {
      const Lattice found = lattice;
      for (int k = i; k > 0; k--) work.lattices[k] = work.lattices[k - 1];
      work.lattices[0] = found;
      break;
    }
  }
}

}  // namespace ewald::EWALD_ISA
