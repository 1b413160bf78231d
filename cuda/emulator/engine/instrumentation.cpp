// The functions that g++ calls before each memory access of a file compiled with -fsanitize=thread, and at an array
// index out of its known bounds with -fsanitize=bounds, or at a pointer misaligned for its type with
// -fsanitize=alignment, and so on. No sanitizer runtime is linked: these functions are the runtime, so the kernels need
// no special pointer type. Host code of the same files only pays for one check of a thread-local pointer.
#include <cstddef>
#include <cstdint>

#include "machine.h"
#include "shadow.h"

using ewald::emulator::Access;
using ewald::emulator::checkAccess;
using ewald::emulator::checkedMachine;
using ewald::emulator::Inside;

#define EWALD_CODE reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))
#define EWALD_CALLBACK __attribute__((visibility("hidden"), used))
#define EWALD_CHECK(bytes, access, aligned)                                                               \
  if (auto* machine = checkedMachine(); __builtin_expect(machine != nullptr, 0)) {                        \
    const Inside inside;                                                                                  \
    checkAccess(*machine, reinterpret_cast<std::uintptr_t>(address), bytes, access, aligned, EWALD_CODE); \
  }

extern "C" {
EWALD_CALLBACK void __tsan_init() {}
EWALD_CALLBACK void __tsan_func_entry(void*) {}
EWALD_CALLBACK void __tsan_func_exit() {}
#define EWALD_SIZE(bytes)                                                                                         \
  EWALD_CALLBACK void __tsan_read##bytes(void* address){                                                          \
      EWALD_CHECK(bytes, Access::read, true)} EWALD_CALLBACK void __tsan_write##bytes(void* address){             \
      EWALD_CHECK(bytes, Access::write, true)} EWALD_CALLBACK void __tsan_volatile_read##bytes(void* address){    \
      EWALD_CHECK(bytes, Access::read, true)} EWALD_CALLBACK void __tsan_volatile_write##bytes(void* address){    \
      EWALD_CHECK(bytes, Access::write, true)} EWALD_CALLBACK void __tsan_unaligned_read##bytes(void* address){   \
      EWALD_CHECK(bytes, Access::read, false)} EWALD_CALLBACK void __tsan_unaligned_write##bytes(void* address) { \
    EWALD_CHECK(bytes, Access::write, false)                                                                      \
  }
EWALD_SIZE(1)
EWALD_SIZE(2)
EWALD_SIZE(4)
EWALD_SIZE(8)
EWALD_SIZE(16)
EWALD_CALLBACK void __tsan_read_range(void* address,
                                      std::size_t bytes){EWALD_CHECK(bytes, Access::read, false)} EWALD_CALLBACK
    void __tsan_write_range(void* address, std::size_t bytes){EWALD_CHECK(bytes, Access::write, false)} EWALD_CALLBACK
    void __tsan_vptr_update(void**, void*) {}
EWALD_CALLBACK void __tsan_vptr_read(void**) {}

struct SourceLocation {
  const char* file;
  std::uint32_t line, column;
};
struct TypeDescriptor {
  std::uint16_t kind, info;
  char name[1];
};
struct OutOfBounds {
  SourceLocation location;
  TypeDescriptor* array;
  TypeDescriptor* index;
};
EWALD_CALLBACK void __ubsan_handle_out_of_bounds(OutOfBounds* data, std::uintptr_t index) {
  ewald::emulator::outOfBounds(data->location.file, data->location.line, data->array->name,
                               static_cast<long long>(index));
}
struct TypeMismatch {
  SourceLocation location;
  TypeDescriptor* type;
  unsigned char logAlignment, kind;
};
EWALD_CALLBACK void __ubsan_handle_type_mismatch_v1(TypeMismatch* data, std::uintptr_t address) {
  ewald::emulator::misalignedPointer(data->location.file, data->location.line, data->type->name, address,
                                     std::size_t(1) << data->logAlignment);
}
// A GPU shifts to zero, saturates conversions and returns an arbitrary result for a division by zero; this CPU differs
// in all three.
struct Arithmetic {
  SourceLocation location;
};
EWALD_CALLBACK void __ubsan_handle_divrem_overflow(Arithmetic* data, std::uintptr_t, std::uintptr_t) {
  ewald::emulator::undefinedArithmetic(data->location.file, data->location.line,
                                       "integer division by zero, or of the smallest integer by -1", true);
}
EWALD_CALLBACK void __ubsan_handle_shift_out_of_bounds(Arithmetic* data, std::uintptr_t, std::uintptr_t) {
  ewald::emulator::undefinedArithmetic(data->location.file, data->location.line,
                                       "shift by a negative number, or by at least the width of the type", false);
}
EWALD_CALLBACK void __ubsan_handle_float_cast_overflow(Arithmetic* data, std::uintptr_t) {
  ewald::emulator::undefinedArithmetic(
      data->location.file, data->location.line,
      "conversion of a number that the integer type cannot hold (use __float2int_rz and similar, "
      "which saturate)", false);
}
EWALD_CALLBACK void __ubsan_handle_out_of_bounds_abort(OutOfBounds* data, std::uintptr_t index) {
  __ubsan_handle_out_of_bounds(data, index);
}
}
