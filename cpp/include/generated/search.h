// Generated from src/compute/layout/search.ts by `npm run layout`. Do not edit.
#pragma once
#include "common/portable.h"

namespace ewald::indexing {

// with fewer spots there is nothing to look for
constexpr int min_image_spots = 5;
// 1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale
constexpr double farthest_spot = 5.0;
// angstrom; no component of a known cell is longer
constexpr double longest_cell = 1000000.0;
// of the box of its lengths: a known cell of less volume is degenerate
constexpr double flattest_cell = 0.001;
// cubic angstrom; a cell of less volume is degenerate
constexpr double smallest_volume = 1.0;
// index units: a rotation that moves nodes by no more need not be searched; labels tell apart what it joins
constexpr double symmetry_tolerance = 0.01;
// two-fold axes run along lattice vectors of indices up to this
constexpr int symmetry_reach = 2;
// of its length: what a vector has across another at least, to give a direction
constexpr double across_limit = 0.001;
// a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space
constexpr double acceptance_occupancy = 0.015625;
// cosine of the golden angle pi (3 - sqrt 5), the step of the spiral
constexpr double spiral_cos = -0.7373688780783197;
// its sine
constexpr double spiral_sin = 0.6754902942615238;
// sampling: lowest-resolution spots that take part
constexpr int sample_spots = 48;
// sampling: periods from a direction to the next, at the outermost of these spots
constexpr double grid_step = 0.4;
// sampling: directions at least
constexpr int min_directions = 1024;
// sampling: directions are a multiple of this
constexpr int direction_multiple = 64;
// sampling: bits behind the point of a phase, which is counted in integers
constexpr int phase_bits = 12;
// a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat
constexpr double length_tolerance = 0.01;
// periods; error of a phase, which weighs the fit against what is known of the vector
constexpr double phase_error = 0.05;
// a wrong detector distance scales every length: where nothing is found the scale is left free within this
constexpr double scale_tolerance = 0.03;
// steps of the grid that a sampled vector may be off
constexpr double sampled_reach = 0.7;
// a fitted vector whose length is off by more is not the one that was sampled
constexpr double length_limit = 0.04;
// the same where the list is short: all candidates have been pulled to the length
constexpr double short_list_length_limit = 0.2;
// times the candidates that are wanted are kept while the ladder grows
constexpr int ladder_spare = 3;
// square of the distance from a plane, in periods, from which a spot adds to a vector
constexpr double plane_closeness = 0.09;
// rotation search: lowest-resolution spots that take part
constexpr int turn_spots = 96;
// rotation search: periods from an angle to the next, at the outermost of these spots
constexpr double turn_step = 0.35;
// angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a multiple of 12
constexpr int turn_steps = 20160;
// angles of a turn are a multiple of this, so that the folds of lattices divide them
constexpr int turn_multiple = 12;
// angles of a turn at least
constexpr int min_angles = 96;
// spots near the nodes of a hit at least
constexpr int min_hit_spots = 3;
// hits of the highest counts that are compared by closeness
constexpr int enough_hits = 64;
// square of the distance from a node, in index units, from which a spot adds to a cell
constexpr double cell_closeness = 0.06;
// spots near nodes without which a cell is not turned
constexpr int min_turn_spots = 3;
// of the trace: what keeps a near-singular turn small
constexpr double turn_stiffness = 0.0002;
// radian; a turn of less is none
constexpr double smallest_turn = 1e-12;
// radian; a turn of more follows no spots
constexpr double largest_turn = 0.3;
// spots near nodes without which the metric of a cell is not fitted
constexpr int min_fit_spots = 5;
// a fit that shrinks the reciprocal volume by more is not taken
constexpr double smallest_growth = 0.5;
// a fit that grows it by more neither
constexpr double largest_growth = 2.0;
// how far the true cell is expected to be from the known one
constexpr double strain_tolerance = 0.01;
// square of (relative length + relative volume), which may be 0.14, from which it is another cell
constexpr double strain_limit = 0.02;
// merit above which a strained cell is tried
constexpr double strain_merit = 8.0;
// errors of a spot in the acceptance radius, which weigh the spots against strains
constexpr double strain_errors = 3.0;
// strain: index units within which a spot takes part while more and more spots do
constexpr double grow_index_limit = 0.3;
// strain: the same in acceptance radii
constexpr double grow_radius = 2.0;
// strain: times the weight of the metric, meanwhile
constexpr double grow_stiffness = 4.0;
// strain: index units within which a spot takes part when all do
constexpr double fit_index_limit = 0.25;
// strain: acceptance radii where the radius begins to shrink
constexpr double fit_radius = 1.6;
// strain: acceptance radii where it ends, if max_distance is 0
constexpr double last_radius = 0.3;
// index units within which two lattices are one
constexpr double same_lattice_limit = 0.1;
// the same for a further lattice of an image against those that are accepted
constexpr double sliver_lattice = 0.15;
// slivers of accepted lattices in a row, after which the search ends
constexpr int max_slivers = 4;
// spots without which a lattice is not refined on its own
constexpr int min_own_spots = 8;
// radii that are tried, each with half the occupancy of the one before
constexpr int levels = 16;
// occupancy at the widest radius
constexpr double widest_occupancy = 0.125;
// occupied nodes without which nothing is said; as many spots
constexpr int min_occupied = 4;
// of the squared trace: second moments across a row below it, and the spots are in a row
constexpr double row_limit = 0.001;
// further parameters of a strained cell
constexpr int strain_ways = 6;
// a term of the tail that adds less, relatively, ends the sum
constexpr double tail_precision = 0.0001;
// log10 of a chance above which its occupancy is not measured
constexpr double measured_from = -1.0;
// spots that are looked at when an occupancy is measured
constexpr int looks = 9600;
// the same where the answer is beyond doubt
constexpr int clear_looks = 2400;
// beyond doubt: log10 of the chance below this many times accept_log10
constexpr double clear_factor = 4.0;
// and so many decades
constexpr double clear_decades = 20.0;
// turns of the lattice about the beam at least
constexpr int min_turns = 8;
// turns at most
constexpr int max_turns = 128;
// a turn with more hits is odd, if it has a good part of the hits of the answer too
constexpr int odd_hits = 3;
// that part, in tenths
constexpr int odd_share = 7;
// odd turns are left out when they are one in so many or fewer
constexpr int odd_turns = 8;
// hits of the even case that stand beside those counted
constexpr int imagined_hits = 8;
// occupancy above which a wider radius says nothing
constexpr double even_limit = 0.25;
// excess from which a wider radius counts
constexpr double wide_excess = 1.5;
// a measured occupancy is no higher
constexpr double highest_occupancy = 0.5;
// of the trace: keeps the moments of spots in a plane regular
constexpr double beam_shift = 0.000001;
// where the search for the beam begins
constexpr double beam_x = 0.48;
// its y
constexpr double beam_y = 0.6;
// its z
constexpr double beam_z = 0.64;
// rounds of that search
constexpr int beam_rounds = 6;
// with so many spots or fewer the light effort is left out: rivals share most of the spots
constexpr int short_list = 40;
// a lattice that is to end the search is this much better than it need be
constexpr double spare_decades = 5.0;
// of the best merit: lattices below it are not judged
constexpr double rival_share = 0.5;
// thickness of the spots times the shortest vector, below which the Ewald sphere is flat
constexpr double flat_thickness = 0.25;
// candidate vectors that a glance turns, refines and judges before the others
constexpr int glance_candidates = 2;
// cells of these that are refined; the better one is judged
constexpr int glance_hits = 2;
// a lattice that is to end the search at a glance is this much better than it need be
constexpr double glance_decades = 10.0;
// of the spots, of which its merit must exceed this part
constexpr double glance_share = 0.5;
// thickness of the spots times the shortest vector, below which there is no glance: candidates may be rivals
constexpr double glance_thickness = 0.5;
// lattices that a fast search keeps beside those it returns
constexpr int pool_spare = 16;
// exhaustive: directions where the caller asks for none
constexpr int exhaustive_points = 32768;
// exhaustive: candidate vectors a length where the caller asks for none
constexpr int exhaustive_vectors = 32;
// exhaustive: angles times the square root of the directions
constexpr double angles_per_root = 2.5;
// exhaustive: angles are a multiple of this
constexpr int angle_multiple = 1024;
// exhaustive: cells a returned one whose mean distance is computed, where counts tie
constexpr int ties_per_output = 8;
// of the length: two vectors are opposite when their sum is shorter
constexpr double middle_limit = 0.000001;
// where the efforts of turbo begin
constexpr int turbo_effort = 6;
// of any effort
constexpr int max_effort_directions = 256;
// of any effort
constexpr int max_effort_candidates = 48;
// of any effort
constexpr int max_effort_hits = 12;
// of any effort
constexpr int max_effort_judged = 4;
// sampled directions that are taken on, with those that tie
constexpr int max_picked = 384;
// with fewer spots an image shows no cell by itself
constexpr int min_unknown_spots = 8;
// lowest-resolution spots that take part
constexpr int max_unknown_spots = 400;
// lowest-resolution spots of the scan, at most
constexpr int max_scan_spots = 80;
// the same where a scan of more costs too much, at least
constexpr int min_scan_spots = 28;
// sums that the scan of an image may cost: beyond it fewer spots take part, then fewer points
constexpr double max_scan_sums = 120000000.0;
// periods of the outermost spot from one length of the scan to the next
constexpr double scan_length_step = 0.35;
// the same from a direction to the next
constexpr double scan_direction_step = 0.5;
// directions of a length at least
constexpr int min_scan_directions = 64;
// lengths of the scan at most
constexpr int max_scan_lengths = 1024;
// points of the scan that are kept of each length
constexpr int points_per_length = 24;
// steps between directions: nearer points are one
constexpr double points_apart = 1.5;
// over the resolution of the outermost spot: the spread of the spots looks like a shorter wave
constexpr double shortest_wave = 1.6;
// points of the scan that are fitted, best first
constexpr int max_starts = 192;
// starts are apart by this share of their length
constexpr double start_length_share = 0.03;
// and so many angstrom
constexpr double start_gap = 0.8;
// of the mean diagonal: what keeps a fit where no spot speaks of it
constexpr double unknown_damping = 0.001;
// spots near planes, or near nodes, without which a fit fails
constexpr int min_unknown_fit_spots = 6;
// a fitted vector whose length differs by more is not the one of the scan
constexpr double max_stretch = 0.08;
// periods from a plane within which a spot supports a vector
constexpr double support_limit = 0.15;
// what a spot on the plane through the origin adds, where another adds 1
constexpr double origin_support = 0.5;
// fitted vectors within this share of their length
constexpr double twin_length_share = 0.02;
// and so many angstrom are one
constexpr double twin_gap = 0.3;
// vectors of which every three are tried as a cell
constexpr int max_unknown_vectors = 32;
// of the best support: from here on the shorter vector is preferred
constexpr double enough_support = 0.75;
// periods from a node within which a spot is explained
constexpr double unknown_node_limit = 0.2;
// sine between two vectors of a cell at least
constexpr double min_pair_sine = 0.2;
// volume of a cell over the product of its edges at least
constexpr double min_cell_share = 0.15;
// of the spots that the best cell explains: cells that explain fewer are left out
constexpr double nearly_best = 0.85;
// standard deviations above chance that a cell explains at least
constexpr double clear_sigmas = 4.0;
// and so many spots
constexpr int clear_spots = 4;
// index units within which two proposed cells are one lattice
constexpr double unknown_same_lattice = 0.15;
// of the volume: a fit that changes it by more is not taken
constexpr double max_volume_drift = 0.1;
// largest principal strain by which a rotation changes a lattice that it renames
constexpr double label_reach = 0.08;
// the same up to which a rotation is the own symmetry of the lattice
constexpr double label_exact = 0.0002;
// strain by which crystals differ from the known cell
constexpr double label_scatter = 0.001;
// the same of their scale, which a wrong distance changes
constexpr double label_scale = 0.01;
// 1/angstrom; how far the beam may be off
constexpr double label_shift = 0.001;
// ln of the odds from which on a name is decided
constexpr double label_odds = 5.0;
// spots at nodes below which the fit of nine numbers needs more
constexpr int few_label_spots = 15;
// ln of the odds that it then needs
constexpr double few_label_odds = 15.0;
// spots at nodes without which there is no fit
constexpr int min_label_spots = 6;
// index units within which a spot takes part at last
constexpr double label_limit = 0.2;
// medians of the squared distances within which it does: four standard deviations
constexpr double label_medians = 7.0;
// spots at nodes below which the mixture must agree
constexpr int short_label_list = 60;
// mixture: spots that may be anywhere
constexpr double spurious_share = 0.3;
// mixture: ln of the odds of the moments from which on a name is not looked at
constexpr double excluded_odds = 15.0;
// mixture: rounds of its fit, from three standard deviations to one
constexpr int mixture_rounds = 4;
// mixture: ln of the odds that remain without its two best spots; of the moments as well
constexpr double others_odds = 1.0;
// mixture: radian by which the known cell may be turned
constexpr double label_turn_prior = 0.05;
// mixture: by which it may be scaled
constexpr double label_scale_prior = 0.005;
// spots of an image that a block of CUDA holds
constexpr int max_block_spots = 2048;

// One effort of the fast method. See src/compute/layout/search.ts.
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
constexpr int efforts = 8;
EWALD_HD Effort effort_of(int i) {
  EWALD_TABLE Effort rows[] = {
      {0, 64, 12, 4, false, 2, 0.4, false},
      {0, 256, 48, 12, false, 4, 0.22, false},
      {1, 256, 48, 12, false, 4, 0.22, false},
      {2, 256, 48, 12, false, 4, 0.22, false},
      {0, 256, 48, 12, true, 4, 0.22, false},
      {1, 256, 48, 12, true, 4, 0.22, true},
      {0, 32, 8, 3, false, 2, 0.4, false},
      {0, 128, 24, 8, false, 4, 0.22, true},
  };
  return rows[i];
}

// A round of the ladder. See src/compute/layout/search.ts.
struct LadderRound {
  double limit;
  int spots;
  double apart;
};
constexpr int ladder_first = 0;
constexpr int ladder_growing = 1;
constexpr int ladder_full = 2;
constexpr int ladder_last = 3;
constexpr int ladder_rounds = 4;
EWALD_HD LadderRound ladder_round_of(int i) {
  EWALD_TABLE LadderRound rows[] = {
      {0.25, 4, 0.1},
      {0.2, 4, 0.08},
      {0.12, 4, 0.08},
      {0.07, 5, 0.08},
  };
  return rows[i];
}

// A round of the refinement of the orientation. See src/compute/layout/search.ts.
struct TurnRound {
  double index_limit;
  double radius;
  bool low;
};
constexpr int turn_rounds = 5;
EWALD_HD TurnRound turn_round_of(int i) {
  EWALD_TABLE TurnRound rows[] = {
      {0.3, 0.0, true},
      {0.25, 0.0, true},
      {0.25, 3.2, false},
      {0.25, 1.6, false},
      {0.25, 1.2, false},
  };
  return rows[i];
}

// A round of the exhaustive method's fit. See src/compute/layout/search.ts.
struct VectorRound {
  double limit;
};
constexpr int vector_rounds = 4;
EWALD_HD VectorRound vector_round_of(int i) {
  EWALD_TABLE VectorRound rows[] = {
      {0.1},
      {0.05},
      {0.025},
      {0.01},
  };
  return rows[i];
}

// A round of an unknown cell's vector. See src/compute/layout/search.ts.
struct ClimbRound {
  double limit;
};
constexpr int climb_rounds = 6;
EWALD_HD ClimbRound climb_round_of(int i) {
  EWALD_TABLE ClimbRound rows[] = {
      {0.3},
      {0.25},
      {0.2},
      {0.15},
      {0.12},
      {0.12},
  };
  return rows[i];
}

// A round of an unknown cell. See src/compute/layout/search.ts.
struct CellRound {
  double limit;
};
constexpr int cell_rounds = 3;
EWALD_HD CellRound cell_round_of(int i) {
  EWALD_TABLE CellRound rows[] = {
      {0.2},
      {0.16},
      {0.13},
  };
  return rows[i];
}

}  // namespace ewald::indexing
