// What an indexer may be made for and a run may ask for: the ranges of src/layout/indexing.ts and how fields depend on
// each other. For the host; the CUDA wing checks by it as well.
#pragma once
#include "common/range.h"
#include "ewald.h"

namespace ewald::indexing {

Complaint check(const ewald_indexer_descriptor& descriptor);
// `params` of a run of an indexer with this descriptor.
Complaint check(const ewald_indexer_descriptor& descriptor, const ewald_indexer_params& params);

}  // namespace ewald::indexing
