#include "engines/engine.h"

#include <cmath>

#include "common/status.h"
#include "engines/fftw.h"
#include "engines/gpu.h"
#include "engines/lines.h"
#include "engines/padding.h"

namespace ewald::engines {

double scale_factor(uint32_t scale, double logical) {
  switch (scale) {
    case EWALD_FFT_SCALE_FULL:
      return 1 / logical;
    case EWALD_FFT_SCALE_SYMMETRIC:
      return 1 / std::sqrt(logical);
    default:
      return 1;
  }
}

Found find(const std::string& engine, const Libraries& libraries, bool f64) {
  if (engine == "fftw") return find_fftw(fftw_limits, libraries, f64);
  if (engine == "mkl") return find_fftw(mkl_limits, libraries, f64);
  return engine == "cufft" ? find_cufft(libraries) : find_rocfft(libraries);
}

int32_t create(const std::string& engine, const Libraries& libraries, const ewald_fft_descriptor& descriptor,
               bool measure, Stop& stop, std::unique_ptr<Plan>& plan) {
  fft::Problem problem;
  if (const int32_t status = fft::check(descriptor, problem); status != EWALD_STATUS_OK) return status;
  if (problem.kind == EWALD_FFT_KIND_C2R)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: an engine plans c2r as the inverse of r2c");
  const bool f64 = descriptor.precision == EWALD_FFT_PRECISION_F64;
  if (is_windowed(problem)) {
    std::unique_ptr<Plan> whole;
    const int32_t status = create(engine, libraries, whole_of(descriptor), measure, stop, whole);
    return status == EWALD_STATUS_OK ? pad_and_cut(problem, f64, std::move(whole), plan) : status;
  }
  if (engine == "fftw")
    return create_fftw(fftw_limits, libraries, problem, f64, descriptor.threads, measure, stop, plan);
  if (engine == "mkl") return create_fftw(mkl_limits, libraries, problem, f64, descriptor.threads, measure, stop, plan);
  if (problem.kind == EWALD_FFT_KIND_R2R)
    return fail(EWALD_STATUS_NO_DEVICE, "%s has no sine and cosine transforms", engine.c_str());
  if (engine == "cufft") return create_cufft(libraries, problem, f64, plan);
  return create_rocfft(libraries, problem, f64, plan);
}

}  // namespace ewald::engines
