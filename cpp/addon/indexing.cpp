// Bindings of cpp/indexing.
#include "addon/indexing.h"

#include "addon/room.h"

namespace ewald::addon {
namespace {

struct Indexer {
  static constexpr napi_type_tag tag = {0x6577616c642d636fULL, 0x72652d696e646578ULL};
  static constexpr const char* what = "the indexer";
  ewald_indexer* handle = nullptr;
  ewald_indexer_descriptor descriptor{};
  uint32_t running = 0;
  ~Indexer() { ewald_indexer_destroy(handle); }

  using Run = HostRun;
  const ewald_indexer_descriptor& made() const { return descriptor; }
  int32_t stage(uint32_t number, uint8_t* into, size_t room, size_t* bytes) {
    return ewald_indexer_stage(handle, number, into, room, bytes);
  }
  // Of one signature, so that its address can be asked for.
  int32_t named(const ewald_indexer_params& params, float* spots, uint32_t* offsets, uint32_t images, float* cells,
                uint32_t cell_count, ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment) {
    return ewald_indexer_name(handle, &params, spots, offsets, images, cells, cell_count, found, results, assignment);
  }
  template <class... Arguments>
  int32_t run(const ewald_indexer_params& params, Arguments... arguments) {
    return ewald_indexer_run(handle, &params, arguments...);
  }
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

// indexerDestroy(indexer): a second call is a no-op. An active run keeps the indexer until it is done.
void indexer_destroy(const CallbackInfo& info) { slot_of<Indexer>(info).reset(); }

// See start_indexing; one run at a time.
Napi::Value indexer_run(const CallbackInfo& info) { return start_indexing(info, idle<Indexer>(info)); }

// indexerName: the same arguments; names the axes of what another implementation has found
Napi::Value indexer_name(const CallbackInfo& info) { return start_indexing(info, idle<Indexer>(info), true); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("indexerCreate", Napi::Function::New(env, indexer_create, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexer_bytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexer_run, "indexerRun"));
  exports.Set("indexerName", Napi::Function::New(env, indexer_name, "indexerName"));
  exports.Set("indexerStage", Napi::Function::New(env, indexer_stage<Indexer>, "indexerStage"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexer_destroy, "indexerDestroy"));
});

}  // namespace
}  // namespace ewald::addon
