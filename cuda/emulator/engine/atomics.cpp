// Atomics: one launch runs at a time and fibers switch only on request, so plain arithmetic is atomic here.
#include "../device/atomics.h"

#include <cstdint>

#include "machine.h"
#include "shadow.h"

namespace ewald::emulator {
namespace {
template <class T, class Change>
T change(T* address, std::uintptr_t code, Change next) {
  Machine* const checked = checkedMachine();
  const Inside inside;
  if (checked)
    checkAccess(*checked, reinterpret_cast<std::uintptr_t>(address), sizeof(T), Access::atomic, true, code);
  else
    machine().step(1);
  const T old = *address;
  *address = next(old);
  return old;
}
}  // namespace

#define EWALD_CODE reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))
#define EWALD_ATOMIC(name, type, expression)                                          \
  type name(type* address, type value) {                                              \
    return change(address, EWALD_CODE, [&](type old) -> type { return expression; }); \
  }
#define EWALD_ATOMICS(name, expression) \
  EWALD_ATOMIC(name, int, expression)   \
  EWALD_ATOMIC(name, unsigned, expression) EWALD_ATOMIC(name, unsigned long long, expression)
#define EWALD_WRAPPING(name, op)                                 \
  EWALD_ATOMIC(name, int, int(unsigned(old) op unsigned(value))) \
  EWALD_ATOMIC(name, unsigned, old op value)
EWALD_WRAPPING(atomicAdd_, +)
EWALD_WRAPPING(atomicSub_, -)
EWALD_ATOMIC(atomicAdd_, unsigned long long, old + value)
EWALD_ATOMIC(atomicAdd_, float, old + value)
EWALD_ATOMIC(atomicAdd_, double, old + value)
EWALD_ATOMICS(atomicMin_, value < old ? value : old)
EWALD_ATOMICS(atomicMax_, old < value ? value : old)
EWALD_ATOMIC(atomicMin_, long long, value < old ? value : old)
EWALD_ATOMIC(atomicMax_, long long, old < value ? value : old)
EWALD_ATOMICS(atomicExch_, ((void)old, value))
EWALD_ATOMIC(atomicExch_, float, ((void)old, value))
EWALD_ATOMICS(atomicAnd_, old& value)
EWALD_ATOMICS(atomicOr_, old | value)
EWALD_ATOMICS(atomicXor_, old ^ value)
EWALD_ATOMIC(atomicInc_, unsigned, old >= value ? 0 : old + 1)
EWALD_ATOMIC(atomicDec_, unsigned, old == 0 || old > value ? value : old - 1)

int atomicCAS_(int* address, int compare, int value) {
  return change(address, EWALD_CODE, [&](int old) { return old == compare ? value : old; });
}
unsigned atomicCAS_(unsigned* address, unsigned compare, unsigned value) {
  return change(address, EWALD_CODE, [&](unsigned old) { return old == compare ? value : old; });
}
unsigned long long atomicCAS_(unsigned long long* address, unsigned long long compare, unsigned long long value) {
  return change(address, EWALD_CODE, [&](unsigned long long old) { return old == compare ? value : old; });
}

}  // namespace ewald::emulator
