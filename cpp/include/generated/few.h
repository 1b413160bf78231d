// Generated from src/compute/layout/few.ts by `npm run layout`. Do not edit.
#pragma once

namespace ewald::indexing::few {

// spots that take part
constexpr int max_spots = 64;
// spots without which there is no lattice, in an image and in an orientation
constexpr int least_spots = 3;
// nodes of a cell that are listed at most, but for the spare ones; spots beyond are no seeds
constexpr double max_nodes = 262144.0;
// indices have 16 bits, and an edge of a small cell reaches no farther at the farthest spot
constexpr double farthest_index = 30000.0;
// nodes are needed this much farther than the longest spot
constexpr double node_reach = 1.03;
// and listed this much farther again, for longer spots of later images
constexpr double spare_reach = 1.2;
// relative difference of squared lengths up to which a rotation keeps the lattice: a known cell is exact
constexpr double group_tolerance = 0.0006;
// 1/angstrom; scatter in all directions, of what the model neglects
constexpr double least_scatter = 0.00002;
// standard deviations of a length within which a node is a candidate
constexpr double length_errors = 3.3;
// standard deviations of an angle within which two are a seed
constexpr double angle_errors = 3.3;
// sine of the angle between two spots from which they give an orientation
constexpr double least_sine = 0.12;
// chi squared, of three components, within which a spot belongs to a node during a fit
constexpr double gate = 14.0;
// steps of a fit at most
constexpr int fit_rounds = 5;
// radian; a step of more follows no spots
constexpr double largest_step = 0.2;
// ln of the odds by which an orientation is worse that is forgotten
constexpr double ln_within = 14.0;
// seeds of an image, a cell and a lattice at most
constexpr int most_seeds = 2000;
// seeds that are enough once an orientation is sure
constexpr int enough_seeds = 150;
// ln of the odds from which it is
constexpr double sure_ln_odds = 15.0;
// shares of spurious spots, over which the likelihood is averaged
constexpr double spurious[] = {0.03, 0.1, 0.25, 0.5, 0.75};
// the part of "no lattice" that is a powder of the same cell, so that lengths alone are no evidence
constexpr double powder = 0.5;
// squared relative difference of axes up to which two orientations are one
constexpr double same_axis = 0.02;
// part of the odds with which labels, or a hand, are decided
constexpr double decided = 0.95;
// part of the odds that a rival has at least
constexpr double least_rival = 0.01;
// angstrom; below it are electrons, whose labels are the same up to an inversion
constexpr double flat_wavelength = 0.1;

}  // namespace ewald::indexing::few
