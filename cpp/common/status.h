// Error reporting of the core's C functions.
#pragma once
#include "ewald.h"

namespace ewald {

// Stores a line about the failure for ewald_last_error (one per thread) and returns the status.
int32_t fail(ewald_status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The line that the last `fail` of this thread stored.
const char* last_error_text();

}  // namespace ewald
