// Atomic operations on device and shared memory. They are functions of the emulator, so that the checks see one atomic
// access.
#pragma once

namespace ewald::emulator {
#define EWALD_ATOMIC(name, type) type name(type* address, type value);
#define EWALD_ATOMICS(name) EWALD_ATOMIC(name, int) EWALD_ATOMIC(name, unsigned) EWALD_ATOMIC(name, unsigned long long)
EWALD_ATOMICS(atomicAdd_)
EWALD_ATOMICS(atomicMin_)
EWALD_ATOMICS(atomicMax_)
EWALD_ATOMICS(atomicExch_)
EWALD_ATOMICS(atomicAnd_)
EWALD_ATOMICS(atomicOr_)
EWALD_ATOMICS(atomicXor_)
EWALD_ATOMIC(atomicMin_, long long)
EWALD_ATOMIC(atomicMax_, long long)
EWALD_ATOMIC(atomicSub_, int)
EWALD_ATOMIC(atomicSub_, unsigned)
EWALD_ATOMIC(atomicInc_, unsigned)
EWALD_ATOMIC(atomicDec_, unsigned)
EWALD_ATOMIC(atomicAdd_, float)
EWALD_ATOMIC(atomicAdd_, double)
EWALD_ATOMIC(atomicExch_, float)
#undef EWALD_ATOMICS
#undef EWALD_ATOMIC
int atomicCAS_(int* address, int compare, int value);
unsigned atomicCAS_(unsigned* address, unsigned compare, unsigned value);
unsigned long long atomicCAS_(unsigned long long* address, unsigned long long compare, unsigned long long value);
}  // namespace ewald::emulator

// Under their own names they are macros: the return address that the checks look up is then the kernel's line.
#define atomicAdd(...) ::ewald::emulator::atomicAdd_(__VA_ARGS__)
#define atomicSub(...) ::ewald::emulator::atomicSub_(__VA_ARGS__)
#define atomicMin(...) ::ewald::emulator::atomicMin_(__VA_ARGS__)
#define atomicMax(...) ::ewald::emulator::atomicMax_(__VA_ARGS__)
#define atomicExch(...) ::ewald::emulator::atomicExch_(__VA_ARGS__)
#define atomicAnd(...) ::ewald::emulator::atomicAnd_(__VA_ARGS__)
#define atomicOr(...) ::ewald::emulator::atomicOr_(__VA_ARGS__)
#define atomicXor(...) ::ewald::emulator::atomicXor_(__VA_ARGS__)
#define atomicInc(...) ::ewald::emulator::atomicInc_(__VA_ARGS__)
#define atomicDec(...) ::ewald::emulator::atomicDec_(__VA_ARGS__)
#define atomicCAS(...) ::ewald::emulator::atomicCAS_(__VA_ARGS__)
