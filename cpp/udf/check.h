// The checks that every backend makes on a pass before it allocates memory, and the sizes of its results.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ewald.h"

namespace ewald::udf {

// Bytes of a number of a frame, by EWALD_NUMBER.
constexpr uint8_t bytes_of[] = {1, 1, 2, 2, 4, 4, 4};

// Whether a step sums over frames, into planes; the others sum over pixels, into columns.
bool is_plane(uint32_t kind);
// Whether the weights of a step are float64, two words each.
bool is_double(uint32_t kind);
uint32_t columns_of(const ewald_udf_step& step);
uint32_t planes_of(const ewald_udf_step& step);

// EWALD_STATUS_OK, or the status of ewald::fail with what is wrong with a descriptor and its steps, for
// ewald_last_error.
int32_t check(const ewald_udf_descriptor& d, const ewald_udf_step* steps, const uint32_t* indices);

}  // namespace ewald::udf
