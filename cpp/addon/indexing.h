// Runs of an indexer and the records of its stages, the same in both addons. An `Indexer` is a plan of plan.h with
// `made()`, its descriptor, `run()` and `stage()`; one on the host has `named()` too.
#pragma once
#include "addon/plan.h"

namespace ewald::addon {

template <class Indexer>
class IndexTask : public PlanTask<Indexer> {
public:
  using PlanTask<Indexer>::PlanTask;
  ewald_indexer_params params{};
  uint32_t images = 0, cell_count = 0;
  bool names_only = false;
  // Indices in `buffers`.
  enum { spots, offsets, cells, found, results, assignment };

protected:
  int32_t work() override {
    const auto at = [&](size_t index) { return static_cast<void*>(this->buffers[index].data()); };
    const auto call = [&](auto function) {
      return function(params, static_cast<float*>(at(spots)), static_cast<uint32_t*>(at(offsets)), images,
                      static_cast<float*>(at(cells)), cell_count, static_cast<ewald_indexed_cell*>(at(found)),
                      static_cast<ewald_image_result*>(at(results)), static_cast<uint8_t*>(at(assignment)));
    };
    if constexpr (requires { &Indexer::named; })
      if (names_only) return call([&](auto&&... arguments) { return this->plan->named(arguments...); });
    return call([&](auto&&... arguments) { return this->plan->run(arguments...); });
  }
};

// indexerStage(indexer, stage) -> Uint8Array, the records of a stage; not during a run
template <class Indexer>
Napi::Value indexer_stage(const CallbackInfo& info) {
  const auto indexer = idle<Indexer>(info, "its stages are available when it has finished");
  const uint32_t stage = uint32_of(info, 1);
  size_t bytes = 0;
  check(info.Env(), indexer->stage(stage, nullptr, 0, &bytes));
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), bytes);
  check(info.Env(), indexer->stage(stage, records.Data(), bytes, &bytes));
  return records;
}

// indexerRun(indexer, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>:
// the sizes and arrays of a run, for an indexer that accepts it.
template <class Indexer>
Napi::Value start_indexing(const CallbackInfo& info, std::shared_ptr<Indexer> indexer, bool names_only = false) {
  const Napi::Env env = info.Env();
  const uint32_t images = uint32_of(info, 4), cell_count = uint32_of(info, 6);
  const auto params = struct_of<ewald_indexer_params>(info, 1);
  const size_t spots = elements<uint32_t>(info, 3, size_t(images) + 1)[images];
  const uint32_t max_output_cells = indexer->made().max_output_cells;
  auto task = std::make_unique<IndexTask<Indexer>>(std::move(indexer));
  task->params = params;
  task->images = images;
  task->names_only = names_only;
  task->cell_count = cell_count;
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(6);
  take(2, spots * 3 * sizeof(float), false);
  take(3, (size_t(images) + 1) * sizeof(uint32_t), false);
  take(5, size_t(cell_count) * 9 * sizeof(float), false);
  take(7, size_t(images) * max_output_cells * sizeof(ewald_indexed_cell), true);
  take(8, images * sizeof(ewald_image_result), true);
  take(9, spots, true);
  return Task::start(env, std::move(task));
}

}  // namespace ewald::addon
