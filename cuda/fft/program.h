// A transform of any rank as a list of passes, each along one axis or a piece of it.
#pragma once
#include <cstdint>
#include <vector>

#include "fft/plan.h"
#include "pass.h"
#include "tables.h"

namespace ewald::cuda::fft {

// `source` and `target` are the two sides in the direction of the program; `middle` holds the intermediate results
// between axes if the target cannot, `pieces` those between the pieces of a long axis.
enum class Place : std::uint8_t { source, target, middle, pieces };

struct Step {
  Pass pass;
  Place from, to;
};

struct Program {
  std::vector<Step> steps;
  std::uint64_t middle = 0, pieces = 0;  // numbers (not complex ones) of these two
  // Bytes that the passes read and write, counted in the 32-byte sectors in which a GPU transfers them.
  std::uint64_t bytes_read = 0, bytes_written = 0;
};

struct Card {
  std::uint32_t multiprocessors;
};

// `backward` is the sign of the exponent. Tables are added to `tables`.
template <class T>
Program program_of(const ewald::fft::Problem& problem, bool backward, const Card& card, Tables& tables);

}  // namespace ewald::cuda::fft
