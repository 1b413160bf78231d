// The memory that a block needs for an indexer of given sizes, and the position of each array in its workspace.
#pragma once
#include "plan.cuh"

namespace ewald::cuda::indexing {

Sizes sizes_of(const ewald_indexer_descriptor& descriptor);
Places places_of(const Sizes& sizes, bool exhaustive);

}  // namespace ewald::cuda::indexing
