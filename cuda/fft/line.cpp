#include "line.h"

#include "lengths.h"

namespace ewald::cuda::fft {
namespace {

using ewald::fft::Trig;

Trig inverse(Trig kind) {
  switch (kind) {
    case Trig::dct2:
      return Trig::dct3;
    case Trig::dct3:
      return Trig::dct2;
    case Trig::dst2:
      return Trig::dst3;
    case Trig::dst3:
      return Trig::dst2;
    default:
      return kind;
  }
}

Line sines_of(Trig kind, std::uint32_t n, std::uint32_t room) {
  const bool sine = kind >= Trig::dst1;
  switch (kind) {
    case Trig::dct1:
    case Trig::dst1: {
      const std::uint32_t half = sine ? n + 1 : n - 1;
      const bool packed = core_of(half, room).length != 0;
      return {n, packed ? half : 2 * half, packed ? Source::dct1_packed : Source::dct1, Sink::dct1, sine, packed};
    }
    case Trig::dct2:
    case Trig::dst2:
      return {n, n, Source::dct2, Sink::dct2, sine};
    case Trig::dct3:
    case Trig::dst3:
      return {n, n, Source::dct3, Sink::dct3, sine};
    default:
      return n % 2 == 0 ? Line{n, n / 2, Source::dct4, Sink::dct4, sine}
                        : Line{n, 2 * n, Source::dct4_odd, Sink::dct4_odd, sine};
  }
}

}  // namespace

Line line_of(const ewald::fft::Problem& problem, std::uint32_t dim, bool special, bool backward, std::uint32_t room) {
  const std::uint32_t n = std::uint32_t(problem.shape[dim]);
  if (!special) return {n, n, Source::complex, Sink::complex, false, false, backward};
  if (problem.kind == EWALD_FFT_KIND_REAL_C2C)
    return backward ? Line{n, n, Source::complex, Sink::real, false, false, true}
                    : Line{n, n, Source::real, Sink::complex};
  if (problem.kind == EWALD_FFT_KIND_R2R)
    return sines_of(backward ? inverse(problem.trig[dim]) : problem.trig[dim], n, room);
  // Real lines of even length are transformed as complex ones of half the length. Sources and sinks change the sign of
  // the exponent themselves.
  const bool packed = n % 2 == 0 && core_of(n / 2, room).length != 0;
  const std::uint32_t points = packed ? n / 2 : n;
  if (backward)
    return {n, points, packed ? Source::hermitian_packed : Source::hermitian, packed ? Sink::unpacked : Sink::real};
  return {n, points, packed ? Source::packed : Source::real, Sink::half, false, packed};
}

}  // namespace ewald::cuda::fft
