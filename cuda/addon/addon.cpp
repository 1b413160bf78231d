// The CUDA addon: hands buffers to the C ABI of common/ewald_cuda.h, runs it off the main thread, turns statuses into
// errors. No logic lives here; a file a room. Compiled against the emulator it also exports what tests need
// (emulated.cpp).
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {

const char* last_error() { return ewald_cuda_last_error(); }

namespace {

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
    if (ewald_cuda_device(i, &device) == EWALD_STATUS_OK)
      devices.Set(devices.Length(), describe(env, device));
    else
      message = ewald_cuda_last_error();
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
  check(info.Env(),
        ewald_cuda_open(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0, &context->handle));
  return handle(info.Env(), context);
}

// close(handle): twice is a no-op. Runs under way keep the device until they are done.
void close(const CallbackInfo& info) { slot_of<Context>(info).reset(); }

// liveBytes(handle) -> number; 0 once closed
Napi::Value liveBytes(const CallbackInfo& info) {
  const SharedContext& context = slot_of<Context>(info);
  return Napi::Number::New(info.Env(), context ? double(ewald_cuda_live_bytes(context->handle)) : 0.0);
}

// info(handle) -> the device, with the memory free now
Napi::Value deviceInfo(const CallbackInfo& info) {
  ewald_cuda_device_info device;
  check(info.Env(), ewald_cuda_info(alive<Context>(info)->handle, &device));
  return describe(info.Env(), device);
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", EWALD_ABI_VERSION);
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("close", Napi::Function::New(env, close, "close"));
  exports.Set("liveBytes", Napi::Function::New(env, liveBytes, "liveBytes"));
  exports.Set("info", Napi::Function::New(env, deviceInfo, "info"));
  Room::bind_all(env, exports);
  return exports;
}

}  // namespace
}  // namespace ewald::addon

using ewald::addon::start;
NODE_API_MODULE(NODE_GYP_MODULE_NAME, start)
