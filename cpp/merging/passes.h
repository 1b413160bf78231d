// Passes over the observations of some crystals, compiled once for each instruction set. All sets do the same
// operations in the same order, without fused products (CMakeLists.txt), so that every host gives the same bits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::merging {

// Parameters per crystal: ln G, B (angstrom^2), ln r (r in 1/angstrom), rotations about x and y (radians).
constexpr uint32_t parameters = EWALD_MERGING_PARAMETERS;
enum Parameter : uint32_t { ln_scale, temperature, ln_radius, rotation_x, rotation_y };

// Reflections are taken four at a time on every host, so that their sums have one order.
constexpr uint32_t lanes = 4;

// Memory for the reflections of the largest crystal, a multiple of `lanes` each.
struct Workspace {
  double *error, *by_x, *by_y, *q2, *spread2;
  double *observed, *base, *factor, *expected, *weight;
  double *reference, *variance;
};
constexpr uint32_t workspace_columns = 12;

struct Job {
  const ewald_merging_pass& pass;
  const ewald_merging_columns& columns;
  const ewald_merging_fit& fit;
  // [unique]; if null, observations are weighted by their stated sigmas.
  const double* model;
  Workspace workspace;
};

// The parts of the merge that a refinement reads, and its results.
struct Refinement {
  const double *numerator, *information;
  double* deviation2;
  uint32_t* compared;
  double* excess;
  uint32_t excess_count;
};

}  // namespace ewald::merging

#define EWALD_MERGING_PASSES(isa)                                                   \
  namespace ewald::isa {                                                            \
  void merging_sum(const merging::Job& job, double* sums);                          \
  void merging_refine(const merging::Job& job, merging::Refinement& refinement);    \
  }
EWALD_MERGING_PASSES(sse2)
EWALD_MERGING_PASSES(avx2)
EWALD_MERGING_PASSES(avx512)
EWALD_MERGING_PASSES(neon)
EWALD_MERGING_PASSES(simd128)
#undef EWALD_MERGING_PASSES
