// What the addon's rooms share: statuses as errors, contexts as handles, structs as bytes, runs as promises.
#pragma once
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>

#include "ewald_cuda.h"

namespace ewald::addon {

using Napi::CallbackInfo;

// A failure as JavaScript sees it: an Error with { status, message }.
inline Napi::Error cudaError(Napi::Env env, int32_t status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message.empty() ? "the CUDA wing gave no message" : message);
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

inline void check(Napi::Env env, int32_t status) {
  if (status != EWALD_STATUS_OK) throw cudaError(env, status, ewald_cuda_last_error());
}

// A context shared by its JavaScript handle and the runs under way: the last one to let go closes it, so that close()
// never waits on the main thread.
struct Context {
  ewald_cuda_context* handle = nullptr;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ewald_cuda_close(handle); }
};
using SharedContext = std::shared_ptr<Context>;
inline constexpr napi_type_tag kContextTag = {0x6577616c642d6375ULL, 0x64612d636f6e7478ULL};

inline SharedContext& slotOf(const CallbackInfo& info) {
  if (!info[0].IsExternal() || !info[0].As<Napi::External<SharedContext>>().CheckTypeTag(&kContextTag)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument 0 is not a CUDA context");
  }
  return *info[0].As<Napi::External<SharedContext>>().Data();
}
inline SharedContext contextOf(const CallbackInfo& info) {
  const SharedContext context = slotOf(info);
  if (!context) throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "the CUDA context was closed");
  return context;
}

// Argument `index` as the bytes of one T, copied: JavaScript may change its buffer while the run goes on.
template <class T>
T structOf(const CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  if (value.IsTypedArray()) {
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    data = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    bytes = array.ByteLength();
  } else if (value.IsArrayBuffer()) {
    Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
    data = static_cast<const uint8_t*>(buffer.Data());
    bytes = buffer.ByteLength();
  } else {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " is neither a typed array nor an ArrayBuffer");
  }
  if (bytes < sizeof(T)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(bytes) + " bytes, needed are " +
                        std::to_string(sizeof(T)));
  }
  T result;
  std::memcpy(&result, data, sizeof result);
  return result;
}

// A run on a thread of Node's pool, as a promise.
class Task : public Napi::AsyncWorker {
public:
  Task(Napi::Env env, SharedContext context)
      : Napi::AsyncWorker(env, "ewald_cuda"),
        context_(std::move(context)),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise start() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

protected:
  virtual int32_t work(ewald_cuda_context* context) = 0;
  virtual Napi::Value answer(Napi::Env env) = 0;

  void Execute() override {
    status_ = work(context_->handle);
    // The message is kept per thread: fetch it where it was set.
    if (status_ != EWALD_STATUS_OK) message_ = ewald_cuda_last_error();
    // If the handle was closed meanwhile this is the last holder: let go here, where waiting for the device blocks
    // nobody.
    context_.reset();
  }
  void OnOK() override {
    if (status_ == EWALD_STATUS_OK)
      deferred_.Resolve(answer(Env()));
    else
      deferred_.Reject(cudaError(Env(), status_, message_).Value());
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

private:
  SharedContext context_;
  Napi::Promise::Deferred deferred_;
  int32_t status_ = EWALD_STATUS_OK;
  std::string message_;
};

}  // namespace ewald::addon
