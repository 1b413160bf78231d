// Tables that a handle computes once: the spiral of directions, the angles of a rotation, log-factorials, and the
// quantities derived from a known cell.
#pragma once
#include "indexing/known_cell.h"

namespace ewald::indexing {

void fill_spiral(float* cosine, float* sine, int points);
void fill_turn(float* cosine, float* sine, int steps);
void fill_log10_factorial(double* table, int n);
// False if the cell has no volume or a number is not finite.
bool describe_cell(const float rows[9], KnownCell& known);
// Lengths that the exhaustive method samples, longest first; lengths that differ by less than the threshold share their
// samples. `lengths` has room for three per cell. Returns their number.
int list_lengths(const KnownCell* cells, int count, bool redundant, float threshold, Length* lengths);

}  // namespace ewald::indexing
