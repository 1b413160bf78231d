// What follows from the known cells of a run, on the host: the C++ core's own tables (cpp/indexing/tables.cpp) in the
// form of the kernels.
#pragma once
#include <vector>

#include "plan.cuh"

namespace ewald::cuda::indexing {

void fill_spiral(float* cosine, float* sine, int points);
void fill_turn(float* cosine, float* sine, int steps);
void fill_log10_factorial(double* table, int n);
// False when the cell has no volume or a number is not finite.
bool describe_cell(const float rows[9], KnownCell& known);
// Lengths that the exhaustive method samples, longest first; `lengths` has room for three a cell. Returns how many.
int list_lengths(const KnownCell* cells, int count, bool redundant, float threshold, Length* lengths);

}  // namespace ewald::cuda::indexing
