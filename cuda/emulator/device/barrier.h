// Barriers and fences. Each carries the place of its call: all threads of a block must be at the same barrier, or it is
// an error.
#pragma once

namespace ewald::emulator {
enum class BarrierOp : unsigned char { plain, count, all, any };
int barrier(BarrierOp op, int predicate, const char* file, unsigned line);
void fence();
}  // namespace ewald::emulator

#define EWALD_HERE const char *file = __builtin_FILE(), unsigned line = __builtin_LINE()
inline void __syncthreads(EWALD_HERE) {
  ::ewald::emulator::barrier(::ewald::emulator::BarrierOp::plain, 0, file, line);
}
inline int __syncthreads_count(int predicate, EWALD_HERE) {
  return ::ewald::emulator::barrier(::ewald::emulator::BarrierOp::count, predicate, file, line);
}
inline int __syncthreads_and(int predicate, EWALD_HERE) {
  return ::ewald::emulator::barrier(::ewald::emulator::BarrierOp::all, predicate, file, line);
}
inline int __syncthreads_or(int predicate, EWALD_HERE) {
  return ::ewald::emulator::barrier(::ewald::emulator::BarrierOp::any, predicate, file, line);
}
inline void __threadfence() { ::ewald::emulator::fence(); }
inline void __threadfence_block() {}
inline void __threadfence_system() { ::ewald::emulator::fence(); }
