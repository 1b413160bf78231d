#include "indexing/check.h"

#include "generated/ranges.h"

namespace ewald::indexing {
namespace {

Complaint complain(const char* name, double value, const char* wanted, double limit) {
  Complaint wrong{name, value, {}};
  snprintf(wrong.wanted, sizeof wrong.wanted, "%s (%.9g)", wanted, limit);
  return wrong;
}

}  // namespace

Complaint check(const ewald_indexer_descriptor& descriptor) {
  return first_outside(&descriptor, indexer_descriptor_ranges);
}

Complaint check(const ewald_indexer_descriptor& d, const ewald_indexer_params& p) {
  const Complaint wrong = first_outside(&p, indexer_params_ranges);
  if (wrong.name) return wrong;
  if (p.trim_low >= p.trim_high) return complain("trim_low", p.trim_low, "below trim_high", p.trim_high);
  if (p.sample_points > d.max_sample_points)
    return complain("sample_points", p.sample_points, "at most max_sample_points", d.max_sample_points);
  if (p.angle_points > d.max_angle_points)
    return complain("angle_points", p.angle_points, "at most max_angle_points", d.max_angle_points);
  if (p.max_crystals > d.max_output_cells)
    return complain("max_crystals", p.max_crystals, "at most max_output_cells", d.max_output_cells);
  return {nullptr, 0, {}};
}

}  // namespace ewald::indexing
