// How much a block needs for an indexer of given sizes, and where in its workspace each array lies.
#pragma once
#include "plan.cuh"

namespace ewald::cuda::indexing {

Sizes sizes_of(const ewald_indexer_descriptor& descriptor);
Places places_of(const Sizes& sizes, bool exhaustive);

}  // namespace ewald::cuda::indexing
