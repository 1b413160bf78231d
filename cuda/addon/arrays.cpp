// Bindings of arrays on the device.
#include "arrays.h"

#include "addon/room.h"

namespace ewald::addon {
namespace {

class CopyTask : public DeviceTask {
public:
  CopyTask(std::shared_ptr<Array> array, uint64_t offset, uint64_t bytes, bool write)
      : DeviceTask(array->context), array_(std::move(array)), offset_(offset), bytes_(bytes), write_(write) {}

protected:
  int32_t work() override {
    uint8_t* host = buffers[0].data();
    return write_ ? ewald_cuda_array_write(array_->handle, offset_, host, bytes_)
                  : ewald_cuda_array_read(array_->handle, offset_, host, bytes_);
  }

private:
  std::shared_ptr<Array> array_;
  uint64_t offset_, bytes_;
  bool write_;
};

Napi::Value copy(const CallbackInfo& info, bool write) {
  const View view = view_at(info, 1, 0);
  auto task = std::make_unique<CopyTask>(alive<Array>(info), whole_number(info, 2), view.bytes, write);
  task->buffers.emplace_back(info.Env(), info[1], view, !write);
  return Task::start(info.Env(), std::move(task));
}

// arrayCreate(context, bytes) -> Promise<handle>
Napi::Value arrayCreate(const CallbackInfo& info) {
  return create<Array>(info, [bytes = whole_number(info, 1)](ewald_cuda_context* context, Array& array) {
    array.bytes = bytes;
    return ewald_cuda_array_create(context, bytes, &array.handle);
  });
}

// arrayWrap(context, address: bigint, bytes) -> Promise<handle>: memory of another addon on the device
Napi::Value arrayWrap(const CallbackInfo& info) {
  bool whole = false;
  const uint64_t address = info[1].IsBigInt() ? info[1].As<Napi::BigInt>().Uint64Value(&whole) : 0;
  if (!whole) throw argument_error(info.Env(), argument(1) + " is no address");
  void* const memory = reinterpret_cast<void*>(uintptr_t(address));
  return create<Array>(info, [memory, bytes = whole_number(info, 2)](ewald_cuda_context* context, Array& array) {
    array.bytes = bytes;
    return ewald_cuda_array_wrap(context, memory, bytes, &array.handle);
  });
}

// arrayAddress(handle) -> bigint: the device address, for another addon
Napi::Value arrayAddress(const CallbackInfo& info) {
  void* const memory = ewald_cuda_array_memory(alive<Array>(info)->handle);
  return Napi::BigInt::New(info.Env(), uint64_t(reinterpret_cast<uintptr_t>(memory)));
}

// arrayWrite(handle, data: Uint8Array, offset) and arrayRead(handle, into: Uint8Array, offset) -> Promise<void>
Napi::Value arrayWrite(const CallbackInfo& info) { return copy(info, true); }
Napi::Value arrayRead(const CallbackInfo& info) { return copy(info, false); }

// arrayDestroy(handle): a second call is a no-op. Active runs keep the array until they are done.
void arrayDestroy(const CallbackInfo& info) { slot_of<Array>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("arrayCreate", Napi::Function::New(env, arrayCreate, "arrayCreate"));
  exports.Set("arrayWrap", Napi::Function::New(env, arrayWrap, "arrayWrap"));
  exports.Set("arrayAddress", Napi::Function::New(env, arrayAddress, "arrayAddress"));
  exports.Set("arrayWrite", Napi::Function::New(env, arrayWrite, "arrayWrite"));
  exports.Set("arrayRead", Napi::Function::New(env, arrayRead, "arrayRead"));
  exports.Set("arrayDestroy", Napi::Function::New(env, arrayDestroy, "arrayDestroy"));
});

}  // namespace
}  // namespace ewald::addon
