#include "tables.h"

#include <algorithm>

#include "indexing/tables.h"

namespace ewald::cuda::indexing {
namespace core = ewald::indexing;

void fill_spiral(float* cosine, float* sine, int points) { core::fill_spiral(cosine, sine, points); }
void fill_turn(float* cosine, float* sine, int steps) { core::fill_turn(cosine, sine, steps); }
void fill_log10_factorial(double* table, int n) { core::fill_log10_factorial(table, n); }

static_assert(turn_steps == core::turn_steps);

bool describe_cell(const float rows[9], KnownCell& known) {
  core::KnownCell from;
  if (!core::describe_cell(rows, from)) return false;
  known = {};
  for (int i = 0; i < 3; i++) known.cell.row[i] = {from.cell.row[i].x, from.cell.row[i].y, from.cell.row[i].z};
  known.volume = from.volume;
  known.acceptance = from.acceptance;
  known.shortest = from.shortest;
  for (int i = 0; i < 3; i++) {
    const core::BaseVector& base = from.base[i];
    known.base[i] = {base.row, base.fold, base.flip, 0,        base.length, base.other_length,
                     base.a_u, base.a_x,  base.b_u,  base.b_x, base.b_y};
  }
  return true;
}

int list_lengths(const KnownCell* cells, int count, bool redundant, float threshold, Length* lengths) {
  int held = 0;
  for (int input = 0; input < count; input++)
    for (int base = 2; base >= (redundant ? 0 : 2); base--)
      lengths[held++] = {float(cells[input].base[base].length), input, base, 0};
  std::stable_sort(lengths, lengths + held, [](const Length& a, const Length& b) { return a.length > b.length; });
  float sampled = -1;
  for (int i = 0; i < held; i++) {
    lengths[i].fresh = sampled < 0 || sampled - lengths[i].length >= threshold;
    if (lengths[i].fresh) sampled = lengths[i].length;
  }
  return held;
}

}  // namespace ewald::cuda::indexing
