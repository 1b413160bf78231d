// The CUDA addon: passes buffers to the C ABI of common/ewald_cuda.h, runs it off the main thread, and turns statuses
// into errors. It contains no logic; there is one file per room. Compiled against the emulator it also exports what
// tests need (emulated.cpp).
#include <string>
#include <vector>

#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {

const char* last_error() { return ewald_cuda_last_error(); }

namespace {

// An object of the bare Node-API; it is null after a failure (see cpp/addon/task.h for the reason).
class Fields {
public:
  explicit Fields(napi_env env) : env_(env) { keep(napi_create_object(env, &object_)); }
  void set(const char* name, double number) {
    napi_value value = nullptr;
    keep(napi_create_double(env_, number, &value));
    set(name, value);
  }
  void set(const char* name, const std::string& text) {
    napi_value value = nullptr;
    keep(napi_create_string_utf8(env_, text.c_str(), text.size(), &value));
    set(name, value);
  }
  void set(const char* name, napi_value value) {
    if (object_ && value) keep(napi_set_named_property(env_, object_, name, value));
  }
  napi_value object() const { return object_; }

private:
  void keep(napi_status status) {
    if (status != napi_ok) object_ = nullptr;
  }
  napi_env env_;
  napi_value object_ = nullptr;
};

napi_value describe(napi_env env, const ewald_cuda_device_info& device, bool opened) {
  Fields fields(env);
  fields.set("index", device.index);
  fields.set("name", device.name);
  fields.set("computeCapability", std::to_string(device.compute_major) + "." + std::to_string(device.compute_minor));
  fields.set("multiprocessors", device.multiprocessors);
  fields.set("totalBytes", double(device.total_bytes));
  if (opened) fields.set("freeBytes", double(device.free_bytes));
  fields.set("driverVersion", device.driver_version);
  fields.set("runtimeVersion", device.runtime_version);
  return fields.object();
}

// The driver starts slowly, so neither probing nor opening runs on the main thread.
class ProbeTask : public Task {
protected:
  int32_t work() override {
    int32_t count = 0;
    probed_ = ewald_cuda_probe(&count, &driver_, &runtime_);
    why_ = ewald_cuda_last_error();
    for (int32_t i = 0; probed_ == EWALD_STATUS_OK && i < count; ++i) {
      ewald_cuda_device_info device;
      if (ewald_cuda_device(i, &device) == EWALD_STATUS_OK)
        devices_.push_back(device);
      else
        why_ = ewald_cuda_last_error();
    }
    return EWALD_STATUS_OK;
  }
  napi_value answer(napi_env env) override {
    napi_value list = nullptr;
    if (napi_create_array_with_length(env, devices_.size(), &list) != napi_ok) return nullptr;
    for (size_t i = 0; i < devices_.size(); ++i)
      if (napi_set_element(env, list, uint32_t(i), describe(env, devices_[i], false)) != napi_ok) return nullptr;
    Fields fields(env);
    fields.set("devices", list);
    fields.set("driverVersion", driver_);
    fields.set("runtimeVersion", runtime_);
    fields.set("message", why_);
    return fields.object();
  }

private:
  int32_t probed_ = EWALD_STATUS_OK, driver_ = 0, runtime_ = 0;
  std::string why_;
  std::vector<ewald_cuda_device_info> devices_;
};

// probe() -> Promise<{ devices, driverVersion, runtimeVersion, message }>; `message` states what is wrong. Allocates
// nothing on any GPU.
Napi::Value probe(const CallbackInfo& info) { return Task::start(info.Env(), std::make_unique<ProbeTask>()); }

class OpenTask : public Task {
public:
  explicit OpenTask(int32_t index) : index_(index) {}

protected:
  int32_t work() override { return ewald_cuda_open(index_, &context_->handle); }
  napi_value answer(napi_env env) override { return handle_value(env, std::move(context_)); }

private:
  int32_t index_;
  SharedContext context_ = std::make_shared<Context>();
};

// open(deviceIndex = 0) -> Promise<handle>
Napi::Value open(const CallbackInfo& info) {
  return Task::start(info.Env(),
                     std::make_unique<OpenTask>(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0));
}

// close(handle): a second call is a no-op. Active runs keep the device until they are done.
void close(const CallbackInfo& info) { slot_of<Context>(info).reset(); }

// liveBytes(handle) -> number; 0 once closed
Napi::Value liveBytes(const CallbackInfo& info) {
  const SharedContext& context = slot_of<Context>(info);
  return Napi::Number::New(info.Env(), context ? double(ewald_cuda_live_bytes(context->handle)) : 0.0);
}

class SelfTestTask : public DeviceTask {
public:
  using DeviceTask::DeviceTask;

protected:
  int32_t work() override { return ewald_cuda_self_test(device(), faults_, sizeof faults_); }
  napi_value answer(napi_env env) override {
    napi_value text = nullptr;
    return napi_create_string_utf8(env, faults_, NAPI_AUTO_LENGTH, &text) == napi_ok ? text : nullptr;
  }

private:
  char faults_[2048] = {};
};

// selfTest(handle) -> Promise<string>: a line "NAME\tREASON" for each mechanism that fails on the GPU
Napi::Value selfTest(const CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<SelfTestTask>(alive<Context>(info)));
}

// info(handle) -> the device, with the currently free memory
Napi::Value deviceInfo(const CallbackInfo& info) {
  ewald_cuda_device_info device;
  check(info.Env(), ewald_cuda_info(alive<Context>(info)->handle, &device));
  return Napi::Value(info.Env(), describe(info.Env(), device, true));
}

// Page-locked memory of an ArrayBuffer. It keeps the device, because a lost device is reset when its last owner ends,
// which would unmap the memory.
struct Pinned {
  SharedContext context;
  void* memory = nullptr;
  explicit Pinned(SharedContext owner) : context(std::move(owner)) {}
  ~Pinned() { ewald_cuda_unpin(memory); }
};

// pinnedMemory(handle, bytes) -> ArrayBuffer of page-locked memory; undefined if no more can be locked, or if this
// runtime accepts no memory of others
Napi::Value pinnedMemory(const CallbackInfo& info) {
  auto pinned = std::make_unique<Pinned>(alive<Context>(info));
  const auto bytes = size_t(info[1].As<Napi::Number>().Int64Value());
  if (ewald_cuda_pin(pinned->context->handle, bytes, &pinned->memory) != EWALD_STATUS_OK) return info.Env().Undefined();
  const auto drop = [](napi_env, void*, void* owner) { delete static_cast<Pinned*>(owner); };
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(info.Env(), pinned->memory, bytes, drop, pinned.get(), &buffer) != napi_ok)
    return info.Env().Undefined();
  pinned.release();
  return Napi::Value(info.Env(), buffer);
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", EWALD_ABI_VERSION);
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("close", Napi::Function::New(env, close, "close"));
  exports.Set("liveBytes", Napi::Function::New(env, liveBytes, "liveBytes"));
  exports.Set("selfTest", Napi::Function::New(env, selfTest, "selfTest"));
  exports.Set("pinnedMemory", Napi::Function::New(env, pinnedMemory, "pinnedMemory"));
  exports.Set("info", Napi::Function::New(env, deviceInfo, "info"));
  Room::bind_all(env, exports);
  return exports;
}

}  // namespace
}  // namespace ewald::addon

using ewald::addon::start;
NODE_API_MODULE(NODE_GYP_MODULE_NAME, start)
