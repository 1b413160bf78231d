// Bindings of cuda/frames.
#include <vector>

#include "addon/plan.h"
#include "addon/room.h"
#include "arrays.h"

namespace ewald::addon {
namespace {

struct Decoder : Owned<ewald_cuda_decoder, ewald_cuda_decoder_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d6465636f00ULL};
  static constexpr const char* what = "the CUDA decoder";
  using Owned::Owned;
  ewald_cuda_decoder_info info{};
  uint32_t running = 0;
  using Run = DeviceTask;
};

class DecodeTask : public PlanTask<Decoder> {
public:
  using PlanTask::PlanTask;

  // The chunks of the frames: an array of typed arrays.
  void take_chunks(const CallbackInfo& info, size_t index) {
    if (!info[index].IsArray()) throw argument_error(info.Env(), argument(index) + " is not an array");
    const auto given = info[index].As<Napi::Array>();
    const uint32_t count = given.Length();
    buffers.reserve(size_t(count) + 1);
    for (uint32_t f = 0; f < count; ++f) {
      const Napi::Value chunk = given[f];
      View view;
      if (!view_of(info.Env(), chunk, view))
        throw argument_error(info.Env(), argument(index) + " has an element that is not a typed array");
      buffers.emplace_back(info.Env(), chunk, view, false);
      chunks_.push_back(buffers.back().data());
      bytes_.push_back(view.bytes);
    }
  }
  // Frames go to a typed array, or to an array on the device.
  void take_frames(const CallbackInfo& info, size_t index) {
    const uint64_t needed = chunks_.size() * plan->info.frame_bytes;
    if (!is_handle<Array>(info[index])) {
      buffers.emplace_back(info.Env(), info[index], view_at(info, index, size_t(needed)), true);
      frames_ = buffers.back().data();
      return;
    }
    there_ = array_at(info, index, plan->context, needed);
    frames_ = ewald_cuda_array_memory(there_->handle);
  }

protected:
  int32_t work() override {
    return ewald_cuda_decoder_run(plan->handle, chunks_.data(), bytes_.data(), chunks_.size(), frames_, there_ ? 1 : 0);
  }

private:
  std::vector<const uint8_t*> chunks_;
  std::vector<uint64_t> bytes_;
  void* frames_ = nullptr;
  std::shared_ptr<Array> there_;
};

// decoderCreate(context, frameBytes, elementBytes, blockBytes, keeps) -> Promise<handle>
Napi::Value decoderCreate(const CallbackInfo& info) {
  const uint64_t frame = whole_number(info, 1);
  const uint32_t element = uint32_of(info, 2), block = uint32_of(info, 3), keeps = uint32_of(info, 4);
  return create<Decoder>(info, [=](ewald_cuda_context* context, Decoder& decoder) {
    const int32_t status = ewald_cuda_decoder_create(context, frame, element, block, keeps, &decoder.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_decoder_describe(decoder.handle, &decoder.info);
    return status;
  });
}

// decoderBytes(handle) -> { device, host }; host bytes are page-locked
Napi::Value decoderBytes(const CallbackInfo& info) { return bytes_of(info.Env(), alive<Decoder>(info)->info); }

// decoderRun(handle, chunks: Uint8Array[], frames) -> Promise; one run at a time
Napi::Value decoderRun(const CallbackInfo& info) {
  auto task = std::make_unique<DecodeTask>(idle<Decoder>(info));
  task->take_chunks(info, 1);
  task->take_frames(info, 2);
  return Task::start(info.Env(), std::move(task));
}

// decoderDestroy(handle): a second call is a no-op. An active run keeps the decoder until it is done.
void decoderDestroy(const CallbackInfo& info) { slot_of<Decoder>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("decoderCreate", Napi::Function::New(env, decoderCreate, "decoderCreate"));
  exports.Set("decoderBytes", Napi::Function::New(env, decoderBytes, "decoderBytes"));
  exports.Set("decoderRun", Napi::Function::New(env, decoderRun, "decoderRun"));
  exports.Set("decoderDestroy", Napi::Function::New(env, decoderDestroy, "decoderDestroy"));
});

}  // namespace
}  // namespace ewald::addon
