// The native addon: passes typed arrays to the C ABI, runs it off the main thread and turns statuses into errors. It
// contains no logic; there is one file per room.
#include "addon/room.h"
#include "addon/task.h"
#include "addon/values.h"

namespace ewald::addon {

const char* last_error() { return ewald_last_error(); }

namespace {

Napi::Value live_bytes(const CallbackInfo& info) { return Napi::Number::New(info.Env(), double(ewald_live_bytes())); }

// computeHere(yes): from now on, work started on this thread runs on it instead of on Node's pool; reading files stays
// there.
void compute_here(const CallbackInfo& info) { Task::compute_here(info[0].ToBoolean().Value()); }

Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, ewald_abi_version()));
  exports.Set("instructionSet", Napi::String::New(env, ewald_instruction_set()));
  exports.Set("hardwareThreads", Napi::Number::New(env, ewald_hardware_threads()));
  exports.Set("liveBytes", Napi::Function::New(env, live_bytes, "liveBytes"));
  exports.Set("computeHere", Napi::Function::New(env, compute_here, "computeHere"));
  Room::bind_all(env, exports);
  return exports;
}

}  // namespace
}  // namespace ewald::addon

using ewald::addon::start;
NODE_API_MODULE(ewald_native, start)
