// Constants of the fast method that change answers and are no parameters. Parameters and their defaults are in ewald.h; what they were
// tuned on is in README.md.
#pragma once

namespace ewald::indexing {

// With fewer spots there is nothing to look for.
constexpr int least_spots = 5;

// Sampling: the lowest-resolution spots take part, and neighbouring directions differ by `grid_step` periods at the outermost of them.
constexpr int sample_spots = 48;
constexpr double grid_step = 0.40;
constexpr int least_directions = 1024;
// A base vector known to one percent, and phases known to a twentieth of a period: the weights of what is known beforehand in the
// fit of a candidate vector. Without them the fit runs away where the Ewald sphere is flat.
constexpr double length_tolerance = 0.01;
constexpr double phase_error = 0.05;
// A wrong detector distance scales every length: where nothing is found the scale is left free within this.
constexpr double scale_tolerance = 0.03;
// A fitted vector whose length is off by more is not the one that was sampled.
constexpr double length_limit = 0.04;

// Rotation search: lowest-resolution spots, and the step of the outermost of them in periods.
constexpr int turn_spots = 96;
constexpr double turn_step = 0.35;

// Acceptance sphere: r such that a node's spheres fill this fraction of reciprocal space.
constexpr double acceptance_occupancy = 1.0 / 64;

// Refinement of the cell: how far the true cell is expected to be from the known one, and where it is another cell
// ((relative length + relative volume)^2).
constexpr double strain_tolerance = 0.01;
constexpr double strain_limit = 0.02;

}  // namespace ewald::indexing
