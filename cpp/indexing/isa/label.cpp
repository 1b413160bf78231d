// Names the axes of accepted lattices whose known cell is nearly more symmetric than it is.
//
// The search takes the first lattice that explains the spots, whichever names its axes have, and the fit of its metric
// then hides a wrong name. So the metric that the spots alone show, fitted without the known one, is compared with the
// known cell under every name (labels.h). Nine numbers of a short list follow a single spurious spot; for those lists,
// and where the moments do not decide, the known cell under each name is turned to the spots, and their likelihood is
// that of a mixture: at a node, or anywhere.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

constexpr double least_variance = 1e-9;  // 1/angstrom^2, across the beam: far below a pixel

// Sums of vectors, and of their lanes.
struct LabelLanes {
  F n, xx, xy, xz, yy, yz, zz, r0, r1, r2, r3, r4, r5, r6, r7, r8, qx, qy, qz, ex, ey, across2, along2;
};

EWALD_INLINE void add(LabelLanes& s, const Residual& r, F w) {
  const F x = w * r.qx, y = w * r.qy, z = w * r.qz, ex = w * r.ex, ey = w * r.ey, ez = w * r.ez;
  s.n = s.n + w;
  s.xx = fma(x, r.qx, s.xx), s.xy = fma(x, r.qy, s.xy), s.xz = fma(x, r.qz, s.xz);
  s.yy = fma(y, r.qy, s.yy), s.yz = fma(y, r.qz, s.yz), s.zz = fma(z, r.qz, s.zz);
  s.r0 = fma(ex, r.qx, s.r0), s.r1 = fma(ex, r.qy, s.r1), s.r2 = fma(ex, r.qz, s.r2);
  s.r3 = fma(ey, r.qx, s.r3), s.r4 = fma(ey, r.qy, s.r4), s.r5 = fma(ey, r.qz, s.r5);
  s.r6 = fma(ez, r.qx, s.r6), s.r7 = fma(ez, r.qy, s.r7), s.r8 = fma(ez, r.qz, s.r8);
  s.qx = s.qx + x, s.qy = s.qy + y, s.qz = s.qz + z, s.ex = s.ex + ex, s.ey = s.ey + ey;
  s.across2 = fma(ex, r.ex, fma(ey, r.ey, s.across2));
  s.along2 = fma(ez, r.ez, s.along2);
}

EWALD_INLINE LabelSums sums_of(const LabelLanes& s) {
  return {sum(s.n),
          {sum(s.xx), sum(s.xy), sum(s.xz), sum(s.yy), sum(s.yz), sum(s.zz)},
          {sum(s.r0), sum(s.r1), sum(s.r2), sum(s.r3), sum(s.r4), sum(s.r5), sum(s.r6), sum(s.r7), sum(s.r8)},
          sum(s.qx),
          sum(s.qy),
          sum(s.qz),
          sum(s.ex),
          sum(s.ey),
          sum(s.across2),
          sum(s.along2)};
}

EWALD_INLINE Residual only(M near, const Residual& r) {
  return {where(near, r.qx), where(near, r.qy), where(near, r.qz), where(near, r.ex),
          where(near, r.ey), where(near, r.ez), r.index2};
}

// The sums over the first n spots within both limits of a node. Their squared distances go to `squares`, infinity for
// the others.
LabelSums sums_near(const Cell& cell, const SpotList& spots, int n, double index_limit, double radius2,
                    float* squares) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  const F index2 = splat(float(index_limit * index_limit)), limit2 = splat(float(radius2)), one = splat(1.0f);
  const F none = splat(__builtin_inff());
  LabelLanes lanes9{};
  for (int j = 0; j < n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j), load(spots.y + j), load(spots.z + j));
    const F e2 = fma(r.ex, r.ex, fma(r.ey, r.ey, r.ez * r.ez));
    const M near = both(lt(r.index2, index2), lt(e2, limit2));
    add(lanes9, only(near, r), where(near, one));
    store(squares + j, choose(near, e2, none));
  }
  return sums_of(lanes9);
}

// The number that half of the `held` finite ones of n are below, to 1e-4, by bisection: the order of positive floats is
// that of their bits, and counting has no branches that a processor would have to guess.
float median_of(const float* values, int n, int held) {
  int32_t low = 0, high = 0x3f800000;  // 0 and 1 1/angstrom^2
  for (int step = 0; step < 20; step++) {
    const int32_t middle = low + (high - low) / 2;
    const F limit = from_bits(splat(middle));
    I below = izero();
    for (int j = 0; j < n; j += width) below = count(lt(load(values + j), limit), below);
    if (sum(below) > held / 2)
      high = middle;
    else
      low = middle;
  }
  float found;
  memcpy(&found, &high, 4);
  return found;
}

// Fits nine numbers and the shift of the beam to the spots, from the inside out; a lattice whose metric was fitted
// needs one round. False with too few spots at nodes.
bool fit_free(const Lattice& lattice, const SpotList& spots, Workspace& work, Cell& free, LabelSums& sums) {
  const double limits[4] = {grow_index_limit, fit_index_limit, label_limit, label_limit};
  const int rounds = 4, total = spots.n;
  free = lattice.cell;
  double radius2 = 1e9;
  int most = total / 4 > 24 ? total / 4 : 24;
  for (int round = lattice.strained ? rounds - 1 : 0; round < rounds; round++, most *= 2) {
    const int n = round < rounds - 2 && most < total ? most : total;
    sums = sums_near(free, spots, n, limits[round], radius2, work.residual2);
    if (sums.n < min_label_spots) return false;
    fit_freely(free, sums);
    if (round > 0) radius2 = label_medians * double(median_of(work.residual2, n, int(sums.n)));
  }
  sums = sums_near(free, spots, total, label_limit, radius2, work.residual2);
  return sums.n >= min_label_spots;
}

// e^x for -80 <= x <= 0, to 2e-7.
EWALD_INLINE F exponential(F x) {
  const F y = x * splat(1.44269504f), whole = round_even(y), f = y - whole;
  F p = splat(1.3333558e-3f);
  p = fma(p, f, splat(9.6181291e-3f));
  p = fma(p, f, splat(5.5504109e-2f));
  p = fma(p, f, splat(2.4022651e-1f));
  p = fma(p, f, splat(6.9314718e-1f));
  p = fma(p, f, splat(1.0f));
  // The lower bits of whole + 1.5 * 2^23 are the number itself.
  return from_bits(bits(p) + (bits(whole + splat(12582912.0f)) << 23));
}

struct Mixture {
  double across2, along2;  // variances of a spot at a node
  double ln_likelihood;    // against spots that may be anywhere
};

// The sums with the weights of the mixture; `gains`: 1 + the likelihood of each spot at a node against anywhere.
LabelSums mixture_sums(const Cell& cell, LabelShift shift, const SpotList& spots, double across2, double along2,
                       double volume, float* gains) {
  const Lanes9 a = lanes_of(cell), b = lanes_of(reciprocal(cell));
  const double norm = (1 - spurious_share) / (15.749609945722419 * across2 * root(along2) * spurious_share * volume);
  const F peak = splat(float(norm)), tx = splat(float(shift.x)), ty = splat(float(shift.y)), one = splat(1.0f);
  const F ka = splat(float(-0.5 / across2)), kr = splat(float(-0.5 / along2)), least = splat(-80.0f);
  LabelLanes lanes9{};
  for (int j = 0; j < spots.n; j += width) {
    const Residual r = residual(a, b, load(spots.x + j) - tx, load(spots.y + j) - ty, load(spots.z + j));
    // False for the padding, which is no number, and for 000.
    const M counts = both(lt(r.index2, one), lt(zero(), fma(r.qx, r.qx, fma(r.qy, r.qy, r.qz * r.qz))));
    const Residual inside = only(counts, r);
    const F power = fma(ka, fma(inside.ex, inside.ex, inside.ey * inside.ey), kr * (inside.ez * inside.ez));
    const F gain = where(counts, peak * exponential(max(power, least)));
    store(gains + j, one + gain);
    add(lanes9, inside, gain / (one + gain));
  }
  return sums_of(lanes9);
}

double ln_product(const float* gains, int n) {
  double total = 0;
  for (int i = 0; i < n;) {
    double product = 1;
    for (const int end = i + 16 < n ? i + 16 : n; i < end; i++) product *= double(gains[i]);
    total += log(product);
  }
  return total;
}

// Turns the known cell under one name to the spots, from three standard deviations to one.
Mixture fit_mixture(Cell cell, const SpotList& spots, double across2, double along2, bool adapt, float* gains) {
  const double size = fabs(volume(cell));
  LabelShift shift{0, 0};
  for (int round = 0; round < mixture_rounds; round++) {
    const double wide = round == 0 ? 9 : round == 1 ? 3 : 1;
    const LabelSums s = mixture_sums(cell, shift, spots, across2 * wide, along2 * wide, size, gains);
    fit_turn(cell, shift, s, across2, along2);
    if (!adapt) continue;
    const double free = s.n > 4 ? s.n - 3 : 1;
    across2 = fmax(least_variance, s.across2 / 2 / free);
    along2 = fmax(across2, s.along2 / free);
  }
  mixture_sums(cell, shift, spots, across2, along2, size, gains);
  return {across2, along2, ln_product(gains, spots.n)};
}

struct Decision {
  int label;
  bool decided;
  bool open[max_labels];  // labels that remain possible, if it is not decided
};

// The known cell, as large as the lattice if its scale was taken from the spots, turned as its axes under a name are.
Cell start_of(const KnownCell& known, const Labels& labels, int label, const Cell& free, bool scaled) {
  Cell like = known.cell;
  if (scaled) {
    const double scale = cbrt(fabs(volume(free)) / known.volume);
    for (Vec3& row : like.row) row = scale * row;
  }
  return turned_like(like, named(labels, label, free));
}

// The decision of the mixture, for the names that the moments do not exclude.
void decide_by_mixture(const KnownCell& known, const Labels& labels, const Cell& free, bool scaled,
                       const LabelOdds& odds, const SpotList& spots, Workspace& work, Decision& decision) {
  int next = -1;
  for (int k = 0; k < labels.count; k++)
    if (k != odds.best && (next < 0 || odds.against[k] < odds.against[next])) next = k;
  Cell start[max_labels];
  bool looked[max_labels];
  const int stride = padded(spots.n);
  float *here = work.scaled, *best_gains = work.scaled + stride, *next_gains = work.scaled + 2 * stride;
  Mixture scatter{0, 0, -1};
  for (int k = 0; k < labels.count; k++) {
    looked[k] = k == odds.best || k == next || !(odds.against[k] > excluded_odds);
    if (!looked[k]) continue;
    start[k] = start_of(known, labels, k, free, scaled);
    const Mixture one = fit_mixture(start[k], spots, 2 * odds.across2, 2 * odds.along2, true, here);
    if (one.ln_likelihood > scatter.ln_likelihood) scatter = one;
  }
  if (scatter.ln_likelihood < 0) return;
  // The scatter of the spots is that of the better fit, for all names.
  double found[max_labels], best = -HUGE_VAL, second = -HUGE_VAL;
  int label = odds.best;
  for (int k = 0; k < labels.count; k++) {
    if (!looked[k]) continue;
    found[k] = fit_mixture(start[k], spots, scatter.across2, scatter.along2, false, here).ln_likelihood;
    float* const free_gains = next_gains;
    if (found[k] > best) {
      second = best, next_gains = best_gains, best = found[k], best_gains = here, here = free_gains, label = k;
    } else if (found[k] > second) {
      second = found[k], next_gains = here, here = free_gains;
    }
  }
  // A spurious spot at a node of one name alone weighs much: the decision must not rest on two of them.
  double most[2] = {1, 1};
  for (int i = 0; i < spots.n; i++) {
    const double gain = double(best_gains[i]) / double(next_gains[i]);
    if (gain > most[0]) {
      most[1] = most[0], most[0] = gain;
    } else if (gain > most[1]) {
      most[1] = gain;
    }
  }
  const double without_two = best - second - log(most[0]) - log(most[1]);
  decision.decided = label == odds.best && best - second >= label_odds && without_two >= others_odds &&
                     odds.ln_odds >= others_odds;
  decision.label = label;
  for (int k = 0; k < labels.count; k++) decision.open[k] = looked[k] && best - found[k] < label_odds;
  decision.open[odds.best] = true;
  if (label == odds.best && best - second >= label_odds) decision.open[next] = true;
}

Decision decide(const KnownCell& known, const Labels& labels, const Lattice& lattice, const SpotList& spots,
                Workspace& work) {
  Decision decision{};
  Cell free;
  LabelSums sums;
  if (!fit_free(lattice, spots, work, free, sums)) {
    for (bool& open : decision.open) open = true;
    return decision;
  }
  LabelOdds odds;
  weigh_labels(known.cell, labels, free, sums, odds);
  const double needed = odds.used >= few_label_spots ? label_odds : few_label_odds;
  decision.label = odds.best;
  decision.decided = odds.ln_odds >= needed;
  // Where the moments leave no other name to look at, they do not rest on one or two spurious spots either.
  const bool sure = odds.used >= 2 * few_label_spots && odds.ln_odds >= excluded_odds;
  if (decision.decided && (sure || odds.used >= short_label_list)) return decision;
  for (int k = 0; k < labels.count; k++) decision.open[k] = odds.against[k] < needed;
  decide_by_mixture(known, labels, free, lattice.scaled, odds, spots, work, decision);
  return decision;
}

// Gives the axes of a lattice the names of a label and fits it to the spots as a search does.
void rename(const RunPlan& plan, const Labels& labels, int label, const SpotList& spots, Lattice& lattice,
            Workspace& work) {
  const KnownCell& known = plan.cells[lattice.input_cell];
  const bool exhaustive = plan.descriptor.method == EWALD_METHOD_EXHAUSTIVE;
  const uint32_t how = plan.params.refinement;
  const double score = lattice.score;
  lattice.cell = start_of(known, labels, label, lattice.cell, lattice.scaled);
  refine(plan, known, spots, false, lattice);
  judge(plan, spots, exhaustive ? how >= EWALD_REFINEMENT_IFSS : how != EWALD_REFINEMENT_RAW, lattice, work);
  if (exhaustive) lattice.score = score;
}

void name_lattice(const RunPlan& plan, int k, const SpotList& spots, Workspace& work) {
  Lattice& lattice = work.accepted[k];
  const KnownCell& known = plan.cells[lattice.input_cell];
  const Labels& labels = plan.labels[lattice.input_cell];
  const Lattice found = lattice;
  const Decision decision = decide(known, labels, lattice, spots, work);
  if (decision.label != 0) {
    rename(plan, labels, decision.label, spots, lattice, work);
    work.renamed = true;
  }
  if (decision.decided) return;
  work.undecided |= 1u << k;
  for (int other = 0; other < labels.count && work.rival_count < work.rival_capacity; other++) {
    if (other == decision.label || !decision.open[other]) continue;
    Lattice rival = found;
    rival.cell = start_of(known, labels, other, found.cell, found.scaled);
    refine(plan, known, spots, false, rival);
    work.rivals[work.rival_count++] = {rival.cell, found.input_cell, uint32_t(k) + 1};
  }
}

}  // namespace

void name_lattices(const RunPlan& plan, int accepted, Workspace& work) {
  work.rival_count = 0;
  work.undecided = 0;
  work.renamed = false;
  bool shared = false;
  for (int k = 0; k < accepted; k++) {
    if (plan.labels[work.accepted[k].input_cell].count < 2) continue;
    if (accepted == 1) return name_lattice(plan, k, work.all, work);
    // Spots of other lattices say nothing about this one.
    if (!shared) assign_spots(plan, accepted, work);
    shared = true;
    uint8_t* others = reinterpret_cast<uint8_t*>(work.keys);
    for (int i = 0; i < work.all.n; i++) others[i] = work.owner[i] != 0 && work.owner[i] != k + 1;
    take_rest(work.all, others, work.rest);
    name_lattice(plan, k, work.rest, work);
  }
}

}  // namespace ewald::EWALD_ISA
