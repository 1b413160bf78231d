// Which instruction set the kernels are run with: they are compiled once for each, and the best one the machine has is
// taken.
#pragma once

namespace ewald {

enum class Isa { sse2, avx2, avx512, neon, simd128 };

// The best set that this build holds and this machine runs. EWALD_ISA=sse2|avx2|avx512 in the environment asks for a
// lesser one.
Isa best_isa();
const char* isa_name(Isa isa);

}  // namespace ewald
