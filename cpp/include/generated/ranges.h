// Generated from src/compute/layout/indexing.ts by `npm run layout`. Do not edit.
#pragma once
#include "common/range.h"
#include "generated/layout.h"

namespace ewald::indexing {

constexpr Range indexer_descriptor_ranges[] = {
    {"max_spots", offsetof(ewald_indexer_descriptor, max_spots), false, 6, 4096, false, false},
    {"max_input_cells", offsetof(ewald_indexer_descriptor, max_input_cells), false, 1, 64, false, false},
    {"max_output_cells", offsetof(ewald_indexer_descriptor, max_output_cells), false, 1, 1024, false, false},
    {"batch", offsetof(ewald_indexer_descriptor, batch), false, 1, 65536, false, false},
    {"method", offsetof(ewald_indexer_descriptor, method), false, 0, 2, false, false},
    {"candidate_vectors", offsetof(ewald_indexer_descriptor, candidate_vectors), false, 1, 1024, false, true},
    {"max_sample_points", offsetof(ewald_indexer_descriptor, max_sample_points), false, 1024, 1048576, false, false},
    {"max_angle_points", offsetof(ewald_indexer_descriptor, max_angle_points), false, 64, 65536, false, false},
    {"threads", offsetof(ewald_indexer_descriptor, threads), false, 0, 1024, false, false},
    {"redundant", offsetof(ewald_indexer_descriptor, redundant), false, 0, 1, false, false},
    {"debug", offsetof(ewald_indexer_descriptor, debug), false, 0, 1, false, false},
    {"efforts", offsetof(ewald_indexer_descriptor, efforts), false, 1, 6, false, true},
};
constexpr ewald_indexer_descriptor default_indexer_descriptor = {300, 1, 32, 1, 0, 0, 65536, 5040, 0, 0, 0, 0};

constexpr int max_spots_high = 4096;
constexpr int max_input_cells_high = 64;
constexpr int max_output_cells_high = 1024;
constexpr int batch_high = 65536;
constexpr int method_high = 2;
constexpr int candidate_vectors_high = 1024;
constexpr int max_sample_points_high = 1048576;
constexpr int max_angle_points_high = 65536;
constexpr int threads_high = 1024;
constexpr int redundant_high = 1;
constexpr int debug_high = 1;
constexpr int efforts_high = 6;
constexpr int batch_spots_high = 268435456;

constexpr Range indexer_params_ranges[] = {
    {"length_threshold", offsetof(ewald_indexer_params, length_threshold), true, 0, 10, false, false},
    {"trim_low", offsetof(ewald_indexer_params, trim_low), true, 0, 0.5, false, false},
    {"trim_high", offsetof(ewald_indexer_params, trim_high), true, 0, 0.5, true, false},
    {"delta", offsetof(ewald_indexer_params, delta), true, 0, 1, true, false},
    {"plane_distance", offsetof(ewald_indexer_params, plane_distance), true, 0, 0.5, true, false},
    {"node_distance", offsetof(ewald_indexer_params, node_distance), true, 0, 0.87, true, false},
    {"min_spots", offsetof(ewald_indexer_params, min_spots), false, 4, 1024, false, true},
    {"sample_points", offsetof(ewald_indexer_params, sample_points), false, 32, 1048576, false, true},
    {"angle_points", offsetof(ewald_indexer_params, angle_points), false, 64, 65536, false, true},
    {"max_crystals", offsetof(ewald_indexer_params, max_crystals), false, 1, 8, false, false},
    {"refinement", offsetof(ewald_indexer_params, refinement), false, 0, 4, false, false},
    {"contraction", offsetof(ewald_indexer_params, contraction), true, 0.01, 0.99, false, false},
    {"max_distance", offsetof(ewald_indexer_params, max_distance), true, 0, 1, false, false},
    {"refine_min_spots", offsetof(ewald_indexer_params, refine_min_spots), false, 4, 1024, false, false},
    {"refine_iterations", offsetof(ewald_indexer_params, refine_iterations), false, 1, 1024, false, false},
    {"accept_log10", offsetof(ewald_indexer_params, accept_log10), true, -1000000, 0, false, false},
};
constexpr ewald_indexer_params default_indexer_params = {1e-9f, 0.001f, 0.3f, 0.1f, 0.2f, 0.15f, 6, 0, 0, 1, 0, 0.8f, 0.0f, 8, 32, -3.5f};

constexpr double default_max_distance_ifss = 0.01;
constexpr double default_refine_min_spots_ifss = 6.0;
constexpr double default_refine_iterations_ifss = 15.0;
constexpr double default_max_distance_ifse = 0.01;
constexpr double default_refine_min_spots_ifse = 6.0;
constexpr double default_refine_iterations_ifse = 15.0;
constexpr double default_max_distance_ifssr = 0.00075;

constexpr double proposal_spots_low = 0.0, proposal_spots_high = 1048576.0;
constexpr double proposals_low = 1.0, proposals_high = 64.0;
constexpr double min_length_a_low = 1.0, min_length_a_high = 1000.0;
constexpr double max_length_a_low = 1.0, max_length_a_high = 1000.0;

}  // namespace ewald::indexing
