// What a valid correction is, and the numbers that every backend derives from its tables.
#include <cmath>

#include "common/status.h"
#include "udf/correction.h"

namespace ewald::udf {

int32_t check(const ewald_correction_descriptor& d) {
  constexpr uint32_t most_pixels = 1u << 30, most_markers = 1024;
  if (d.pixels < 1 || d.pixels > most_pixels)
    return ewald::fail(EWALD_STATUS_LIMIT, "frames have %u pixels; expected 1 to %u", d.pixels, most_pixels);
  if (d.dtype > EWALD_NUMBER_F32) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%u is not a pixel type", d.dtype);
  if (d.threads > 1024 || d.markers > most_markers)
    return ewald::fail(EWALD_STATUS_LIMIT, "%u threads, %u markers; expected at most 1024 of each", d.threads,
                       d.markers);
  const uint64_t panel = uint64_t(d.panel_width) * d.panel_height;
  if ((d.panel_width > 0 || d.panel_height > 0) && (panel == 0 || d.pixels % panel != 0))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "panels of %u x %u do not tile a frame of %u pixels",
                       d.panel_height, d.panel_width, d.pixels);
  return EWALD_STATUS_OK;
}

float rest_of(double dark) {
  const float head = float(dark);
  return std::isfinite(head) ? float(dark - double(head)) : 0;
}

float not_above(double limit) {
  const float near = float(limit);
  return double(near) > limit ? std::nextafterf(near, -INFINITY) : near;
}

float not_below(double limit) {
  const float near = float(limit);
  return double(near) < limit ? std::nextafterf(near, INFINITY) : near;
}

}  // namespace ewald::udf
