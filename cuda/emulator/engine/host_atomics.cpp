// std::atomic in the host code of an instrumented file becomes calls of these functions. They do what their names say
// and are not part of the checks: kernels use the atomics of device/atomics.h.
#include <cstdint>

#define EWALD_CALLBACK __attribute__((visibility("hidden"), used))
#define EWALD_FETCH(bits, type, op)                                                     \
  EWALD_CALLBACK type __tsan_atomic##bits##_fetch_##op(volatile type* a, type v, int) { \
    return __atomic_fetch_##op(a, v, __ATOMIC_SEQ_CST);                                 \
  }
#define EWALD_HOST_ATOMIC(bits, type)                                                                                \
  EWALD_CALLBACK type __tsan_atomic##bits##_load(const volatile type* a, int) {                                      \
    return __atomic_load_n(a, __ATOMIC_SEQ_CST);                                                                     \
  }                                                                                                                  \
  EWALD_CALLBACK void __tsan_atomic##bits##_store(volatile type* a, type v, int) {                                   \
    __atomic_store_n(a, v, __ATOMIC_SEQ_CST);                                                                        \
  }                                                                                                                  \
  EWALD_CALLBACK type __tsan_atomic##bits##_exchange(volatile type* a, type v, int) {                                \
    return __atomic_exchange_n(a, v, __ATOMIC_SEQ_CST);                                                              \
  }                                                                                                                  \
  EWALD_FETCH(bits, type, add)                                                                                       \
  EWALD_FETCH(bits, type, sub) EWALD_FETCH(bits, type, and) EWALD_FETCH(bits, type, or) EWALD_FETCH(bits, type, xor) \
      EWALD_FETCH(bits, type, nand) EWALD_CALLBACK int __tsan_atomic##bits##_compare_exchange_strong(                \
          volatile type* a, type* c, type v, int, int) {                                                             \
    return __atomic_compare_exchange_n(a, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                          \
  }                                                                                                                  \
  EWALD_CALLBACK int __tsan_atomic##bits##_compare_exchange_weak(volatile type* a, type* c, type v, int, int) {      \
    return __atomic_compare_exchange_n(a, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                          \
  }

extern "C" {
EWALD_HOST_ATOMIC(8, std::uint8_t)
EWALD_HOST_ATOMIC(16, std::uint16_t)
EWALD_HOST_ATOMIC(32, std::uint32_t)
EWALD_HOST_ATOMIC(64, std::uint64_t)
EWALD_CALLBACK void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
EWALD_CALLBACK void __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
}
