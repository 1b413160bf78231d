// Bindings of cuda/peaks.
#include "addon/peaks.h"

#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Peaks : Owned<ewald_cuda_peaks, ewald_cuda_peaks_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d7065616b73ULL};
  static constexpr const char* what = "the CUDA peak finder";
  using Owned::Owned;
  ewald_cuda_peaks_info info{};
  uint32_t running = 0;

  using Run = DeviceTask;
  const ewald_peaks_descriptor& made() const { return info.descriptor; }
  uint32_t rings() const { return info.rings; }
  int32_t run(const ewald_peaks_params& params, const void* frame, const uint8_t* bad,
              const ewald_peak** found, uint32_t* count, float* limits, double* sums) {
    return ewald_cuda_peaks_run(handle, &params, frame, bad, found, count, limits, sums);
  }
};

// peaksCreate(context, descriptor, panels: Uint8Array, bins: Uint16Array) -> Promise<handle>
Napi::Value peaksCreate(const CallbackInfo& info) {
  const auto descriptor = struct_of<ewald_peaks_descriptor>(info, 1);
  const auto* panels = elements<ewald_peaks_panel>(info, 2, descriptor.panels);
  const auto* bins = elements<uint16_t>(info, 3, size_t(descriptor.width) * descriptor.height);
  // Copies, because the arrays belong to the caller and the plan is created on another thread.
  return create<Peaks>(info, [descriptor, panels = std::vector(panels, panels + descriptor.panels),
                              bins = std::vector(bins, bins + size_t(descriptor.width) * descriptor.height)](
                                 ewald_cuda_context* context, Peaks& peaks) {
    const int32_t status = ewald_cuda_peaks_create(context, &descriptor, panels.data(), bins.data(), &peaks.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_peaks_describe(peaks.handle, &peaks.info);
    return status;
  });
}

// peaksBytes(handle) -> { device, host }; host bytes are page-locked, and grow with the first frame that is not
Napi::Value peaksBytes(const CallbackInfo& info) {
  ewald_cuda_peaks_info now;
  ewald_cuda_peaks_describe(alive<Peaks>(info)->handle, &now);
  return bytes_of(info.Env(), now);
}

// peaksDestroy(handle): a second call is a no-op. An active run keeps the finder until it is done.
void peaksDestroy(const CallbackInfo& info) { slot_of<Peaks>(info).reset(); }

struct Frame : Owned<ewald_cuda_frame, ewald_cuda_frame_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d6672616d65ULL};
  static constexpr const char* what = "the frame on the device";
  using Owned::Owned;
  uint32_t running = 0;
  using Run = DeviceTask;
};

// The peaks of a frame that is sent packed. The finder and the frame are in use until it is done.
class SearchTask : public PlanTask<Frame> {
public:
  SearchTask(std::shared_ptr<Frame> frame, std::shared_ptr<Peaks> peaks)
      : PlanTask(std::move(frame)), peaks_(std::move(peaks)) {
    peaks_->running++;
  }
  ~SearchTask() override { peaks_->running--; }
  ewald_peaks_params params{};
  bool with_limits = false, with_sums = false;
  size_t bytes = 0;

protected:
  int32_t work() override {
    // In the order in which they were added.
    const auto* chunk = static_cast<const uint8_t*>(static_cast<void*>(buffers[0].data()));
    size_t next = 1;
    auto* limits = with_limits ? reinterpret_cast<float*>(buffers[next++].data()) : nullptr;
    auto* sums = with_sums ? reinterpret_cast<double*>(buffers[next++].data()) : nullptr;
    return ewald_cuda_frame_search(plan->handle, peaks_->handle, chunk, bytes, &params, &found_, &count_, limits, sums);
  }
  napi_value answer(napi_env env) override { return packed_peaks(env, found_, count_); }

private:
  const std::shared_ptr<Peaks> peaks_;
  const ewald_peak* found_ = nullptr;
  uint32_t count_ = 0;
};

class TilesTask : public PlanTask<Frame> {
public:
  using PlanTask::PlanTask;
  uint32_t count = 0;

protected:
  int32_t work() override {
    return ewald_cuda_frame_tiles(plan->handle, reinterpret_cast<const uint32_t*>(buffers[0].data()), count,
                                  buffers[1].data());
  }
};

// frameCreate(context, peaks) -> Promise<handle>: memory for a frame of the finder that is sent packed
Napi::Value frameCreate(const CallbackInfo& info) {
  return create<Frame>(info, [peaks = alive<Peaks>(info, 1)](ewald_cuda_context*, Frame& frame) {
    return ewald_cuda_frame_create(peaks->handle, &frame.handle);
  });
}

// frameBytes(frame) -> { device, host }; both grow with what is sent and what comes back
Napi::Value frameBytes(const CallbackInfo& info) {
  ewald_cuda_frame_info now;
  ewald_cuda_frame_describe(alive<Frame>(info)->handle, &now);
  return bytes_of(info.Env(), now);
}

// frameSearch(frame, peaks, chunk, params, limits | null, sums | null) -> Promise<Uint8Array>, the packed peaks; one run
// at a time of both
Napi::Value frameSearch(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto frame = idle<Frame>(info);
  const auto peaks = alive<Peaks>(info, 1);
  if (peaks->running > 0) throw argument_error(env, std::string(Peaks::what) + " is running; one run at a time");
  auto task = std::make_unique<SearchTask>(frame, peaks);
  View chunk;
  if (!view_of(env, info[2], chunk)) throw argument_error(env, argument(2) + " is not a typed array");
  task->bytes = chunk.bytes;
  task->params = struct_of<ewald_peaks_params>(info, 3);
  task->buffers.reserve(3);
  task->buffers.emplace_back(env, info[2], chunk, false);
  task->with_limits = !info[4].IsNull();
  if (task->with_limits)
    task->buffers.emplace_back(env, info[4], view_at(info, 4, size_t(peaks->rings()) * 4 * sizeof(float)), true);
  task->with_sums = !info[5].IsNull();
  if (task->with_sums)
    task->buffers.emplace_back(env, info[5], view_at(info, 5, (2 * size_t(peaks->rings()) + 1025) * sizeof(double)),
                               true);
  return Task::start(env, std::move(task));
}

// frameTiles(frame, tiles: Uint32Array, out) -> Promise: copies tiles to their places in a whole frame
Napi::Value frameTiles(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto task = std::make_unique<TilesTask>(idle<Frame>(info));
  ewald_cuda_frame_info known;
  ewald_cuda_frame_describe(task->plan->handle, &known);
  View tiles;
  if (!view_of(env, info[1], tiles)) throw argument_error(env, argument(1) + " is not a typed array");
  task->count = uint32_t(tiles.bytes / sizeof(uint32_t));
  task->buffers.reserve(2);
  task->buffers.emplace_back(env, info[1], tiles, false);
  task->buffers.emplace_back(env, info[2], view_at(info, 2, size_t(known.frame_bytes)), true);
  return Task::start(env, std::move(task));
}

// frameDestroy(frame): a second call is a no-op. An active run keeps the frame until it is done.
void frameDestroy(const CallbackInfo& info) { slot_of<Frame>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("peaksCreate", Napi::Function::New(env, peaksCreate, "peaksCreate"));
  exports.Set("peaksBytes", Napi::Function::New(env, peaksBytes, "peaksBytes"));
  exports.Set("peaksRun", Napi::Function::New(env, peaks_run<Peaks>, "peaksRun"));
  exports.Set("peaksDestroy", Napi::Function::New(env, peaksDestroy, "peaksDestroy"));
  exports.Set("frameCreate", Napi::Function::New(env, frameCreate, "frameCreate"));
  exports.Set("frameBytes", Napi::Function::New(env, frameBytes, "frameBytes"));
  exports.Set("frameSearch", Napi::Function::New(env, frameSearch, "frameSearch"));
  exports.Set("frameTiles", Napi::Function::New(env, frameTiles, "frameTiles"));
  exports.Set("frameDestroy", Napi::Function::New(env, frameDestroy, "frameDestroy"));
});

}  // namespace
}  // namespace ewald::addon
