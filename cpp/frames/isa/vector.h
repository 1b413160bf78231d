// Vectors of bytes for the instruction set that a file is compiled for.
#pragma once
#include <cstddef>

namespace ewald::EWALD_ISA {

#if defined(__AVX512BW__)
constexpr size_t vector_bytes = 64;
#elif defined(__AVX2__)
constexpr size_t vector_bytes = 32;
#else
constexpr size_t vector_bytes = 16;
#endif

}  // namespace ewald::EWALD_ISA
