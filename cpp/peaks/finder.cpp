// Searches a frame of any type by peakfinder8 (limits of rings and blobs above them), zaef, or dispersion; see
// README.md.
#include "peaks/finder.h"

namespace ewald::peaks {
namespace {

template <class T>
void find_typed(Plan& plan, const ewald_peaks_params& params, const void* data, const uint8_t* bad) {
  Valid valid;
  if constexpr (std::is_same_v<T, float>)
    valid = {double(params.least_real), double(params.greatest_real)};
  else
    valid = {double(params.least_integer), double(params.greatest_integer)};
  const Frame<T> frame = {static_cast<const T*>(data), bad, valid};
  if (plan.descriptor.sums_only) return plan.sums == nullptr ? void() : sum_bins(plan, frame);
  if (plan.descriptor.finder == EWALD_FINDER_ZAEF) return find_summits(plan, frame, params);
  if (plan.descriptor.finder != EWALD_FINDER_PEAKFINDER8) return find_dispersed(plan, frame, params);
  const bool listed = find_limits(plan, frame, params);
  find_blobs(plan, frame, params, listed);
}

}  // namespace

bool find_peaks(Plan& plan, const ewald_peaks_params& params, const void* frame, const uint8_t* bad) {
  plan.found.clear();
  plan.centres.clear();
  switch (plan.descriptor.dtype) {
    case EWALD_NUMBER_U8:
      find_typed<uint8_t>(plan, params, frame, bad);
      break;
    case EWALD_NUMBER_I8:
      find_typed<int8_t>(plan, params, frame, bad);
      break;
    case EWALD_NUMBER_U16:
      find_typed<uint16_t>(plan, params, frame, bad);
      break;
    case EWALD_NUMBER_I16:
      find_typed<int16_t>(plan, params, frame, bad);
      break;
    case EWALD_NUMBER_U32:
      find_typed<uint32_t>(plan, params, frame, bad);
      break;
    case EWALD_NUMBER_I32:
      find_typed<int32_t>(plan, params, frame, bad);
      break;
    default:
      find_typed<float>(plan, params, frame, bad);
  }
  return !plan.found.out_of_memory() && !plan.centres.out_of_memory();
}

}  // namespace ewald::peaks
