// The wasm module exports the C ABI and nothing else: every function of ewald.h carries EWALD_EXPORT where it is
// defined. This file only completes the module's start-up: there is no main, and no static object needs one.
#include "ewald.h"
