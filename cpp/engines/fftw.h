// FFTW and MKL's copy of its interface.
#pragma once
#include "engines/engine.h"
#include "fft/plan.h"

namespace ewald::engines {

// The differences between the two.
struct FftwLimits {
  const char* name;
  bool mkl;
  // MKL takes seven axes, one loop around them, and sines and cosines along one axis only.
  uint32_t max_axes, max_loops, max_r2r_axes;
};
constexpr FftwLimits fftw_limits = {"FFTW", false, 8, 9, 8}, mkl_limits = {"MKL", true, 7, 1, 1};

Found find_fftw(const FftwLimits& limits, const Libraries& libraries, bool f64);
int32_t create_fftw(const FftwLimits& limits, const Libraries& libraries, const fft::Problem& problem, bool f64,
                    uint32_t threads, bool measure, Stop& stop, std::unique_ptr<Plan>& plan);

}  // namespace ewald::engines
