// Bindings of cuda/indexing.
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Indexer : Owned<ewald_cuda_indexer, ewald_cuda_indexer_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d696e646578ULL};
  static constexpr const char* what = "the CUDA indexer";
  using Owned::Owned;
  ewald_cuda_indexer_info info{};
  uint32_t running = 0;
};

// Copies between the caller's arrays and page-locked memory are done where the run is, on a thread of the pool.
class IndexerRunTask : public DeviceTask {
public:
  IndexerRunTask(std::shared_ptr<Indexer> owner, const ewald_indexer_params& params, uint32_t images, uint32_t cells)
      : DeviceTask(owner->context), indexer_(std::move(owner)), params_(params), images_(images), cells_(cells) {
    indexer_->running++;
  }
  ~IndexerRunTask() override { indexer_->running--; }
  // In `buffers`.
  enum { spots, offsets, cells, found, results, assignment };

protected:
  int32_t work_on(ewald_cuda_context*) override {
    const auto at = [&](size_t index) { return static_cast<void*>(buffers[index].data()); };
    return ewald_cuda_indexer_run(indexer_->handle, &params_, static_cast<float*>(at(spots)),
                                  static_cast<uint32_t*>(at(offsets)), images_, static_cast<float*>(at(cells)), cells_,
                                  static_cast<ewald_indexed_cell*>(at(found)),
                                  static_cast<ewald_image_result*>(at(results)), static_cast<uint8_t*>(at(assignment)));
  }

private:
  std::shared_ptr<Indexer> indexer_;
  ewald_indexer_params params_;
  uint32_t images_, cells_;
};

// indexerCreate(context, descriptor, maxBatchSpots) -> Promise<handle>
Napi::Value indexerCreate(const CallbackInfo& info) {
  return create<Indexer>(info, [descriptor = struct_of<ewald_indexer_descriptor>(info, 1),
                                spots = whole_number(info, 2)](ewald_cuda_context* context, Indexer& indexer) {
    const int32_t status = ewald_cuda_indexer_create(context, &descriptor, spots, &indexer.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_indexer_describe(indexer.handle, &indexer.info);
    return status;
  });
}
// indexerBytes(handle) -> { device, host, lanes }; the host's are page-locked
Napi::Value indexerBytes(const CallbackInfo& info) {
  const auto& indexer = slot_of<Indexer>(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", indexer ? double(indexer->info.device_bytes) : 0.0);
  bytes.Set("host", indexer ? double(indexer->info.host_bytes) : 0.0);
  bytes.Set("lanes", indexer ? double(indexer->info.lanes) : 0.0);
  return bytes;
}

// indexerStage(handle, stage) -> Uint8Array, the records of a stage; not while a run is under way
Napi::Value indexerStage(const CallbackInfo& info) {
  const auto indexer = alive<Indexer>(info);
  if (indexer->running > 0)
    throw argument_error(info.Env(), "the CUDA indexer is running; its stages are there when it is done");
  const uint32_t stage = uint32_of(info, 1);
  size_t bytes = 0;
  check(info.Env(), ewald_cuda_indexer_stage(indexer->handle, stage, nullptr, 0, &bytes));
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), bytes);
  check(info.Env(), ewald_cuda_indexer_stage(indexer->handle, stage, records.Data(), bytes, &bytes));
  return records;
}

// indexerDestroy(handle): twice is a no-op. A run under way keeps the indexer until it is done.
void indexerDestroy(const CallbackInfo& info) { slot_of<Indexer>(info).reset(); }

// indexerRun(handle, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>;
// at most as many at once as there are lanes
Napi::Value indexerRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto indexer = alive<Indexer>(info);
  const ewald_cuda_indexer_info& made = indexer->info;
  if (indexer->running >= made.lanes)
    throw argument_error(env, "the CUDA indexer is running; runs at a time: " + std::to_string(made.lanes));
  const auto params = struct_of<ewald_indexer_params>(info, 1);
  const uint32_t images = uint32_of(info, 4), cellCount = uint32_of(info, 6);
  if (images > made.descriptor.batch) {
    throw core_error(env, EWALD_STATUS_LIMIT,
                     std::to_string(images) + " images, the indexer was made for " +
                         std::to_string(made.descriptor.batch) + " a run");
  }
  if (cellCount < 1 || cellCount > made.descriptor.max_input_cells) {
    throw core_error(
        env, EWALD_STATUS_LIMIT,
        std::to_string(cellCount) + " known cells, must be 1 to " + std::to_string(made.descriptor.max_input_cells));
  }
  const uint64_t count = elements<uint32_t>(info, 3, size_t(images) + 1)[images];
  if (count > made.max_batch_spots) {
    throw core_error(
        env, EWALD_STATUS_LIMIT,
        std::to_string(count) + " spots, the indexer was made for " + std::to_string(made.max_batch_spots) + " a run");
  }
  auto task = std::make_unique<IndexerRunTask>(indexer, params, images, cellCount);
  const auto take = [&](size_t index, size_t bytes, bool written) {
    const View view = view_at(info, index, bytes);
    if (written && view.bytes != bytes)
      throw argument_error(env, argument(index) + " is larger than this run's results");
    task->buffers.emplace_back(env, info[index], view, written);
  };
  task->buffers.reserve(6);
  take(2, size_t(count) * 12, false);
  take(3, (size_t(images) + 1) * 4, false);
  take(5, size_t(cellCount) * 36, false);
  take(7, size_t(images) * made.descriptor.max_output_cells * sizeof(ewald_indexed_cell), true);
  take(8, size_t(images) * sizeof(ewald_image_result), true);
  take(9, size_t(count), true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("indexerCreate", Napi::Function::New(env, indexerCreate, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexerBytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexerRun, "indexerRun"));
  exports.Set("indexerStage", Napi::Function::New(env, indexerStage, "indexerStage"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexerDestroy, "indexerDestroy"));
});

}  // namespace
}  // namespace ewald::addon
