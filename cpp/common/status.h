// How a C function of the core says what went wrong.
#pragma once
#include "ewald.h"

namespace ewald {

// Keeps a line about the failure for ewald_last_error (one a thread) and returns the status.
int32_t fail(ewald_status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The line that the last `fail` of this thread kept.
const char* last_error_text();

}  // namespace ewald
