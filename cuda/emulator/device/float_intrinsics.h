// Floating-point functions of the device. The fast intrinsics are accurate here: a GPU may differ by their documented
// bounds.
#pragma once
#include <cmath>

using std::abs;
using std::isfinite;
using std::isinf;
using std::isnan;
using std::signbit;

// A number wins over NaN, as on the GPU.
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }
inline double min(float a, double b) { return std::fmin(double(a), b); }
inline double max(float a, double b) { return std::fmax(double(a), b); }
inline double min(double a, float b) { return std::fmin(a, double(b)); }
inline double max(double a, float b) { return std::fmax(a, double(b)); }

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline float __frsqrt_rn(float x) { return float(1.0 / std::sqrt(double(x))); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

inline float rsqrtf(float x) { return float(1.0 / std::sqrt(double(x))); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float rcbrtf(float x) { return float(1.0 / std::cbrt(double(x))); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __sinf(float x) { return std::sin(x); }
inline float __cosf(float x) { return std::cos(x); }
inline float __tanf(float x) { return std::tan(x); }
inline void __sincosf(float x, float* s, float* c) {
  *s = std::sin(x);
  *c = std::cos(x);
}
inline float __expf(float x) { return std::exp(x); }
inline float __exp10f(float x) { return float(std::pow(10.0, double(x))); }
inline float __logf(float x) { return std::log(x); }
inline float __log2f(float x) { return std::log2(x); }
inline float __log10f(float x) { return std::log10(x); }
inline float __powf(float x, float y) { return std::pow(x, y); }
inline float sinpif(float x) { return float(std::sin(3.14159265358979323846 * std::fmod(double(x), 2.0))); }
inline float cospif(float x) { return float(std::cos(3.14159265358979323846 * std::fmod(double(x), 2.0))); }
inline void sincospif(float x, float* s, float* c) {
  *s = sinpif(x);
  *c = cospif(x);
}
inline float norm3df(float a, float b, float c) {
  return float(std::sqrt(double(a) * a + double(b) * b + double(c) * c));
}
inline float rnorm3df(float a, float b, float c) {
  return float(1.0 / std::sqrt(double(a) * a + double(b) * b + double(c) * c));
}

// Conversions saturate and map NaN to zero, as on the GPU; in C++ both would be undefined.
namespace ewald::emulator {
template <class To>
To saturatingInteger(double x) {
  constexpr double low = sizeof(To) == 4 ? (To(-1) < To(0) ? -2147483648.0 : 0.0) : -9223372036854775808.0;
  constexpr double high = sizeof(To) == 4 ? (To(-1) < To(0) ? 2147483648.0 : 4294967296.0) : 9223372036854775808.0;
  if (!(x == x)) return 0;
  if (x <= low) return To(low);
  if (x >= high) return To(-1) < To(0) ? To((static_cast<unsigned long long>(1) << (8 * sizeof(To) - 1)) - 1) : To(-1);
  return To(x);
}
}  // namespace ewald::emulator
inline int __float2int_rn(float x) { return ::ewald::emulator::saturatingInteger<int>(std::nearbyint(x)); }
inline int __float2int_rz(float x) { return ::ewald::emulator::saturatingInteger<int>(std::trunc(x)); }
inline int __float2int_rd(float x) { return ::ewald::emulator::saturatingInteger<int>(std::floor(x)); }
inline int __float2int_ru(float x) { return ::ewald::emulator::saturatingInteger<int>(std::ceil(x)); }
inline unsigned __float2uint_rn(float x) { return ::ewald::emulator::saturatingInteger<unsigned>(std::nearbyint(x)); }
inline unsigned __float2uint_rz(float x) { return ::ewald::emulator::saturatingInteger<unsigned>(std::trunc(x)); }
inline unsigned __float2uint_rd(float x) { return ::ewald::emulator::saturatingInteger<unsigned>(std::floor(x)); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
