#include "common/cpu.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace ewald {

#if defined(__wasm_simd128__)
Isa best_isa() { return Isa::simd128; }
#elif defined(__x86_64__)
static Isa detect() {
  Isa best = Isa::sse2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = Isa::avx2;
  if (best == Isa::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    best = Isa::avx512;
  // Only a lower instruction set can be requested: a higher one would crash the process.
  if (const char* wish = std::getenv("EWALD_ISA")) {
    for (Isa isa : {Isa::sse2, Isa::avx2, Isa::avx512})
      if (std::strcmp(wish, isa_name(isa)) == 0 && isa < best) best = isa;
  }
  return best;
}
Isa best_isa() {
  static const Isa isa = detect();
  return isa;
}
#else
Isa best_isa() { return Isa::neon; }
#endif

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::sse2:
      return "sse2";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
    case Isa::simd128:
      return "simd128";
  }
  return "unknown";
}

}  // namespace ewald
