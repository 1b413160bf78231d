// Bindings of cuda/indexing.
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

struct Indexer : Owned<ewald_cuda_indexer, ewald_cuda_indexer_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d696e646578ULL};
  static constexpr const char* what = "the CUDA indexer";
  using Owned::Owned;
  ewald_cuda_staging staging{};
  bool busy = false;
};

// Outputs are copied on the main thread when the run is over, so that nobody sees half of them, and only what was asked
// for.
class IndexerRunTask : public DeviceTask {
public:
  IndexerRunTask(std::shared_ptr<Indexer> indexer, const ewald_indexer_params& params, uint32_t images, uint32_t cells)
      : DeviceTask(indexer->context), indexer_(std::move(indexer)), params_(params), images_(images), cells_(cells) {
    indexer_->busy = true;
  }
  ~IndexerRunTask() override { indexer_->busy = false; }
  void keep(const Napi::Value& found, const Napi::Value& results, const Napi::Value& assignment) {
    found_ = Napi::Persistent(found.As<Napi::Object>());
    results_ = Napi::Persistent(results.As<Napi::Object>());
    assignment_ = Napi::Persistent(assignment.As<Napi::Object>());
  }

protected:
  int32_t work_on(ewald_cuda_context*) override {
    return ewald_cuda_indexer_run(indexer_->handle, &params_, images_, cells_);
  }
  napi_value answer(napi_env env) override {
    copy(env, found_, indexer_->staging.found);
    copy(env, results_, indexer_->staging.results);
    copy(env, assignment_, indexer_->staging.assignment);
    return Task::answer(env);
  }

private:
  // An array that was transferred away meanwhile has no length left.
  static void copy(napi_env env, napi_ref to, const void* from) {
    napi_value array = nullptr;
    View view;
    if (napi_get_reference_value(env, to, &array) == napi_ok && view_of(env, array, view) && view.bytes > 0)
      std::memcpy(view.data, from, view.bytes);
  }
  std::shared_ptr<Indexer> indexer_;
  ewald_indexer_params params_;
  uint32_t images_, cells_;
  Napi::ObjectReference found_, results_, assignment_;
};

// indexerCreate(context, descriptor, maxBatchSpots) -> Promise<handle>
Napi::Value indexerCreate(const CallbackInfo& info) {
  return create<Indexer>(info, [descriptor = struct_of<ewald_indexer_descriptor>(info, 1),
                                spots = whole_number(info, 2)](ewald_cuda_context* context, Indexer& indexer) {
    const int32_t status = ewald_cuda_indexer_create(context, &descriptor, spots, &indexer.handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_indexer_staging(indexer.handle, &indexer.staging);
    return status;
  });
}
// indexerBytes(handle) -> { device, host }; the host's are page-locked
Napi::Value indexerBytes(const CallbackInfo& info) {
  const auto& indexer = slot_of<Indexer>(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", indexer ? double(indexer->staging.device_bytes) : 0.0);
  bytes.Set("host", indexer ? double(indexer->staging.host_bytes) : 0.0);
  return bytes;
}

// indexerStage(handle, stage) -> Uint8Array, the records of a stage; not while a run is under way
Napi::Value indexerStage(const CallbackInfo& info) {
  const auto indexer = alive<Indexer>(info);
  if (indexer->busy)
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
// one run at a time
Napi::Value indexerRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto indexer = alive<Indexer>(info);
  if (indexer->busy) throw argument_error(env, "the CUDA indexer is running; one run at a time");
  const auto params = struct_of<ewald_indexer_params>(info, 1);
  const ewald_cuda_staging& staging = indexer->staging;
  const uint32_t images = uint32_of(info, 4), cellCount = uint32_of(info, 6);
  if (images > staging.descriptor.batch) {
    throw core_error(env, EWALD_STATUS_LIMIT,
                     std::to_string(images) + " images, the indexer was made for " +
                         std::to_string(staging.descriptor.batch) + " a run");
  }
  if (cellCount < 1 || cellCount > staging.descriptor.max_input_cells) {
    throw core_error(
        env, EWALD_STATUS_LIMIT,
        std::to_string(cellCount) + " known cells, must be 1 to " + std::to_string(staging.descriptor.max_input_cells));
  }
  const uint32_t* offsets = elements<uint32_t>(info, 3, size_t(images) + 1);
  const uint64_t count = offsets[images];
  if (count > staging.max_batch_spots) {
    throw core_error(env, EWALD_STATUS_LIMIT,
                     std::to_string(count) + " spots, the indexer was made for " +
                         std::to_string(staging.max_batch_spots) + " a run");
  }
  const float* spots = elements<float>(info, 2, 3 * size_t(count));
  const float* cells = elements<float>(info, 5, 9 * size_t(cellCount));
  const size_t bytes[] = {size_t(images) * staging.descriptor.max_output_cells * sizeof(ewald_indexed_cell),
                          size_t(images) * sizeof(ewald_image_result), size_t(count)};
  for (size_t i = 0; i < 3; ++i)
    if (view_at(info, 7 + i, bytes[i]).bytes != bytes[i])
      throw argument_error(env, argument(7 + i) + " is larger than this run's results");
  if (count) std::memcpy(staging.spots, spots, size_t(count) * 12);
  std::memcpy(staging.offsets, offsets, (size_t(images) + 1) * 4);
  std::memcpy(staging.cells, cells, size_t(cellCount) * 36);
  auto task = std::make_unique<IndexerRunTask>(indexer, params, images, cellCount);
  task->keep(info[7], info[8], info[9]);
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
