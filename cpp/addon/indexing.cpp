// Bindings of cpp/indexing.
#include "addon/handle.h"
#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

struct Indexer {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x72652d696e646578ULL};
  static constexpr const char* what = "the indexer";
  ewald_indexer* handle = nullptr;
  ewald_indexer_descriptor descriptor{};
  bool busy = false;
  ~Indexer() { ewald_indexer_destroy(handle); }
};

// indexerCreate(descriptor: Uint8Array) -> External
Napi::Value indexer_create(const CallbackInfo& info) {
  auto indexer = std::make_shared<Indexer>();
  indexer->descriptor = struct_of<ewald_indexer_descriptor>(info, 0);
  check(info.Env(), ewald_indexer_create(&indexer->descriptor, &indexer->handle));
  return handle(info.Env(), indexer);
}

Napi::Value indexer_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_indexer_bytes(alive<Indexer>(info)->handle)));
}

// indexerDestroy(indexer): twice is a no-op. A run under way keeps the indexer until it is done.
void indexer_destroy(const CallbackInfo& info) { slot_of<Indexer>(info).reset(); }

class IndexTask : public Task {
public:
  explicit IndexTask(std::shared_ptr<Indexer> owner) : indexer(std::move(owner)) { indexer->busy = true; }
  ~IndexTask() override { indexer->busy = false; }
  const std::shared_ptr<Indexer> indexer;
  ewald_indexer_params params{};
  uint32_t images = 0, cell_count = 0;
  // In `buffers`.
  enum { spots, offsets, cells, found, results, assignment };

protected:
  int32_t work() override {
    const auto at = [&](size_t index) { return static_cast<void*>(buffers[index].data()); };
    return ewald_indexer_run(indexer->handle, &params, static_cast<float*>(at(spots)),
                             static_cast<uint32_t*>(at(offsets)), images, static_cast<float*>(at(cells)), cell_count,
                             static_cast<ewald_indexed_cell*>(at(found)), static_cast<ewald_image_result*>(at(results)),
                             static_cast<uint8_t*>(at(assignment)));
  }
};

// indexerRun(indexer, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>;
// one run at a time
Napi::Value indexer_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto indexer = alive<Indexer>(info);
  if (indexer->busy) throw argument_error(env, "the indexer is running; one run at a time");
  const uint32_t images = uint32_of(info, 4), cell_count = uint32_of(info, 6);
  const auto params = struct_of<ewald_indexer_params>(info, 1);
  const size_t spots = elements<uint32_t>(info, 3, size_t(images) + 1)[images];
  auto task = std::make_unique<IndexTask>(indexer);
  task->params = params;
  task->images = images;
  task->cell_count = cell_count;
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(6);
  take(2, spots * 3 * sizeof(float), false);
  take(3, (size_t(images) + 1) * sizeof(uint32_t), false);
  take(5, size_t(cell_count) * 9 * sizeof(float), false);
  take(7, size_t(images) * indexer->descriptor.max_output_cells * sizeof(ewald_indexed_cell), true);
  take(8, images * sizeof(ewald_image_result), true);
  take(9, spots, true);
  return Task::start(env, std::move(task));
}

// indexerStage(indexer, stage) -> Uint8Array, the records of a stage; not while a run is under way.
Napi::Value indexer_stage(const CallbackInfo& info) {
  const auto indexer = alive<Indexer>(info);
  if (indexer->busy) throw argument_error(info.Env(), "the indexer is running; its stages are there when it is done");
  const uint32_t stage = uint32_of(info, 1);
  size_t bytes = 0;
  check(info.Env(), ewald_indexer_stage(indexer->handle, stage, nullptr, 0, &bytes));
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), bytes);
  check(info.Env(), ewald_indexer_stage(indexer->handle, stage, records.Data(), bytes, &bytes));
  return records;
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("indexerCreate", Napi::Function::New(env, indexer_create, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexer_bytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexer_run, "indexerRun"));
  exports.Set("indexerStage", Napi::Function::New(env, indexer_stage, "indexerStage"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexer_destroy, "indexerDestroy"));
});

}  // namespace
}  // namespace ewald::addon
