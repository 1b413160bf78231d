// Shared by the rooms of the CUDA addon: the device as a handle, and runs on it as tasks. The rest comes from
// cpp/addon.
#pragma once
#include "addon/handle.h"
#include "addon/task.h"
#include "ewald_cuda.h"

namespace ewald::addon {

// A device shared by its JavaScript handle and the active runs: the last owner closes it, so that close() never waits
// on the main thread.
struct Context {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d636f6e7478ULL};
  static constexpr const char* what = "the CUDA context";
  ewald_cuda_context* handle = nullptr;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ewald_cuda_close(handle); }
};
using SharedContext = std::shared_ptr<Context>;

// An object of the C ABI. It keeps the device until it is destroyed.
template <class T, void (*destroy)(T*)>
struct Owned {
  explicit Owned(SharedContext owner) : context(std::move(owner)) {}
  SharedContext context;
  T* handle = nullptr;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(handle); }
};

class DeviceTask : public Task {
public:
  explicit DeviceTask(SharedContext context) : context_(std::move(context)) {}
  template <class T, void (*destroy)(T*)>
  explicit DeviceTask(const Owned<T, destroy>& plan) : context_(plan.context) {}

protected:
  ewald_cuda_context* device() const { return context_->handle; }

private:
  // If the handle was closed meanwhile, this is the last owner: it is released here, where waiting for the device
  // blocks no other thread.
  void done() final { context_.reset(); }
  SharedContext context_;
};

// Creates a T, an Owned, on a thread of the pool and resolves with its handle.
template <class T, class Make>
class CreateTask : public DeviceTask {
public:
  CreateTask(SharedContext context, Make make)
      : DeviceTask(context), owned_(std::make_shared<T>(std::move(context))), make_(std::move(make)) {}

protected:
  int32_t work() override { return make_(this->device(), *owned_); }
  napi_value answer(napi_env env) override { return handle_value(env, std::move(owned_)); }

private:
  std::shared_ptr<T> owned_;
  Make make_;
};
template <class T, class Make>
Napi::Value create(const CallbackInfo& info, Make make) {
  return Task::start(info.Env(), std::make_unique<CreateTask<T, Make>>(alive<Context>(info), std::move(make)));
}

// { device, host }: bytes that a plan holds; the host memory is page-locked.
template <class Info>
Napi::Object bytes_of(Napi::Env env, const Info& info) {
  Napi::Object bytes = Napi::Object::New(env);
  bytes.Set("device", double(info.device_bytes));
  bytes.Set("host", double(info.host_bytes));
  return bytes;
}

}  // namespace ewald::addon
