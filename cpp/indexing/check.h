// The valid descriptors of an indexer and parameters of a run: the ranges of src/compute/layout/indexing.ts and the
// dependencies between fields. For host code; the CUDA implementation uses it as well.
#pragma once
#include "common/range.h"
#include "ewald.h"

namespace ewald::indexing {

Complaint check(const ewald_indexer_descriptor& descriptor);
// Checks the `params` of a run of an indexer with this descriptor.
Complaint check(const ewald_indexer_descriptor& descriptor, const ewald_indexer_params& params);

}  // namespace ewald::indexing
