// Bindings of cuda/indexing.
#include "addon/indexing.h"

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

  using Run = DeviceTask;
  const ewald_indexer_descriptor& made() const { return info.descriptor; }
  int32_t stage(uint32_t number, uint8_t* into, size_t room, size_t* bytes) {
    return ewald_cuda_indexer_stage(handle, number, into, room, bytes);
  }
  template <class... Arguments>
  int32_t run(const ewald_indexer_params& params, Arguments... arguments) {
    return ewald_cuda_indexer_run(handle, &params, arguments...);
  }
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
// indexerBytes(handle) -> { device, host, lanes }; host bytes are page-locked
Napi::Value indexerBytes(const CallbackInfo& info) {
  const auto& indexer = slot_of<Indexer>(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", indexer ? double(indexer->info.device_bytes) : 0.0);
  bytes.Set("host", indexer ? double(indexer->info.host_bytes) : 0.0);
  bytes.Set("lanes", indexer ? double(indexer->info.lanes) : 0.0);
  return bytes;
}

// indexerDestroy(handle): a second call is a no-op. An active run keeps the indexer until it is done.
void indexerDestroy(const CallbackInfo& info) { slot_of<Indexer>(info).reset(); }

// See start_indexing; the number of simultaneous runs is that of the lanes. Copies between the caller's arrays and
// page-locked memory are done on the run's thread of the pool.
Napi::Value indexerRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto indexer = alive<Indexer>(info);
  const ewald_cuda_indexer_info& made = indexer->info;
  if (indexer->running >= made.lanes)
    throw argument_error(env, "the CUDA indexer is running; runs at a time: " + std::to_string(made.lanes));
  const uint32_t images = uint32_of(info, 4), cellCount = uint32_of(info, 6);
  if (images > made.descriptor.batch) {
    throw core_error(env, EWALD_STATUS_LIMIT,
                     std::to_string(images) + " images; the indexer was created for at most " +
                         std::to_string(made.descriptor.batch) + " per run");
  }
  if (cellCount < 1 || cellCount > made.descriptor.max_input_cells) {
    throw core_error(
        env, EWALD_STATUS_LIMIT,
        std::to_string(cellCount) + " known cells; expected 1 to " + std::to_string(made.descriptor.max_input_cells));
  }
  const uint64_t count = elements<uint32_t>(info, 3, size_t(images) + 1)[images];
  if (count > made.max_batch_spots) {
    throw core_error(
        env, EWALD_STATUS_LIMIT,
        std::to_string(count) +
            " spots; the indexer was created for at most " + std::to_string(made.max_batch_spots) + " per run");
  }
  return start_indexing(info, indexer);
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("indexerCreate", Napi::Function::New(env, indexerCreate, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexerBytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexerRun, "indexerRun"));
  exports.Set("indexerStage", Napi::Function::New(env, indexer_stage<Indexer>, "indexerStage"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexerDestroy, "indexerDestroy"));
});

}  // namespace
}  // namespace ewald::addon
