// Thread indices. The functions are `const`: a thread's indices never change while its kernel runs, so the compiler may
// read them once. They return by value, because a reference would be a read of host memory, which the checks refuse.
#pragma once
#include "vector_types.h"

namespace ewald::emulator {
__attribute__((const)) uint3 currentThread();
__attribute__((const)) uint3 currentBlock();
__attribute__((const)) uint3 currentBlockSize();
__attribute__((const)) uint3 currentGridSize();
}  // namespace ewald::emulator

#define threadIdx (::ewald::emulator::currentThread())
#define blockIdx (::ewald::emulator::currentBlock())
#define blockDim (::ewald::emulator::currentBlockSize())
#define gridDim (::ewald::emulator::currentGridSize())
constexpr int warpSize = 32;
