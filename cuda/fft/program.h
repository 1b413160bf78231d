// A transform of any rank as a list of passes, each along one axis or a piece of it.
#pragma once
#include <cstdint>
#include <vector>

#include "fft/plan.h"
#include "pass.h"
#include "slabs.h"
#include "tables.h"

namespace ewald::cuda::fft {

// `source` and `target` are the two sides in the direction of the program; `middle` holds the intermediate results
// between axes if the target cannot, `pieces` those between the pieces of a long axis.
enum class Place : std::uint8_t { source, target, middle, pieces };

struct Step {
  Pass pass;
  Place from, to;
  // Over all slabs, in the 32-byte sectors in which a GPU transfers them.
  std::uint64_t bytes_read, bytes_written;
  std::uint64_t from_slab = 0, to_slab = 0;  // bytes from slab to slab in the memory read and written
};

struct Program {
  std::vector<Step> steps;
  // The steps of the group run in sequence for each slab, and their passes are those of one slab.
  std::uint32_t group_begin = 0, group_end = 0, slabs = 1;
  std::uint64_t middle = 0, pieces = 0;  // numbers (not complex ones) of these two
  // Sums over the steps, and the part of them that stays in the L2 cache because of the slabs.
  std::uint64_t bytes_read = 0, bytes_written = 0, bytes_kept = 0;
};

// `backward` is the sign of the exponent. Tables are added to `tables`.
template <class T>
Program program_of(const ewald::fft::Problem& problem, bool backward, const Card& card, Tables& tables);

}  // namespace ewald::cuda::fft
