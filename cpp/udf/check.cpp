#include "udf/check.h"

#include "common/status.h"

namespace ewald::udf {
namespace {

constexpr size_t most_pixels = size_t(1) << 30;

// What is wrong with a step, or nothing.
const char* wrong(const ewald_udf_descriptor& d, const ewald_udf_step& step, const uint32_t* indices) {
  const size_t pixels = size_t(d.width) * d.height;
  const size_t left = step.first_index <= d.indices ? d.indices - step.first_index : 0;
  const size_t weights = step.first_weight <= d.weights ? d.weights - step.first_weight : 0;
  const size_t words = is_double(step.kind) ? 2 : 1;
  const uint32_t* own = indices + step.first_index;
  switch (step.kind) {
    case EWALD_UDF_STEP_KIND_SUM_OF:
    case EWALD_UDF_STEP_KIND_SQUARES_OF:
    case EWALD_UDF_STEP_KIND_COM: {
      if (size_t(step.count) * 2 > left) return "its spans extend beyond the indices";
      uint32_t before = 0;
      for (uint32_t i = 0; i < step.count; i++) {
        const uint32_t first = own[2 * i], end = own[2 * i + 1];
        if (first < before || end <= first || end > pixels || first / d.width != (end - 1) / d.width)
          return "a span is empty, outside the frame, crosses a row boundary, or is out of order";
        before = end;
      }
      return nullptr;
    }
    case EWALD_UDF_STEP_KIND_DENSE:
    case EWALD_UDF_STEP_KIND_DENSE_DOUBLE:
      if (is_double(step.kind) && step.first_weight % 2 != 0) return "its float64 weights start at an odd word";
      return step.count < 1 || step.count * pixels > weights / words ? "its masks extend beyond the weights" : nullptr;
    case EWALD_UDF_STEP_KIND_SPARSE:
    case EWALD_UDF_STEP_KIND_SPARSE_DOUBLE: {
      if (is_double(step.kind) && step.first_weight % 2 != 0) return "its float64 weights start at an odd word";
      if (step.count < 1 || size_t(step.count) + 1 > left) return "its row starts extend beyond the indices";
      if (own[0] != 0) return "its row starts do not begin at 0";
      for (uint32_t k = 0; k < step.count; k++)
        if (own[k + 1] < own[k]) return "its row starts decrease";
      const uint32_t entries = own[step.count];
      if (entries > left - step.count - 1 || entries > weights / words)
        return "its entries extend beyond the indices or weights";
      for (uint32_t e = 0; e < entries; e++)
        if (own[step.count + 1 + e] >= pixels) return "a pixel lies outside the frame";
      return nullptr;
    }
    default:
      return is_plane(step.kind) ? nullptr : "unknown kind of step";
  }
}

}  // namespace

bool is_double(uint32_t kind) {
  return kind == EWALD_UDF_STEP_KIND_DENSE_DOUBLE || kind == EWALD_UDF_STEP_KIND_SPARSE_DOUBLE;
}

bool is_plane(uint32_t kind) {
  return kind == EWALD_UDF_STEP_KIND_SUM || kind == EWALD_UDF_STEP_KIND_MOMENTS || kind == EWALD_UDF_STEP_KIND_LOG_SUM;
}

uint32_t columns_of(const ewald_udf_step& step) {
  switch (step.kind) {
    case EWALD_UDF_STEP_KIND_SUM_OF:
      return 1;
    case EWALD_UDF_STEP_KIND_SQUARES_OF:
      return 2;
    case EWALD_UDF_STEP_KIND_COM:
      return 3;
    default:
      return is_plane(step.kind) ? 0 : step.count;
  }
}

uint32_t planes_of(const ewald_udf_step& step) {
  return step.kind == EWALD_UDF_STEP_KIND_MOMENTS ? 2 : is_plane(step.kind) ? 1 : 0;
}

int32_t check(const ewald_udf_descriptor& d, const ewald_udf_step* steps, const uint32_t* indices) {
  if (d.width < 1 || d.height < 1 || d.width > 65536 || uint64_t(d.width) * d.height > most_pixels)
    return ewald::fail(EWALD_STATUS_LIMIT,
        "frames have %u x %u pixels; at most 65536 per row and %zu per frame are supported", d.width,
                       d.height, most_pixels);
  if (d.dtype > EWALD_NUMBER_F32) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%u is not a pixel type", d.dtype);
  if (d.steps < 1 || d.steps > 65536 || d.threads > 1024)
    return ewald::fail(EWALD_STATUS_LIMIT, "%u steps, %u threads; expected 1 to 65536, 0 to 1024", d.steps,
                       d.threads);
  for (uint32_t s = 0; s < d.steps; s++) {
    const char* why = wrong(d, steps[s], indices);
    if (why != nullptr) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "step %u: %s", s, why);
  }
  return EWALD_STATUS_OK;
}

}  // namespace ewald::udf
