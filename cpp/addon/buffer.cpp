#include "addon/buffer.h"

#include <utility>

#include "common/memory.h"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace ewald::addon {
namespace {

using Store = std::shared_ptr<void>;

// Node-API has no way to hold the memory of an ArrayBuffer that is transferred away. V8 has one: ArrayBuffer's
// GetBackingStore, which returns a shared pointer. Node exports it on Linux and macOS, its name and meaning have not
// changed since 2019, and copying instead costs a large transform a third of its speed. A napi_value is the address of
// V8's handle, which V8's functions expect as `this`. Other engines and platforms copy.
using GetStore = Store (*)(napi_value array_buffer);
using StoreData = void* (*)(const void* store);

GetStore find_get_store(napi_env env) {
#if defined(_WIN32)
  (void)env;
  return nullptr;
#else
  // Bun exports V8's names as well, but implements them with JavaScriptCore: GetBackingStore aborts the process when it
  // is called. So the host must be Node itself, which is the only one that exports its main program.
  if (dlsym(RTLD_DEFAULT, "_ZN4node5StartEiPPc") == nullptr) return nullptr;
  const auto get = reinterpret_cast<GetStore>(dlsym(RTLD_DEFAULT, "_ZN2v811ArrayBuffer15GetBackingStoreEv"));
  const auto data_of = reinterpret_cast<StoreData>(dlsym(RTLD_DEFAULT, "_ZNK2v812BackingStore4DataEv"));
  if (get == nullptr || data_of == nullptr) return nullptr;
  // The function is trusted if it returns the memory of one of our own buffers and counts references like the shared
  // pointers of this build: a host built with another C++ library (Electron) counts differently, and what it returned
  // is then never released.
  napi_value buffer = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, 64, &data, &buffer) != napi_ok) return nullptr;
  auto* held = new Store[2]{get(buffer), get(buffer)};
  if (held[0].use_count() != 3 || data_of(held[0].get()) != data) return nullptr;
  delete[] held;
  return get;
#endif
}

GetStore get_store_of(napi_env env) {
  static const GetStore get_store = find_get_store(env);
  return get_store;
}

bool is_resizable(napi_env env, napi_value buffer) {
  napi_value value = nullptr;
  bool resizable = false;
  return napi_get_named_property(env, buffer, "resizable", &value) == napi_ok &&
         napi_get_value_bool(env, value, &resizable) == napi_ok && resizable;
}

}  // namespace

Buffer::Buffer(Napi::Env env, napi_value array, const View& view, bool written)
    : env_(env), data_(view.data), bytes_(view.bytes), written_(written) {
  const GetStore get_store = get_store_of(env);
  bool transferable = false;
  napi_is_arraybuffer(env, view.buffer, &transferable);
  if (transferable && get_store != nullptr && !is_resizable(env, view.buffer)) {
    held_ = get_store(view.buffer);
  } else if (transferable) {
    data_ = static_cast<uint8_t*>(allocate_raw(bytes_));
    if (data_ == nullptr)
      throw core_error(env, EWALD_STATUS_OUT_OF_MEMORY,
                       "no memory for a copy of an array of " + std::to_string(bytes_) + " bytes");
    held_ = Store(data_, release);
    copied_ = true;
    // Arrays that are only written are copied in as well: a run leaves the gaps of a layout unchanged.
    std::memcpy(data_, view.data, bytes_);
  }
  if (napi_create_reference(env, array, 1, &array_) != napi_ok)
    throw Napi::Error::New(env, "no reference to an array could be created");
}

bool Buffer::holds_memory(napi_env env) { return get_store_of(env) != nullptr; }

Buffer::Buffer(Buffer&& other) noexcept
    : env_(other.env_),
      data_(other.data_),
      bytes_(other.bytes_),
      written_(other.written_),
      array_(std::exchange(other.array_, nullptr)),
      held_(std::move(other.held_)),
      copied_(other.copied_) {}

Buffer::~Buffer() {
  if (array_ != nullptr) napi_delete_reference(env_, array_);
}

std::string Buffer::give_back() {
  if (!written_) return "";
  napi_value array = nullptr;
  View now;
  if (napi_get_reference_value(env_, array_, &array) != napi_ok || !view_of(env_, array, now)) return "";
  if (now.bytes < bytes_)
    return "the output was transferred or shrunk during the run: " + std::to_string(now.bytes) + " of " +
           std::to_string(bytes_) + " bytes left";
  if (copied_) std::memcpy(now.data, data_, bytes_);
  return "";
}

}  // namespace ewald::addon
