// The C functions of merging: check their arguments, and allocate the memory of one crystal.
#include <initializer_list>

#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "merging/passes.h"

namespace {

using namespace ewald::merging;

constexpr uint32_t max_crystals = 1u << 20, max_observations = 1u << 28, max_steps = 100;

struct Passes {
  void (*sum)(const Job&, double*);
  void (*refine)(const Job&, Refinement&);
};

Passes passes() {
  switch (ewald::best_isa()) {
#if defined(__wasm_simd128__)
    case ewald::Isa::simd128:
      return {ewald::simd128::merging_sum, ewald::simd128::merging_refine};
#elif defined(__x86_64__)
    case ewald::Isa::avx512:
      return {ewald::avx512::merging_sum, ewald::avx512::merging_refine};
    case ewald::Isa::avx2:
      return {ewald::avx2::merging_sum, ewald::avx2::merging_refine};
    case ewald::Isa::sse2:
      return {ewald::sse2::merging_sum, ewald::sse2::merging_refine};
#else
    case ewald::Isa::neon:
      return {ewald::neon::merging_sum, ewald::neon::merging_refine};
#endif
    default:
      return {};
  }
}

int32_t refused(const char* message) { return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "merging: %s", message); }

// Checks the columns; returns the number of observations of the largest crystal.
int32_t check(const ewald_merging_pass* pass, const ewald_merging_columns* columns, const ewald_merging_fit* fit,
              uint32_t& most) {
  if (pass == nullptr || columns == nullptr || fit == nullptr) return refused("a pointer is null");
  const ewald_merging_columns& c = *columns;
  if (pass->observations > 0 && (c.h == nullptr || c.k == nullptr || c.l == nullptr || c.intensity == nullptr ||
                                 c.sigma == nullptr || c.ids == nullptr))
    return refused("a column of the observations is null");
  if (c.offsets == nullptr || c.reciprocal == nullptr || c.wavelengths == nullptr || c.bandwidths == nullptr ||
      fit->parameters == nullptr || fit->weights == nullptr || fit->selected == nullptr)
    return refused("a column of the crystals is null");
  if (pass->crystals > max_crystals || pass->observations > max_observations)
    return ewald::fail(EWALD_STATUS_LIMIT, "merging: %u crystals with %u observations in a pass, at most %u with %u",
                       pass->crystals, pass->observations, max_crystals, max_observations);
  if (pass->partiality > EWALD_PARTIALITY_XSPHERE) return refused("unknown partiality");
  if (c.offsets[0] != 0 || c.offsets[pass->crystals] != pass->observations)
    return refused("the offsets do not begin at 0 and end at the observations");
  most = 0;
  for (uint32_t i = 0; i < pass->crystals; i++) {
    if (c.offsets[i + 1] < c.offsets[i] || c.offsets[i + 1] > pass->observations) return refused("the offsets fall");
    const uint32_t size = c.offsets[i + 1] - c.offsets[i];
    if (size > most) most = size;
  }
  for (uint32_t i = 0; i < pass->observations; i++)
    if (c.ids[i] >= pass->unique) return refused("an observation has no unique reflection");
  return EWALD_STATUS_OK;
}

// Memory for one crystal of `most` observations; null when out of memory.
void* take(uint32_t most, Workspace& w) {
  const size_t padded = (size_t(most) + lanes - 1) / lanes * lanes + lanes;
  void* const memory = ewald::allocate_raw(workspace_columns * padded * sizeof(double));
  if (memory == nullptr) {
    ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a crystal of %u observations", most);
    return nullptr;
  }
  auto* next = static_cast<double*>(memory);
  for (double** column : {&w.error, &w.by_x, &w.by_y, &w.q2, &w.spread2, &w.observed, &w.base, &w.factor, &w.expected,
                          &w.weight, &w.reference, &w.variance}) {
    *column = next;
    next += padded;
  }
  return memory;
}

}  // namespace

extern "C" EWALD_EXPORT(ewald_merging_sum) int32_t
    ewald_merging_sum(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                      const ewald_merging_fit* fit, const double* model, double* sums) {
  uint32_t most = 0;
  if (const int32_t status = check(pass, columns, fit, most); status != EWALD_STATUS_OK) return status;
  if (sums == nullptr) return refused("there is no memory for the sums");
  if (pass->width != 2 && pass->width != 4) return refused("sums have 2 or 4 columns");
  if (pass->width == 4 && model == nullptr) return refused("deviations need a model");
  Workspace workspace{};
  void* const memory = take(most, workspace);
  if (memory == nullptr) return EWALD_STATUS_OUT_OF_MEMORY;
  const size_t count = size_t(pass->unique) * pass->width;
  for (size_t i = 0; i < count; i++) sums[i] = 0;
  passes().sum({*pass, *columns, *fit, model, workspace}, sums);
  ewald::release(memory);
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_merging_refine) int32_t
    ewald_merging_refine(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                         const ewald_merging_fit* fit, const double* model, const double* numerator,
                         const double* information, double* deviation2, uint32_t* compared, double* excess,
                         uint32_t* excess_count) {
  uint32_t most = 0;
  if (const int32_t status = check(pass, columns, fit, most); status != EWALD_STATUS_OK) return status;
  if (model == nullptr || numerator == nullptr || information == nullptr || deviation2 == nullptr ||
      compared == nullptr || excess == nullptr || excess_count == nullptr)
    return refused("a pointer is null");
  if (pass->steps < 1 || pass->steps > max_steps) return refused("a refinement has 1 to 100 steps");
  Workspace workspace{};
  void* const memory = take(most, workspace);
  if (memory == nullptr) return EWALD_STATUS_OUT_OF_MEMORY;
  for (uint32_t c = 0; c < pass->crystals; c++) {
    deviation2[c] = 0;
    compared[c] = 0;
  }
  Refinement refinement{numerator, information, deviation2, compared, excess, 0};
  passes().refine({*pass, *columns, *fit, model, workspace}, refinement);
  *excess_count = refinement.excess_count;
  ewald::release(memory);
  return EWALD_STATUS_OK;
}
