// Bindings of the search with few spots in cpp/indexing.
#include "addon/plan.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Few {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x72652d6665773031ULL};
  static constexpr const char* what = "the indexer of few spots";
  ewald_few* handle = nullptr;
  uint32_t running = 0;
  ~Few() { ewald_few_destroy(handle); }
  using Run = HostRun;
};

class FewTask : public PlanTask<Few> {
public:
  using PlanTask<Few>::PlanTask;
  ewald_few_params params{};
  uint32_t images = 0, cell_count = 0;
  // Indices in `buffers`.
  enum { spots, offsets, wavelengths, cells, found, results, assignment };

protected:
  int32_t work() override {
    const auto at = [&](size_t index) { return static_cast<void*>(buffers[index].data()); };
    return ewald_few_run(plan->handle, &params, static_cast<float*>(at(spots)), static_cast<uint32_t*>(at(offsets)),
                         static_cast<float*>(at(wavelengths)), images, static_cast<float*>(at(cells)), cell_count,
                         static_cast<ewald_indexed_cell*>(at(found)), static_cast<ewald_image_result*>(at(results)),
                         static_cast<uint8_t*>(at(assignment)));
  }
};

// fewCreate(threads) -> External
Napi::Value few_create(const CallbackInfo& info) {
  auto few = std::make_shared<Few>();
  check(info.Env(), ewald_few_create(uint32_of(info, 0), &few->handle));
  return handle(info.Env(), few);
}

Napi::Value few_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_few_bytes(idle<Few>(info)->handle)));
}

// fewDestroy(few): a second call is a no-op. An active run keeps it until it is done.
void few_destroy(const CallbackInfo& info) { slot_of<Few>(info).reset(); }

// fewRun(few, params, spots, offsets, wavelengths, images, cells, cellCount, found, results, assignment)
// -> Promise<void>; one run at a time
Napi::Value few_run(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t images = uint32_of(info, 5), cell_count = uint32_of(info, 7);
  const auto params = struct_of<ewald_few_params>(info, 1);
  const size_t spots = elements<uint32_t>(info, 3, size_t(images) + 1)[images];
  auto task = std::make_unique<FewTask>(idle<Few>(info));
  task->params = params;
  task->images = images;
  task->cell_count = cell_count;
  const auto take = [&](size_t index, size_t bytes, bool written) {
    task->buffers.emplace_back(env, info[index], view_at(info, index, bytes), written);
  };
  task->buffers.reserve(7);
  take(2, spots * 3 * sizeof(float), false);
  take(3, (size_t(images) + 1) * sizeof(uint32_t), false);
  take(4, size_t(images) * sizeof(float), false);
  take(6, size_t(cell_count) * 9 * sizeof(float), false);
  take(8, size_t(images) * params.max_output_cells * sizeof(ewald_indexed_cell), true);
  take(9, images * sizeof(ewald_image_result), true);
  take(10, spots, true);
  return Task::start(env, std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("fewCreate", Napi::Function::New(env, few_create, "fewCreate"));
  exports.Set("fewBytes", Napi::Function::New(env, few_bytes, "fewBytes"));
  exports.Set("fewRun", Napi::Function::New(env, few_run, "fewRun"));
  exports.Set("fewDestroy", Napi::Function::New(env, few_destroy, "fewDestroy"));
});

}  // namespace
}  // namespace ewald::addon
