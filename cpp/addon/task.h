// What every binding needs: errors of the core, views of typed arrays, work on a thread of Node's pool.
#pragma once
#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "ewald.h"

namespace ewald::addon {

using Napi::CallbackInfo;

// An error of the core as JavaScript sees it: { status, message }.
inline Napi::Error core_error(Napi::Env env, int32_t status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message.empty() ? "the core gave no message" : message);
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

inline void check(Napi::Env env, int32_t status) {
  if (status != EWALD_STATUS_OK) throw core_error(env, status, ewald_last_error());
}

// A view of argument `index` as elements of T, at least `count` of them.
template <class T>
T* elements(const CallbackInfo& info, size_t index, size_t count) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray())
    throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + " is not a typed array");
  Napi::TypedArray array = value.As<Napi::TypedArray>();
  if (array.ByteLength() < count * sizeof(T))
    throw Napi::RangeError::New(info.Env(), "argument " + std::to_string(index) + " has " +
                                                std::to_string(array.ByteLength()) + " bytes, needed are " +
                                                std::to_string(count * sizeof(T)));
  return reinterpret_cast<T*>(static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset());
}

// Runs `work` on a thread of Node's pool; `keep` holds the arrays it touches alive meanwhile.
class Task : public Napi::AsyncWorker {
public:
  Task(Napi::Env env, std::vector<Napi::ObjectReference> keep)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), keep_(std::move(keep)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

protected:
  virtual int32_t work() = 0;
  virtual Napi::Value answer(Napi::Env env) { return env.Undefined(); }

  void Execute() override {
    status_ = work();
    // The message is kept per thread: fetch it here, where it was set.
    if (status_ != EWALD_STATUS_OK) message_ = ewald_last_error();
  }
  void OnOK() override {
    if (status_ == EWALD_STATUS_OK)
      deferred_.Resolve(answer(Env()));
    else
      deferred_.Reject(core_error(Env(), status_, message_).Value());
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

private:
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::ObjectReference> keep_;
  int32_t status_ = EWALD_STATUS_OK;
  std::string message_;
};

}  // namespace ewald::addon
