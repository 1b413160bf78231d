// Selects the instruction set of the kernels: they are compiled once for each set, and the best one that the machine
// supports is used.
#pragma once

namespace ewald {

enum class Isa { sse2, avx2, avx512, neon, simd128 };

// The best set that this build contains and this machine supports. EWALD_ISA=sse2|avx2|avx512 in the environment
// requests a lower one.
Isa best_isa();
const char* isa_name(Isa isa);

}  // namespace ewald
