// The CUDA addon: hands buffers to the C ABI of common/ewald_cuda.h, runs it off the main thread, turns statuses into errors. No logic
// lives here. Compiled against the emulator it also exports what tests need (emulated.cpp).
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>

#include "ewald_cuda.h"

#ifdef EWALD_CUDA_EMULATED
void addEmulatorExports(Napi::Env env, Napi::Object exports);
#endif

namespace {

using Napi::CallbackInfo;

// A failure as JavaScript sees it: an Error with { status, message }.
Napi::Error cudaError(Napi::Env env, int32_t status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message.empty() ? "the CUDA wing gave no message" : message);
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

void check(Napi::Env env, int32_t status) {
  if (status != EWALD_STATUS_OK) throw cudaError(env, status, ewald_cuda_last_error());
}

// A context shared by its JavaScript handle and the runs under way: the last one to let go closes it, so that close() never waits on
// the main thread.
struct Context {
  ewald_cuda_context* handle = nullptr;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ewald_cuda_close(handle); }
};
using SharedContext = std::shared_ptr<Context>;
constexpr napi_type_tag kContextTag = {0x6577616c642d6375ULL, 0x64612d636f6e7478ULL};

SharedContext& slotOf(const CallbackInfo& info) {
  if (!info[0].IsExternal() || !info[0].As<Napi::External<SharedContext>>().CheckTypeTag(&kContextTag)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument 0 is not a CUDA context");
  }
  return *info[0].As<Napi::External<SharedContext>>().Data();
}
SharedContext contextOf(const CallbackInfo& info) {
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
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument " + std::to_string(index) + " is neither a typed array nor an ArrayBuffer");
  }
  if (bytes < sizeof(T)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(bytes) + " bytes, needed are " + std::to_string(sizeof(T)));
  }
  T result;
  std::memcpy(&result, data, sizeof result);
  return result;
}

Napi::Object describe(Napi::Env env, const ewald_cuda_device_info& device) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", device.index);
  object.Set("name", device.name);
  object.Set("computeCapability", std::to_string(device.compute_major) + "." + std::to_string(device.compute_minor));
  object.Set("multiprocessors", device.multiprocessors);
  object.Set("totalBytes", double(device.total_bytes));
  object.Set("freeBytes", double(device.free_bytes));
  object.Set("driverVersion", device.driver_version);
  object.Set("runtimeVersion", device.runtime_version);
  return object;
}

// probe() -> { compiled, devices, driverVersion, runtimeVersion, message }; throws never: what is wrong is the message.
Napi::Value probe(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t count = 0, driver = 0, runtime = 0;
  const int32_t status = ewald_cuda_probe(&count, &driver, &runtime);
  std::string message = ewald_cuda_last_error();
  Napi::Array devices = Napi::Array::New(env);
  for (int32_t i = 0; status == EWALD_STATUS_OK && i < count; ++i) {
    ewald_cuda_device_info device;
    if (ewald_cuda_device(i, &device) == EWALD_STATUS_OK) devices.Set(devices.Length(), describe(env, device));
    else message = ewald_cuda_last_error();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("compiled", true);
  result.Set("devices", devices);
  result.Set("driverVersion", driver);
  result.Set("runtimeVersion", runtime);
  result.Set("message", message);
  return result;
}

// open(deviceIndex = 0) -> handle
Napi::Value open(const CallbackInfo& info) {
  auto context = std::make_shared<Context>();
  check(info.Env(), ewald_cuda_open(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0, &context->handle));
  auto external = Napi::External<SharedContext>::New(info.Env(), new SharedContext(std::move(context)), [](Napi::Env, SharedContext* slot) { delete slot; });
  external.TypeTag(&kContextTag);
  return external;
}

// close(handle): twice is a no-op. Runs under way keep the device until they are done.
void close(const CallbackInfo& info) { slotOf(info).reset(); }

// liveBytes(handle) -> number; 0 once closed
Napi::Value liveBytes(const CallbackInfo& info) {
  const SharedContext& context = slotOf(info);
  return Napi::Number::New(info.Env(), context ? double(ewald_cuda_live_bytes(context->handle)) : 0.0);
}

// info(handle) -> the device, with the memory free now
Napi::Value deviceInfo(const CallbackInfo& info) {
  ewald_cuda_device_info device;
  check(info.Env(), ewald_cuda_info(contextOf(info)->handle, &device));
  return describe(info.Env(), device);
}

// A run on a thread of Node's pool, as a promise.
class Task : public Napi::AsyncWorker {
 public:
  Task(Napi::Env env, SharedContext context)
      : Napi::AsyncWorker(env, "ewald_cuda"), context_(std::move(context)), deferred_(Napi::Promise::Deferred::New(env)) {}
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
    // If the handle was closed meanwhile this is the last holder: let go here, where waiting for the device blocks nobody.
    context_.reset();
  }
  void OnOK() override {
    if (status_ == EWALD_STATUS_OK) deferred_.Resolve(answer(Env()));
    else deferred_.Reject(cudaError(Env(), status_, message_).Value());
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  SharedContext context_;
  Napi::Promise::Deferred deferred_;
  int32_t status_ = EWALD_STATUS_OK;
  std::string message_;
};

class PiTask : public Task {
 public:
  PiTask(Napi::Env env, SharedContext context, const ewald_pi_params& params) : Task(env, std::move(context)), params_(params) {}

 protected:
  int32_t work(ewald_cuda_context* context) override { return ewald_cuda_pi_count(context, &params_, &hits_); }
  Napi::Value answer(Napi::Env env) override { return Napi::BigInt::New(env, hits_); }

 private:
  ewald_pi_params params_;
  uint64_t hits_ = 0;
};

// piCount(handle, params: Uint8Array | ArrayBuffer) -> Promise<bigint>
Napi::Value piCount(const CallbackInfo& info) {
  return (new PiTask(info.Env(), contextOf(info), structOf<ewald_pi_params>(info, 1)))->start();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", EWALD_ABI_VERSION);
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("close", Napi::Function::New(env, close, "close"));
  exports.Set("liveBytes", Napi::Function::New(env, liveBytes, "liveBytes"));
  exports.Set("info", Napi::Function::New(env, deviceInfo, "info"));
  exports.Set("piCount", Napi::Function::New(env, piCount, "piCount"));
#ifdef EWALD_CUDA_EMULATED
  addEmulatorExports(env, exports);
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
