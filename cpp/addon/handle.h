// JavaScript handles of C ABI objects: an object is shared by its handle and the active runs, and the last owner
// destroys it. T identifies itself by `static constexpr napi_type_tag tag` and `static constexpr const char* what`.
#pragma once
#include <memory>
#include <utility>

#include "addon/values.h"

namespace ewald::addon {

// A handle, or nullptr if the environment is ending: safe at the end of a task.
template <class T>
napi_value handle_value(napi_env env, std::shared_ptr<T> shared) {
  auto* slot = new std::shared_ptr<T>(std::move(shared));
  const auto drop = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<T>*>(data); };
  napi_value value = nullptr;
  if (napi_create_external(env, slot, drop, nullptr, &value) != napi_ok) {
    delete slot;
    return nullptr;
  }
  return napi_type_tag_object(env, value, &T::tag) == napi_ok ? value : nullptr;
}

template <class T>
Napi::Value handle(Napi::Env env, std::shared_ptr<T> shared) {
  const napi_value value = handle_value(env, std::move(shared));
  if (value == nullptr) throw Napi::Error::New(env, std::string("no handle could be created for ") + T::what);
  return Napi::Value(env, value);
}

template <class T>
bool is_handle(const Napi::Value& value) {
  bool is = false;
  return value.IsExternal() && napi_check_object_type_tag(value.Env(), value, &T::tag, &is) == napi_ok && is;
}

// The object of a handle; empty once it was destroyed.
template <class T>
std::shared_ptr<T>& slot_of(const CallbackInfo& info, size_t index = 0) {
  if (!is_handle<T>(info[index])) throw argument_error(info.Env(), argument(index) + " is not " + T::what);
  void* slot = nullptr;
  napi_get_value_external(info.Env(), info[index], &slot);
  return *static_cast<std::shared_ptr<T>*>(slot);
}

template <class T>
std::shared_ptr<T> alive(const CallbackInfo& info, size_t index = 0) {
  std::shared_ptr<T> shared = slot_of<T>(info, index);
  if (!shared) throw argument_error(info.Env(), std::string(T::what) + " was destroyed");
  return shared;
}

}  // namespace ewald::addon
