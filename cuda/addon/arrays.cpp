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

// arrayWrite(handle, data: Uint8Array, offset) and arrayRead(handle, into: Uint8Array, offset) -> Promise<void>
Napi::Value arrayWrite(const CallbackInfo& info) { return copy(info, true); }
Napi::Value arrayRead(const CallbackInfo& info) { return copy(info, false); }

// arrayDestroy(handle): a second call is a no-op. Active runs keep the array until they are done.
void arrayDestroy(const CallbackInfo& info) { slot_of<Array>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("arrayCreate", Napi::Function::New(env, arrayCreate, "arrayCreate"));
  exports.Set("arrayWrite", Napi::Function::New(env, arrayWrite, "arrayWrite"));
  exports.Set("arrayRead", Napi::Function::New(env, arrayRead, "arrayRead"));
  exports.Set("arrayDestroy", Napi::Function::New(env, arrayDestroy, "arrayDestroy"));
});

}  // namespace
}  // namespace ewald::addon
