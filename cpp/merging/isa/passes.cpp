// The sums of a merge, and the refinement of crystals against it. What is computed, and why:
// src/merging/README.md.
#include "merging/passes.h"

#include <cmath>
#include <initializer_list>

namespace ewald::EWALD_ISA {
namespace {

using namespace ewald::merging;

// Four numbers; compilers split them where registers are shorter, which does not change the result.
typedef double Four __attribute__((vector_size(lanes * sizeof(double))));

double limited(double x, double bound) { return x < -bound ? -bound : x > bound ? bound : x; }

// exp(x) for |x| <= 700 from sums and products alone: libraries differ in the last bit. Relative error below 3e-16:
// x = n ln 2 + r, |r| <= ln 2 / 2, and the series of exp(r) up to r^13.
inline double exponential(double x) {
  // ln 2 in two parts; the first has so few bits that its products with n are exact.
  constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  // Adding it puts n into the lowest bits.
  constexpr double shift = 0x1.8p52;
  const double shifted = x * 0x1.71547652b82fep0 + shift;
  const double n = shifted - shift;
  const double r = (x - n * ln2_high) - n * ln2_low;
  // 1 / k!, from 13 to 0.
  double p = 1.6059043836821613e-10;
  p = p * r + 2.08767569878681e-09;
  p = p * r + 2.505210838544172e-08;
  p = p * r + 2.755731922398589e-07;
  p = p * r + 2.7557319223985893e-06;
  p = p * r + 2.48015873015873e-05;
  p = p * r + 1.984126984126984e-04;
  p = p * r + 1.388888888888889e-03;
  p = p * r + 8.333333333333333e-03;
  p = p * r + 4.1666666666666664e-02;
  p = p * r + 1.6666666666666666e-01;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  // 2^n from its bits: the shift keeps only n of `shifted`.
  return p * __builtin_bit_cast(double, (__builtin_bit_cast(uint64_t, shifted) + 1023) << 52);
}

// The positions of a crystal's reflections: the signed distance from the Ewald sphere (1/angstrom), its derivatives by
// the rotations, 1/d^2, and the variance of the distance due to the width of the spectrum.
void place(const Job& job, uint32_t c) {
  const ewald_merging_columns& columns = job.columns;
  const double* own = job.fit.parameters + size_t(parameters) * c;
  const double* m = columns.reciprocal + size_t(9) * c;
  const double wave = 1 / columns.wavelengths[c], width = wave * columns.bandwidths[c];
  const double x = own[rotation_x], y = own[rotation_y];
  // g + w x g is linear in g: so the rows are rotated once.
  double rows[9];
  for (int i = 0; i < 3; i++) {
    const double* u = m + 3 * i;
    rows[3 * i] = u[0] + y * u[2];
    rows[3 * i + 1] = u[1] - x * u[2];
    rows[3 * i + 2] = u[2] + x * u[1] - y * u[0];
  }
  const uint32_t first = columns.offsets[c], size = columns.offsets[c + 1] - first;
  const int16_t *h = columns.h + first, *k = columns.k + first, *l = columns.l + first;
  const Workspace& w = job.workspace;
  double *__restrict error = w.error, *__restrict by_x = w.by_x, *__restrict by_y = w.by_y, *__restrict q2 = w.q2,
         *__restrict spread2 = w.spread2;
  for (uint32_t at = 0; at < size; at++) {
    const double g0 = h[at] * rows[0] + k[at] * rows[3] + l[at] * rows[6];
    const double g1 = h[at] * rows[1] + k[at] * rows[4] + l[at] * rows[7];
    const double g2 = h[at] * rows[2] + k[at] * rows[5] + l[at] * rows[8];
    const double s2 = g2 + wave;
    const double flat = g0 * g0 + g1 * g1, n = std::sqrt(flat + s2 * s2), inverse = 1 / n;
    error[at] = n - wave;
    by_x[at] = wave * g1 * inverse;
    by_y[at] = -wave * g0 * inverse;
    q2[at] = flat + g2 * g2;
    // The sphere through a point at 2 theta moves by (1 - cos 2 theta) times the change of the wave number.
    const double off = (1 - s2 * inverse) * width;
    spread2[at] = off * off;
  }
}

// The factor g of each reflection: G exp(-B q^2 / 2) p.
template <uint32_t partiality>
void factors(const Job& job, uint32_t c) {
  const double* own = job.fit.parameters + size_t(parameters) * c;
  const uint32_t size = job.columns.offsets[c + 1] - job.columns.offsets[c];
  const Workspace& w = job.workspace;
  const double *__restrict error = w.error, *__restrict q2 = w.q2, *__restrict spread2 = w.spread2;
  double* __restrict factor = w.factor;
  const double scale = own[ln_scale], half = 0.5 * own[temperature], r2 = exponential(2 * limited(own[ln_radius], 300));
  for (uint32_t at = 0; at < size; at++) {
    double exponent = scale - half * q2[at];
    double share = 1;
    if constexpr (partiality != EWALD_PARTIALITY_NONE) {
      const double wide = r2 + spread2[at];
      exponent -= error[at] * error[at] / (2 * wide);
      if constexpr (partiality == EWALD_PARTIALITY_XSPHERE) share = std::sqrt(r2 / wide);
    }
    factor[at] = exponential(limited(exponent, 60)) * share;
  }
}

// The variance that is not due to the signal's own counts, from the stated sigma.
void bases(const Job& job, uint32_t c) {
  const uint32_t first = job.columns.offsets[c], size = job.columns.offsets[c + 1] - first;
  const float *intensity = job.columns.intensity + first, *sigma = job.columns.sigma + first;
  double *__restrict observed = job.workspace.observed, *__restrict base = job.workspace.base;
  const double gain = job.fit.gain;
  for (uint32_t at = 0; at < size; at++) {
    const double i = intensity[at], stated = double(sigma[at]) * sigma[at];
    const double rest = stated - gain * (i > 0 ? i : 0);
    observed[at] = i;
    base[at] = rest > 0.3 * stated ? rest : 0.3 * stated;
  }
}

// The expected value of each reflection and its weight: the inverse variance of the model, times Tukey's biweight.
void weigh(const Job& job, uint32_t c) {
  const uint32_t first = job.columns.offsets[c], size = job.columns.offsets[c + 1] - first;
  const uint32_t* ids = job.columns.ids + first;
  const Workspace& w = job.workspace;
  const double *__restrict observed = w.observed, *__restrict base = w.base, *__restrict factor = w.factor;
  double *__restrict expected = w.expected, *__restrict weight = w.weight;
  const double gain = job.fit.gain, proportional2 = job.fit.proportional2, crystal = job.fit.weights[c];
  for (uint32_t at = 0; at < size; at++) expected[at] = factor[at] * job.model[ids[at]];
  for (uint32_t at = 0; at < size; at++) {
    const double m = expected[at] > 0 ? expected[at] : 0;
    const double inverse = 1 / (base[at] + gain * m + proportional2 * m * m);
    const double d = observed[at] - expected[at];
    const double z2 = d * d * inverse * (1.0 / (EWALD_MERGING_TUKEY * EWALD_MERGING_TUKEY));
    const double rest = z2 < 1 ? 1 - z2 : 0;
    weight[at] = crystal * (rest * rest * inverse);
  }
}

template <uint32_t partiality>
void sum(const Job& job, double* sums) {
  const ewald_merging_columns& columns = job.columns;
  const Workspace& work = job.workspace;
  for (uint32_t c = 0; c < job.pass.crystals; c++) {
    if (!job.fit.selected[c]) continue;
    place(job, c);
    factors<partiality>(job, c);
    bases(job, c);
    const uint32_t first = columns.offsets[c], size = columns.offsets[c + 1] - first;
    if (job.model == nullptr) {
      const double crystal = job.fit.weights[c];
      for (uint32_t at = 0; at < size; at++) {
        const double sigma = columns.sigma[first + at];
        work.weight[at] = crystal / (sigma * sigma);
      }
    } else {
      weigh(job, c);
    }
    for (uint32_t at = 0; at < size; at++) {
      const double g = work.factor[at], wg = work.weight[at] * g;
      double* own = sums + size_t(columns.ids[first + at]) * job.pass.width;
      if (job.pass.width == 2) {
        own[0] += wg * work.observed[at];
        own[1] += wg * g;
      } else if (work.weight[at] > 0) {
        const double information = wg * g, d = work.observed[at] - work.expected[at];
        own[0] += 1;
        own[1] += information;
        own[2] += information * information;
        own[3] += work.weight[at] * d * d;
      }
    }
  }
}

// Standard deviations of the priors, and the largest step.
constexpr double prior_sigmas[parameters] = {3, 10, 0.3, 6e-4, 6e-4};
constexpr double longest[parameters] = {1, 10, 0.2, 5e-4, 5e-4};
// (the normal distribution's third quartile)^2: the square of a deviate is below it half the time.
constexpr double median_of_square = 0.455;
// The number of sigmas at which Cauchy's weight is a half; Marquardt's share of the diagonal; the share above which a
// reference that comes from the crystal itself makes a reflection useless for that crystal; the largest squared
// deviation that counts.
constexpr double cauchy = 3, damping = 1.01, least_foreign = 1e-3, most_deviation2 = 25;

// Solves for the `count` parameters `on` by Cholesky's decomposition, in place: the priors make the matrix positive
// definite.
void solve(double matrix[parameters][parameters], double* right, const uint32_t* on, uint32_t count) {
  for (uint32_t row = 0; row < count; row++) {
    const uint32_t j = on[row];
    for (uint32_t column = 0; column <= row; column++) {
      const uint32_t p = on[column];
      double rest = matrix[j][p];
      for (uint32_t i = 0; i < column; i++) rest -= matrix[j][on[i]] * matrix[p][on[i]];
      matrix[j][p] = p == j ? std::sqrt(rest > 1e-300 ? rest : 1e-300) : rest / matrix[p][p];
    }
  }
  for (uint32_t row = 0; row < count; row++) {
    for (uint32_t i = 0; i < row; i++) right[on[row]] -= matrix[on[row]][on[i]] * right[on[i]];
    right[on[row]] /= matrix[on[row]][on[row]];
  }
  for (uint32_t row = count; row-- > 0;) {
    for (uint32_t i = row + 1; i < count; i++) right[on[row]] -= matrix[on[i]][on[row]] * right[on[i]];
    right[on[row]] /= matrix[on[row]][on[row]];
  }
}

#define four(from) (Four{(from)[0], (from)[1], (from)[2], (from)[3]})
// Summed in the same order on every host.
inline double total(const Four& x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// Normal equations of the crystal's parameters: sums of w s_i s_j and w s_i d over its reflections.
template <uint32_t partiality>
void normal_equations(const Workspace& work, uint32_t padded, double r2, double matrix[parameters][parameters],
                      double* right) {
  constexpr uint32_t used = partiality == EWALD_PARTIALITY_NONE ? 2 : parameters;
  Four products[parameters][parameters] = {}, rights[parameters] = {};
  for (uint32_t at = 0; at < padded; at += lanes) {
    const Four m = four(work.expected + at), w = four(work.weight + at), d = four(work.observed + at) - m;
    Four slope[parameters];
    slope[ln_scale] = m;
    slope[temperature] = -0.5 * m * four(work.q2 + at);
    if constexpr (partiality != EWALD_PARTIALITY_NONE) {
      const Four error = four(work.error + at), inverse = 1 / (r2 + four(work.spread2 + at));
      const Four off = m * error * inverse, narrow = r2 * inverse;
      slope[ln_radius] = off * error * narrow;
      if constexpr (partiality == EWALD_PARTIALITY_XSPHERE) slope[ln_radius] += m * (1 - narrow);
      slope[rotation_x] = -off * four(work.by_x + at);
      slope[rotation_y] = -off * four(work.by_y + at);
    }
    for (uint32_t j = 0; j < used; j++) {
      const Four weighted = w * slope[j];
      rights[j] += weighted * d;
      for (uint32_t i = 0; i <= j; i++) products[j][i] += weighted * slope[i];
    }
  }
  for (uint32_t j = 0; j < parameters; j++) {
    right[j] = j < used ? total(rights[j]) : 0;
    for (uint32_t i = 0; i <= j; i++) matrix[j][i] = j < used ? total(products[j][i]) : 0;
  }
}

template <uint32_t partiality>
void refine(const Job& job, uint32_t c, Refinement& refinement) {
  const ewald_merging_columns& columns = job.columns;
  const Workspace& work = job.workspace;
  double* own = job.fit.parameters + size_t(parameters) * c;
  const uint32_t first = columns.offsets[c], size = columns.offsets[c + 1] - first;
  const uint32_t padded = (size + lanes - 1) / lanes * lanes;
  uint32_t on[parameters] = {ln_scale, temperature}, count = 2;
  if (job.pass.radius) on[count++] = ln_radius;
  if (job.pass.rotations) {
    on[count++] = rotation_x;
    on[count++] = rotation_y;
  }
  place(job, c);
  factors<partiality>(job, c);
  bases(job, c);
  weigh(job, c);
  for (uint32_t at = 0; at < size; at++) {
    const uint32_t id = columns.ids[first + at];
    const double wg = work.weight[at] * work.factor[at];
    // The merge without the crystal's own share, so that the crystal is not fitted to itself.
    const double information = refinement.information[id], foreign = information - wg * work.factor[at];
    // Intensities have any unit, and so has what they tell: only 0 and less is nothing.
    const double variance = 1 / (foreign > 1e-300 ? foreign : 1e-300);
    const double value = (refinement.numerator[id] - wg * work.observed[at]) * variance;
    work.reference[at] = foreign > least_foreign * information && value > 0 ? value : 0;
    work.variance[at] = variance;
  }
  // The padding of the last four has the expected value 0 and the weight 0.
  for (uint32_t at = size; at < padded; at++)
    for (double* column : {work.error, work.by_x, work.by_y, work.q2, work.observed, work.expected, work.weight})
      column[at] = 0;
  for (uint32_t at = size; at < padded; at++) work.spread2[at] = 1;
  const bool looked_at = job.pass.every > 0 && (job.pass.first + c) % job.pass.every == 0;
  for (uint32_t round = 0; round < job.pass.steps; round++) {
    const bool last = round + 1 == job.pass.steps;
    if (round > 0) {
      place(job, c);
      factors<partiality>(job, c);
    }
    const double gain = job.fit.gain, proportional2 = job.fit.proportional2;
    uint32_t compared = 0;
    double sum = 0;
    for (uint32_t at = 0; at < size; at++) {
      const double g = work.factor[at], m = g * work.reference[at];
      const double rest = work.base[at] + gain * m + g * g * work.variance[at];
      const double v = rest + proportional2 * m * m;
      const double d = work.observed[at] - m, d2 = d * d;
      work.expected[at] = m;
      // 1 / v / (1 + z^2 / c^2)
      work.weight[at] = work.reference[at] > 0 ? 1 / (v + d2 * (1 / (cauchy * cauchy))) : 0;
      if (!last || !(work.reference[at] > 0)) continue;
      compared++;
      const double z2 = d2 / v, sigma = columns.sigma[first + at];
      sum += z2 < most_deviation2 ? z2 : most_deviation2;
      if (looked_at && m * m > 9 * sigma * sigma)
        refinement.excess[refinement.excess_count++] = (d2 / median_of_square - rest) / (m * m);
    }
    double matrix[parameters][parameters], right[parameters];
    normal_equations<partiality>(work, padded, exponential(2 * limited(own[ln_radius], 300)), matrix, right);
    const double centre[parameters] = {job.fit.centre_scale, 0, job.fit.centre_radius, 0, 0};
    for (uint32_t n = 0; n < count; n++) {
      const uint32_t j = on[n];
      right[j] -= (own[j] - centre[j]) / (prior_sigmas[j] * prior_sigmas[j]);
      matrix[j][j] = matrix[j][j] * damping + 1 / (prior_sigmas[j] * prior_sigmas[j]);
    }
    solve(matrix, right, on, count);
    for (uint32_t n = 0; n < count; n++) own[on[n]] += limited(right[on[n]], longest[on[n]]);
    if (!last) continue;
    refinement.deviation2[c] = compared > 0 ? sum / compared : 0;
    refinement.compared[c] = compared;
  }
}

}  // namespace

void merging_sum(const Job& job, double* sums) {
  switch (job.pass.partiality) {
    case EWALD_PARTIALITY_NONE:
      return sum<EWALD_PARTIALITY_NONE>(job, sums);
    case EWALD_PARTIALITY_GAUSSIAN:
      return sum<EWALD_PARTIALITY_GAUSSIAN>(job, sums);
    default:
      return sum<EWALD_PARTIALITY_XSPHERE>(job, sums);
  }
}

void merging_refine(const Job& job, Refinement& refinement) {
  for (uint32_t c = 0; c < job.pass.crystals; c++) {
    if (!job.fit.selected[c]) continue;
    switch (job.pass.partiality) {
      case EWALD_PARTIALITY_NONE:
        refine<EWALD_PARTIALITY_NONE>(job, c, refinement);
        break;
      case EWALD_PARTIALITY_GAUSSIAN:
        refine<EWALD_PARTIALITY_GAUSSIAN>(job, c, refinement);
        break;
      default:
        refine<EWALD_PARTIALITY_XSPHERE>(job, c, refinement);
    }
  }
}

}  // namespace ewald::EWALD_ISA
