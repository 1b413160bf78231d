// The CUDA addon: hands buffers to the C ABI of common/ewald_cuda.h, runs it off the main thread, turns statuses into
// errors. No logic lives here. Compiled against the emulator it also exports what tests need (emulated.cpp).
#include "addon/room.h"
#include "handles.h"

namespace {

using namespace ewald::addon;

Napi::Object describe(Napi::Env env, const ewald_cuda_device_info& device) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", device.index);
  object.Set("name", device.name);
  object.Set("computeCapability", std::to_string(device.compute_major) + "." + std::to_string(device.compute_minor));
  object.Set("multiprocessors", device.multiprocessors);
  object.Set("totalBytes", double(device.total_bytes));
  object.Set("freeBytes", double(device.free_bytes));
  object.Set("driverVersion", device.driver_version);
  object.Set("runtimeVersion", device.runtime_version);
  return object;
}

// probe() -> { compiled, devices, driverVersion, runtimeVersion, message }; throws never: what is wrong is the message.
Napi::Value probe(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t count = 0, driver = 0, runtime = 0;
  const int32_t status = ewald_cuda_probe(&count, &driver, &runtime);
  std::string message = ewald_cuda_last_error();
  Napi::Array devices = Napi::Array::New(env);
  for (int32_t i = 0; status == EWALD_STATUS_OK && i < count; ++i) {
    ewald_cuda_device_info device;
    if (ewald_cuda_device(i, &device) == EWALD_STATUS_OK)
      devices.Set(devices.Length(), describe(env, device));
    else
      message = ewald_cuda_last_error();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("compiled", true);
  result.Set("devices", devices);
  result.Set("driverVersion", driver);
  result.Set("runtimeVersion", runtime);
  result.Set("message", message);
  return result;
}

// open(deviceIndex = 0) -> handle
Napi::Value open(const CallbackInfo& info) {
  auto context = std::make_shared<Context>();
  check(info.Env(),
        ewald_cuda_open(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0, &context->handle));
  auto external = Napi::External<SharedContext>::New(info.Env(), new SharedContext(std::move(context)),
                                                     [](Napi::Env, SharedContext* slot) { delete slot; });
  external.TypeTag(&kContextTag);
  return external;
}

// close(handle): twice is a no-op. Runs under way keep the device until they are done.
void close(const CallbackInfo& info) { slotOf(info).reset(); }

// liveBytes(handle) -> number; 0 once closed
Napi::Value liveBytes(const CallbackInfo& info) {
  const SharedContext& context = slotOf(info);
  return Napi::Number::New(info.Env(), context ? double(ewald_cuda_live_bytes(context->handle)) : 0.0);
}

// info(handle) -> the device, with the memory free now
Napi::Value deviceInfo(const CallbackInfo& info) {
  ewald_cuda_device_info device;
  check(info.Env(), ewald_cuda_info(contextOf(info)->handle, &device));
  return describe(info.Env(), device);
}

class PiTask : public Task {
public:
  PiTask(Napi::Env env, SharedContext context, const ewald_pi_params& params)
      : Task(env, std::move(context)), params_(params) {}

protected:
  int32_t work(ewald_cuda_context* context) override { return ewald_cuda_pi_count(context, &params_, &hits_); }
  Napi::Value answer(Napi::Env env) override { return Napi::BigInt::New(env, hits_); }

private:
  ewald_pi_params params_;
  uint64_t hits_ = 0;
};

// piCount(handle, params: Uint8Array | ArrayBuffer) -> Promise<bigint>
Napi::Value piCount(const CallbackInfo& info) {
  return (new PiTask(info.Env(), contextOf(info), structOf<ewald_pi_params>(info, 1)))->start();
}

// An indexer shared by its JavaScript handle and the run under way. The context is kept until the indexer is gone.
struct Indexer {
  explicit Indexer(SharedContext owner) : context(std::move(owner)) {}
  SharedContext context;
  ewald_cuda_indexer* handle = nullptr;
  ewald_cuda_staging staging{};
  bool busy = false;
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;
  ~Indexer() { ewald_cuda_indexer_destroy(handle); }
};
using SharedIndexer = std::shared_ptr<Indexer>;
constexpr napi_type_tag kIndexerTag = {0x6577616c642d6375ULL, 0x64612d696e646578ULL};

class IndexerCreateTask : public Task {
public:
  IndexerCreateTask(Napi::Env env, SharedContext context, const ewald_indexer_descriptor& descriptor,
                    uint64_t maxBatchSpots)
      : Task(env, context),
        indexer_(std::make_shared<Indexer>(std::move(context))),
        descriptor_(descriptor),
        maxBatchSpots_(maxBatchSpots) {}

protected:
  int32_t work(ewald_cuda_context* context) override {
    const int32_t status = ewald_cuda_indexer_create(context, &descriptor_, maxBatchSpots_, &indexer_->handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_indexer_staging(indexer_->handle, &indexer_->staging);
    return status;
  }
  Napi::Value answer(Napi::Env env) override {
    auto external = Napi::External<SharedIndexer>::New(env, new SharedIndexer(std::move(indexer_)),
                                                       [](Napi::Env, SharedIndexer* slot) { delete slot; });
    external.TypeTag(&kIndexerTag);
    return external;
  }

private:
  SharedIndexer indexer_;
  ewald_indexer_descriptor descriptor_;
  uint64_t maxBatchSpots_;
};

SharedIndexer& indexerSlotOf(const CallbackInfo& info) {
  if (!info[0].IsExternal() || !info[0].As<Napi::External<SharedIndexer>>().CheckTypeTag(&kIndexerTag)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument 0 is not a CUDA indexer");
  }
  return *info[0].As<Napi::External<SharedIndexer>>().Data();
}

template <class T>
constexpr napi_typedarray_type kArrayType = napi_uint8_array;
template <>
constexpr napi_typedarray_type kArrayType<float> = napi_float32_array;
template <>
constexpr napi_typedarray_type kArrayType<uint32_t> = napi_uint32_array;

// Argument `index` as a typed array of T with at least `needed` elements.
template <class T>
Napi::TypedArrayOf<T> arrayOf(const CallbackInfo& info, size_t index, size_t needed) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != kArrayType<T>) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " is not a typed array of the right type");
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  if (array.ElementLength() < needed) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(array.ElementLength()) +
                        " elements, needed are " + std::to_string(needed));
  }
  return array;
}

// Outputs are copied on the main thread when the run is over, so that nobody sees half of them, and only what was asked
// for.
class IndexerRunTask : public Task {
public:
  IndexerRunTask(Napi::Env env, SharedIndexer indexer, const ewald_indexer_params& params, uint32_t images,
                 uint32_t cells, const Napi::TypedArrayOf<uint8_t>& found, const Napi::TypedArrayOf<uint8_t>& results,
                 const Napi::TypedArrayOf<uint8_t>& assignment)
      : Task(env, indexer->context),
        indexer_(std::move(indexer)),
        params_(params),
        images_(images),
        cells_(cells),
        found_(keep(found)),
        results_(keep(results)),
        assignment_(keep(assignment)) {
    indexer_->busy = true;
  }

protected:
  int32_t work(ewald_cuda_context*) override {
    return ewald_cuda_indexer_run(indexer_->handle, &params_, images_, cells_);
  }
  Napi::Value answer(Napi::Env env) override {
    copy(found_, indexer_->staging.found);
    copy(results_, indexer_->staging.results);
    copy(assignment_, indexer_->staging.assignment);
    return env.Undefined();
  }
  void OnOK() override {
    indexer_->busy = false;
    Task::OnOK();
  }

private:
  using Kept = Napi::Reference<Napi::TypedArrayOf<uint8_t>>;
  static Kept keep(const Napi::TypedArrayOf<uint8_t>& array) { return Napi::Persistent(array); }
  // An array that was transferred away meanwhile has no length left.
  static void copy(const Kept& to, const void* from) {
    Napi::TypedArrayOf<uint8_t> array = to.Value();
    if (array.ByteLength() > 0) std::memcpy(array.Data(), from, array.ByteLength());
  }
  SharedIndexer indexer_;
  ewald_indexer_params params_;
  uint32_t images_, cells_;
  Kept found_, results_, assignment_;
};

// indexerCreate(context, descriptor, maxBatchSpots) -> Promise<handle>
Napi::Value indexerCreate(const CallbackInfo& info) {
  const double spots = info[2].IsNumber() ? info[2].As<Napi::Number>().DoubleValue() : 0;
  return (new IndexerCreateTask(info.Env(), contextOf(info), structOf<ewald_indexer_descriptor>(info, 1),
                                spots > 0 ? uint64_t(spots) : 0))
      ->start();
}

// indexerBytes(handle) -> { device, host }; the host's are page-locked
Napi::Value indexerBytes(const CallbackInfo& info) {
  const SharedIndexer& indexer = indexerSlotOf(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", indexer ? double(indexer->staging.device_bytes) : 0.0);
  bytes.Set("host", indexer ? double(indexer->staging.host_bytes) : 0.0);
  return bytes;
}

// indexerStage(handle, stage) -> Uint8Array, the records of a stage; not while a run is under way
Napi::Value indexerStage(const CallbackInfo& info) {
  const SharedIndexer& indexer = indexerSlotOf(info);
  if (!indexer) throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "the CUDA indexer was destroyed");
  if (indexer->busy)
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "the CUDA indexer is running; its stages are there when it is done");
  const uint32_t stage = info[1].As<Napi::Number>().Uint32Value();
  size_t bytes = 0;
  check(info.Env(), ewald_cuda_indexer_stage(indexer->handle, stage, nullptr, 0, &bytes));
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), bytes);
  check(info.Env(), ewald_cuda_indexer_stage(indexer->handle, stage, records.Data(), bytes, &bytes));
  return records;
}

// indexerDestroy(handle): twice is a no-op. A run under way keeps the indexer until it is done.
void indexerDestroy(const CallbackInfo& info) { indexerSlotOf(info).reset(); }

// indexerRun(handle, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>;
// one run at a time
Napi::Value indexerRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SharedIndexer indexer = indexerSlotOf(info);
  if (!indexer) throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the CUDA indexer was destroyed");
  if (indexer->busy)
    throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the CUDA indexer is running; one run at a time");
  const auto params = structOf<ewald_indexer_params>(info, 1);
  const ewald_cuda_staging& staging = indexer->staging;
  const uint32_t images = info[4].As<Napi::Number>().Uint32Value(),
                 cellCount = info[6].As<Napi::Number>().Uint32Value();
  if (images > staging.descriptor.batch) {
    throw cudaError(env, EWALD_STATUS_LIMIT,
                    std::to_string(images) + " images, the indexer was made for " +
                        std::to_string(staging.descriptor.batch) + " a run");
  }
  if (cellCount < 1 || cellCount > staging.descriptor.max_input_cells) {
    throw cudaError(
        env, EWALD_STATUS_LIMIT,
        std::to_string(cellCount) + " known cells, must be 1 to " + std::to_string(staging.descriptor.max_input_cells));
  }
  const auto offsets = arrayOf<uint32_t>(info, 3, size_t(images) + 1);
  const uint64_t count = offsets.Data()[images];
  if (count > staging.max_batch_spots) {
    throw cudaError(env, EWALD_STATUS_LIMIT,
                    std::to_string(count) + " spots, the indexer was made for " +
                        std::to_string(staging.max_batch_spots) + " a run");
  }
  const auto spots = arrayOf<float>(info, 2, 3 * size_t(count));
  const auto cells = arrayOf<float>(info, 5, 9 * size_t(cellCount));
  const size_t cellBytes = size_t(images) * staging.descriptor.max_output_cells * sizeof(ewald_indexed_cell);
  const auto found = arrayOf<uint8_t>(info, 7, cellBytes),
             results = arrayOf<uint8_t>(info, 8, size_t(images) * sizeof(ewald_image_result));
  const auto assignment = arrayOf<uint8_t>(info, 9, size_t(count));
  if (found.ByteLength() != cellBytes || results.ByteLength() != images * sizeof(ewald_image_result) ||
      assignment.ByteLength() != count) {
    throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the outputs are larger than this run's results");
  }
  if (count) std::memcpy(staging.spots, spots.Data(), size_t(count) * 12);
  std::memcpy(staging.offsets, offsets.Data(), (size_t(images) + 1) * 4);
  std::memcpy(staging.cells, cells.Data(), size_t(cellCount) * 36);
  return (new IndexerRunTask(env, indexer, params, images, cellCount, found, results, assignment))->start();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", EWALD_ABI_VERSION);
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("close", Napi::Function::New(env, close, "close"));
  exports.Set("liveBytes", Napi::Function::New(env, liveBytes, "liveBytes"));
  exports.Set("info", Napi::Function::New(env, deviceInfo, "info"));
  exports.Set("piCount", Napi::Function::New(env, piCount, "piCount"));
  exports.Set("indexerCreate", Napi::Function::New(env, indexerCreate, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexerBytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexerRun, "indexerRun"));
  exports.Set("indexerStage", Napi::Function::New(env, indexerStage, "indexerStage"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexerDestroy, "indexerDestroy"));
  Room::bind_all(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
