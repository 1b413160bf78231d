// Parts of axes for engines, which know only whole ones: the data is padded, transformed whole and cut, in memory of
// the plan, by the thread that runs it. Nothing is saved but the trouble.
#pragma once
#include <memory>

#include "engines/engine.h"
#include "fft/plan.h"

namespace ewald::engines {

// Whether a side holds only parts of its axes.
bool is_windowed(const fft::Problem& problem);

// The same transform on whole, contiguous axes.
ewald_fft_descriptor whole_of(const ewald_fft_descriptor& descriptor);

// A plan for `problem` over `whole`, the engine's plan of `whole_of`. Its two padded arrays are counted in `bytes`.
int32_t pad_and_cut(const fft::Problem& problem, bool f64, std::unique_ptr<Plan> whole, std::unique_ptr<Plan>& plan);

}  // namespace ewald::engines
