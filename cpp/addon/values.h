// Converts JavaScript arguments to C++ values, and statuses to errors.
#pragma once
#include <napi.h>

#include <cstring>
#include <string>

#include "ewald.h"

namespace ewald::addon {

using Napi::CallbackInfo;

// One line about the last failure of this thread, from the core in one addon and from CUDA in the other.
const char* last_error();

// A failure as JavaScript sees it: an Error with { status, message }.
inline Napi::Error core_error(Napi::Env env, int32_t status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message.empty() ? "no message" : message);
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

inline Napi::Error argument_error(Napi::Env env, const std::string& message) {
  return core_error(env, EWALD_STATUS_INVALID_ARGUMENT, message);
}

inline void check(Napi::Env env, int32_t status) {
  if (status != EWALD_STATUS_OK) throw core_error(env, status, last_error());
}

inline std::string argument(size_t index) { return "argument " + std::to_string(index); }

// The current address of a typed array's bytes; also on a SharedArrayBuffer, which Napi::TypedArray does not support.
struct View {
  uint8_t* data = nullptr;
  size_t bytes = 0;
  napi_typedarray_type type = napi_uint8_array;
  // The ArrayBuffer or SharedArrayBuffer.
  napi_value buffer = nullptr;
};

// Fails if the value is not a typed array.
inline bool view_of(napi_env env, napi_value value, View& view) {
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &view.type, &length, &data, &view.buffer, nullptr) != napi_ok) return false;
  static constexpr uint8_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  view.data = static_cast<uint8_t*>(data);
  view.bytes = length * sizes[view.type];
  return true;
}

inline View view_at(const CallbackInfo& info, size_t index, size_t bytes) {
  View view;
  if (!view_of(info.Env(), info[index], view))
    throw argument_error(info.Env(), argument(index) + " is not a typed array");
  if (view.bytes < bytes)
    throw argument_error(info.Env(), argument(index) + " has " + std::to_string(view.bytes) + " bytes, expected " +
                                         std::to_string(bytes));
  return view;
}

// Argument `index` as elements of T, at least `count` of them.
template <class T>
T* elements(const CallbackInfo& info, size_t index, size_t count) {
  return reinterpret_cast<T*>(view_at(info, index, count * sizeof(T)).data);
}

// Argument `index` as one T, copied, because JavaScript may change its buffer during a run.
template <class T>
T struct_of(const CallbackInfo& info, size_t index) {
  T result;
  std::memcpy(&result, view_at(info, index, sizeof(T)).data, sizeof(T));
  return result;
}

// Argument `index` as a whole number of at most `most`.
inline uint64_t whole_number(const CallbackInfo& info, size_t index, uint64_t most = uint64_t(1) << 53) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(value >= 0 && value <= double(most)))
    throw argument_error(info.Env(), argument(index) + " is not a number from 0 to " + std::to_string(most));
  return uint64_t(value);
}
inline uint32_t uint32_of(const CallbackInfo& info, size_t index) {
  return uint32_t(whole_number(info, index, UINT32_MAX));
}

}  // namespace ewald::addon
