// Generated from src/layout/indexing.ts by `npm run layout`. Do not edit.
#pragma once

namespace ewald::indexing {

// with fewer spots there is nothing to look for
constexpr int least_spots = 5;
// 1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale
constexpr double farthest_spot = 5.0;
// sampling: lowest-resolution spots that take part
constexpr int sample_spots = 48;
// sampling: periods from a direction to the next, at the outermost of these spots
constexpr double grid_step = 0.4;
// sampling: directions at least
constexpr int least_directions = 1024;
// a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat
constexpr double length_tolerance = 0.01;
// periods; error of a phase, which weighs the fit against what is known of the vector
constexpr double phase_error = 0.05;
// a wrong detector distance scales every length: where nothing is found the scale is left free within this
constexpr double scale_tolerance = 0.03;
// a fitted vector whose length is off by more is not the one that was sampled
constexpr double length_limit = 0.04;
// rotation search: lowest-resolution spots that take part
constexpr int turn_spots = 96;
// rotation search: periods from an angle to the next, at the outermost of these spots
constexpr double turn_step = 0.35;
// angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a multiple of 12
constexpr int turn_steps = 20160;
// a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space
constexpr double acceptance_occupancy = 0.015625;
// how far the true cell is expected to be from the known one
constexpr double strain_tolerance = 0.01;
// (relative length + relative volume)^2 from which it is another cell
constexpr double strain_limit = 0.02;
// merit above which a strained cell is tried
constexpr double strain_merit = 8.0;
// with so many spots or fewer the light effort is left out: rivals share most of the spots
constexpr int short_list = 40;
// a lattice that is to end the search is this much better than it need be
constexpr double spare_decades = 5.0;
// of the best merit: lattices below it are not judged
constexpr double rival_share = 0.5;
// thickness of the spots times the shortest vector, below which the Ewald sphere is flat
constexpr double flat_thickness = 0.25;
// where the efforts of turbo begin
constexpr int turbo_effort = 6;
// of any effort
constexpr int most_effort_directions = 256;
// of any effort
constexpr int most_effort_candidates = 48;
// of any effort
constexpr int most_effort_hits = 12;
// of any effort
constexpr int most_effort_judged = 4;

// One effort of the fast method; see src/layout/indexing.ts.
struct Effort {
  int base;
  int directions;
  int candidates;
  int hits;
  bool free_scale;
  int judged;
  double share;
  bool last;
};

#define EWALD_INDEXING_EFFORTS \
  {0, 64, 12, 4, false, 2, 0.4, false}, \
  {0, 256, 48, 12, false, 4, 0.22, false}, \
  {1, 256, 48, 12, false, 4, 0.22, false}, \
  {2, 256, 48, 12, false, 4, 0.22, false}, \
  {0, 256, 48, 12, true, 4, 0.22, false}, \
  {1, 256, 48, 12, true, 4, 0.22, true}, \
  {0, 32, 8, 3, false, 2, 0.4, false}, \
  {0, 128, 24, 8, false, 4, 0.22, true}

}  // namespace ewald::indexing
