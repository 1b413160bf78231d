// Parts of axes for engines, which only support whole axes: the data is padded, transformed as a whole and cropped, in
// memory of the plan, by the thread that runs it. This is a convenience and saves no time.
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
