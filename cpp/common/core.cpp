// The functions of ewald.h that belong to no room.
#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"

extern "C" {

EWALD_EXPORT(ewald_abi_version) uint32_t ewald_abi_version(void) { return EWALD_ABI_VERSION; }
EWALD_EXPORT(ewald_last_error) const char* ewald_last_error(void) { return ewald::last_error_text(); }
EWALD_EXPORT(ewald_live_bytes) size_t ewald_live_bytes(void) { return ewald::live_bytes(); }
EWALD_EXPORT(ewald_alloc) void* ewald_alloc(size_t bytes) { return ewald::allocate(bytes); }
EWALD_EXPORT(ewald_free) void ewald_free(void* memory) { ewald::release(memory); }
EWALD_EXPORT(ewald_instruction_set) const char* ewald_instruction_set(void) {
  return ewald::isa_name(ewald::best_isa());
}
EWALD_EXPORT(ewald_hardware_threads) uint32_t ewald_hardware_threads(void) { return ewald::thread_count(0); }
}
