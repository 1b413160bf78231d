// Bindings of arrays in the core's memory.
#include "addon/arrays.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

// alloc(bytes) -> External
Napi::Value alloc(const CallbackInfo& info) {
  const uint64_t bytes = whole_number(info, 0);
  auto memory = std::make_shared<Memory>(size_t(bytes));
  if (memory->data == nullptr)
    throw core_error(info.Env(), EWALD_STATUS_OUT_OF_MEMORY,
                     "no memory for an array of " + std::to_string(bytes) + " bytes");
  return handle(info.Env(), memory);
}

// free(memory): immediately, or once the runs that use it are done; a second call is a no-op
void release(const CallbackInfo& info) { slot_of<Memory>(info).reset(); }

struct Part {
  uint8_t *inside, *outside;
  size_t bytes;
};

// The part of argument 0 that argument 1, a Uint8Array, covers from byte offset argument 2.
Part part_of(const CallbackInfo& info) {
  const auto memory = alive<Memory>(info);
  const View view = view_at(info, 1, 0);
  const uint64_t offset = whole_number(info, 2);
  if (offset > memory->bytes || view.bytes > memory->bytes - offset)
    throw argument_error(info.Env(), std::to_string(view.bytes) + " bytes at byte " + std::to_string(offset) +
                                         " do not fit an array of " + std::to_string(memory->bytes));
  return {memory->data + offset, view.data, view.bytes};
}

// memoryWrite(memory, data: Uint8Array, offset)
void memory_write(const CallbackInfo& info) {
  const Part part = part_of(info);
  if (part.bytes > 0) std::memcpy(part.inside, part.outside, part.bytes);
}

// memoryRead(memory, into: Uint8Array, offset)
void memory_read(const CallbackInfo& info) {
  const Part part = part_of(info);
  if (part.bytes > 0) std::memcpy(part.outside, part.inside, part.bytes);
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("alloc", Napi::Function::New(env, alloc, "alloc"));
  exports.Set("memoryWrite", Napi::Function::New(env, memory_write, "memoryWrite"));
  exports.Set("memoryRead", Napi::Function::New(env, memory_read, "memoryRead"));
  exports.Set("free", Napi::Function::New(env, release, "free"));
});

}  // namespace
}  // namespace ewald::addon
