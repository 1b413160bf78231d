// Addresses that C may keep of functions of JavaScript, and call after their worker has ended. koffi's own lead into the
// environment of the worker, and abort the process then. A gate is one instruction that jumps to koffi's, and to
// `ewald_gate_ended`, which answers 0, once the environment is torn down.
#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <set>

#include "addon/room.h"
#include "addon/values.h"

#if defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(__ILP32__)
// As many as koffi has functions.
#define EWALD_GATES 8192
#define EWALD_TEXT_(number) #number
#define EWALD_TEXT(number) EWALD_TEXT_(number)

extern "C" {
// Where each gate leads; the code below reads it.
__attribute__((visibility("hidden"), used)) void* ewald_gate_targets[EWALD_GATES];
__attribute__((visibility("hidden"))) extern const char ewald_gates[];
__attribute__((visibility("hidden"))) void ewald_gate_ended();
__attribute__((visibility("hidden"), used)) void ewald_gate_say();
}

#if defined(__x86_64__)
constexpr uintptr_t stride = 8;
asm(R"(
  .text
  .p2align 4
  .hidden ewald_gates
  .globl ewald_gates
ewald_gates:
  .set ewald_gate_at, 0
  .rept )" EWALD_TEXT(EWALD_GATES) R"(
  jmp *ewald_gate_targets+ewald_gate_at(%rip)
  .p2align 3
  .set ewald_gate_at, ewald_gate_at+8
  .endr
  .hidden ewald_gate_ended
  .globl ewald_gate_ended
  .type ewald_gate_ended, @function
ewald_gate_ended:
  subq $8, %rsp
  call ewald_gate_say
  addq $8, %rsp
  xorl %eax, %eax
  xorps %xmm0, %xmm0
  ret
)");
#else
constexpr uintptr_t stride = 16;
asm(R"(
  .text
  .p2align 4
  .hidden ewald_gates
  .globl ewald_gates
ewald_gates:
  .set ewald_gate_at, 0
  .rept )" EWALD_TEXT(EWALD_GATES) R"(
  adrp x16, ewald_gate_targets+ewald_gate_at
  ldr x16, [x16, :lo12:ewald_gate_targets+ewald_gate_at]
  br x16
  .p2align 4
  .set ewald_gate_at, ewald_gate_at+8
  .endr
  .hidden ewald_gate_ended
  .globl ewald_gate_ended
  .type ewald_gate_ended, @function
ewald_gate_ended:
  stp x29, x30, [sp, #-16]!
  bl ewald_gate_say
  ldp x29, x30, [sp], #16
  mov x0, #0
  movi d0, #0
  ret
)");
#endif

// The address is all that C has, and no exception can tell JavaScript: whoever called may be no thread of Node.
void ewald_gate_say() {
  static std::atomic<uint64_t> count{0};
  const uint64_t now = ++count;
  if ((now & (now - 1)) != 0) return;
  std::fprintf(stderr,
               "ewald: Disposed: C called a function of JavaScript that has ended, as its worker has, and got 0 (call %" PRIu64
               "); have C forget its functions, and dispose() of callbacks, before a worker ends\n",
               now);
}

namespace ewald::addon {
namespace {

struct Gates {
  std::mutex mutex;
  std::array<napi_env, EWALD_GATES> owners{};
  std::set<napi_env> watched;
  size_t next = 0;
};

Gates& gates() {
  // The gates outlive all environments.
  static Gates* all = new Gates;
  return *all;
}

void close(Gates& all, size_t gate) {
  ewald_gate_targets[gate] = reinterpret_cast<void*>(ewald_gate_ended);
  all.owners[gate] = nullptr;
}

void close_all_of(void* env) {
  Gates& all = gates();
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (size_t gate = 0; gate < all.owners.size(); gate++)
    if (all.owners[gate] == env) close(all, gate);
  all.watched.erase(napi_env(env));
}

// openGate(address) -> the address of a gate that leads there until this environment ends, or closeGate(); undefined if all
// are open. The one that was closed longest ago comes first.
Napi::Value open_gate(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  bool whole = false;
  if (!info[0].IsBigInt()) throw argument_error(env, argument(0) + " is no address");
  const uint64_t address = info[0].As<Napi::BigInt>().Uint64Value(&whole);
  Gates& all = gates();
  const std::lock_guard<std::mutex> lock(all.mutex);
  if (all.watched.insert(env).second) napi_add_env_cleanup_hook(env, close_all_of, napi_env(env));
  for (size_t tried = 0; tried < all.owners.size(); tried++) {
    const size_t gate = all.next;
    all.next = (gate + 1) % all.owners.size();
    if (all.owners[gate] != nullptr) continue;
    all.owners[gate] = env;
    ewald_gate_targets[gate] = reinterpret_cast<void*>(uintptr_t(address));
    return Napi::BigInt::New(env, uint64_t(reinterpret_cast<uintptr_t>(ewald_gates) + gate * stride));
  }
  return env.Undefined();
}

void close_gate(const CallbackInfo& info) {
  bool whole = false;
  if (!info[0].IsBigInt()) throw argument_error(info.Env(), argument(0) + " is no address");
  const uint64_t address = info[0].As<Napi::BigInt>().Uint64Value(&whole);
  const size_t gate = (uintptr_t(address) - reinterpret_cast<uintptr_t>(ewald_gates)) / stride;
  Gates& all = gates();
  const std::lock_guard<std::mutex> lock(all.mutex);
  if (gate < all.owners.size() && all.owners[gate] == napi_env(info.Env())) close(all, gate);
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("openGate", Napi::Function::New(env, open_gate, "openGate"));
  exports.Set("closeGate", Napi::Function::New(env, close_gate, "closeGate"));
});

}  // namespace
}  // namespace ewald::addon
#endif
