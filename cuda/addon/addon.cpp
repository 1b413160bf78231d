// The CUDA addon: hands buffers to the C ABI of common/ewald_cuda.h, runs it off the main thread, turns statuses into errors. No logic
// lives here. Compiled against the emulator it also exports what tests need (emulated.cpp).
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>

#include "ewald_cuda.h"

#ifdef EWALD_CUDA_EMULATED
void addEmulatorExports(Napi::Env env, Napi::Object exports);
#endif

namespace {

using Napi::CallbackInfo;

// A failure as JavaScript sees it: an Error with { status, message }.
Napi::Error cudaError(Napi::Env env, int32_t status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message.empty() ? "the CUDA wing gave no message" : message);
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

void check(Napi::Env env, int32_t status) {
  if (status != EWALD_STATUS_OK) throw cudaError(env, status, ewald_cuda_last_error());
}

// A context shared by its JavaScript handle and the runs under way: the last one to let go closes it, so that close() never waits on
// the main thread.
struct Context {
  ewald_cuda_context* handle = nullptr;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ewald_cuda_close(handle); }
};
using SharedContext = std::shared_ptr<Context>;
constexpr napi_type_tag kContextTag = {0x6577616c642d6375ULL, 0x64612d636f6e7478ULL};

SharedContext& slotOf(const CallbackInfo& info) {
  if (!info[0].IsExternal() || !info[0].As<Napi::External<SharedContext>>().CheckTypeTag(&kContextTag)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument 0 is not a CUDA context");
  }
  return *info[0].As<Napi::External<SharedContext>>().Data();
}
SharedContext contextOf(const CallbackInfo& info) {
  const SharedContext context = slotOf(info);
  if (!context) throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "the CUDA context was closed");
  return context;
}

// Argument `index` as the bytes of one T, copied: JavaScript may change its buffer while the run goes on.
template <class T>
T structOf(const CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  if (value.IsTypedArray()) {
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    data = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    bytes = array.ByteLength();
  } else if (value.IsArrayBuffer()) {
    Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
    data = static_cast<const uint8_t*>(buffer.Data());
    bytes = buffer.ByteLength();
  } else {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument " + std::to_string(index) + " is neither a typed array nor an ArrayBuffer");
  }
  if (bytes < sizeof(T)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(bytes) + " bytes, needed are " + std::to_string(sizeof(T)));
  }
  T result;
  std::memcpy(&result, data, sizeof result);
  return result;
}

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
    if (ewald_cuda_device(i, &device) == EWALD_STATUS_OK) devices.Set(devices.Length(), describe(env, device));
    else message = ewald_cuda_last_error();
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
  check(info.Env(), ewald_cuda_open(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0, &context->handle));
  auto external = Napi::External<SharedContext>::New(info.Env(), new SharedContext(std::move(context)), [](Napi::Env, SharedContext* slot) { delete slot; });
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

// A run on a thread of Node's pool, as a promise.
class Task : public Napi::AsyncWorker {
 public:
  Task(Napi::Env env, SharedContext context)
      : Napi::AsyncWorker(env, "ewald_cuda"), context_(std::move(context)), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise start() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  virtual int32_t work(ewald_cuda_context* context) = 0;
  virtual Napi::Value answer(Napi::Env env) = 0;

  void Execute() override {
    status_ = work(context_->handle);
    // The message is kept per thread: fetch it where it was set.
    if (status_ != EWALD_STATUS_OK) message_ = ewald_cuda_last_error();
    // If the handle was closed meanwhile this is the last holder: let go here, where waiting for the device blocks nobody.
    context_.reset();
  }
  void OnOK() override {
    if (status_ == EWALD_STATUS_OK) deferred_.Resolve(answer(Env()));
    else deferred_.Reject(cudaError(Env(), status_, message_).Value());
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  SharedContext context_;
  Napi::Promise::Deferred deferred_;
  int32_t status_ = EWALD_STATUS_OK;
  std::string message_;
};

class PiTask : public Task {
 public:
  PiTask(Napi::Env env, SharedContext context, const ewald_pi_params& params) : Task(env, std::move(context)), params_(params) {}

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
  IndexerCreateTask(Napi::Env env, SharedContext context, const ewald_indexer_descriptor& descriptor, uint64_t maxBatchSpots)
      : Task(env, context), indexer_(std::make_shared<Indexer>(std::move(context))), descriptor_(descriptor), maxBatchSpots_(maxBatchSpots) {}

 protected:
  int32_t work(ewald_cuda_context* context) override {
    const int32_t status = ewald_cuda_indexer_create(context, &descriptor_, maxBatchSpots_, &indexer_->handle);
    if (status == EWALD_STATUS_OK) ewald_cuda_indexer_staging(indexer_->handle, &indexer_->staging);
    return status;
  }
  Napi::Value answer(Napi::Env env) override {
    auto external = Napi::External<SharedIndexer>::New(env, new SharedIndexer(std::move(indexer_)), [](Napi::Env, SharedIndexer* slot) { delete slot; });
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
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument " + std::to_string(index) + " is not a typed array of the right type");
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  if (array.ElementLength() < needed) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(array.ElementLength()) + " elements, needed are " + std::to_string(needed));
  }
  return array;
}

// Outputs are copied on the main thread when the run is over, so that nobody sees half of them, and only what was asked for.
class IndexerRunTask : public Task {
 public:
  IndexerRunTask(Napi::Env env, SharedIndexer indexer, const ewald_indexer_params& params, uint32_t images, uint32_t cells,
                 const Napi::TypedArrayOf<uint8_t>& found, const Napi::TypedArrayOf<uint8_t>& results, const Napi::TypedArrayOf<uint8_t>& assignment)
      : Task(env, indexer->context), indexer_(std::move(indexer)), params_(params), images_(images), cells_(cells), found_(keep(found)), results_(keep(results)),
        assignment_(keep(assignment)) {
    indexer_->busy = true;
  }

 protected:
  int32_t work(ewald_cuda_context*) override { return ewald_cuda_indexer_run(indexer_->handle, &params_, images_, cells_); }
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
  return (new IndexerCreateTask(info.Env(), contextOf(info), structOf<ewald_indexer_descriptor>(info, 1), spots > 0 ? uint64_t(spots) : 0))->start();
}

// indexerBytes(handle) -> { device, host }; the host's are page-locked
Napi::Value indexerBytes(const CallbackInfo& info) {
  const SharedIndexer& indexer = indexerSlotOf(info);
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("device", indexer ? double(indexer->staging.device_bytes) : 0.0);
  bytes.Set("host", indexer ? double(indexer->staging.host_bytes) : 0.0);
  return bytes;
}

// indexerDestroy(handle): twice is a no-op. A run under way keeps the indexer until it is done.
void indexerDestroy(const CallbackInfo& info) { indexerSlotOf(info).reset(); }

// indexerRun(handle, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>; one run at a time
Napi::Value indexerRun(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SharedIndexer indexer = indexerSlotOf(info);
  if (!indexer) throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the CUDA indexer was destroyed");
  if (indexer->busy) throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the CUDA indexer is running; one run at a time");
  const auto params = structOf<ewald_indexer_params>(info, 1);
  const ewald_cuda_staging& staging = indexer->staging;
  const uint32_t images = info[4].As<Napi::Number>().Uint32Value(), cellCount = info[6].As<Napi::Number>().Uint32Value();
  if (images > staging.descriptor.batch) {
    throw cudaError(env, EWALD_STATUS_LIMIT, std::to_string(images) + " images, the indexer was made for " + std::to_string(staging.descriptor.batch) + " a run");
  }
  if (cellCount < 1 || cellCount > staging.descriptor.max_input_cells) {
    throw cudaError(env, EWALD_STATUS_LIMIT, std::to_string(cellCount) + " known cells, must be 1 to " + std::to_string(staging.descriptor.max_input_cells));
  }
  const auto offsets = arrayOf<uint32_t>(info, 3, size_t(images) + 1);
  const uint64_t count = offsets.Data()[images];
  if (count > staging.max_batch_spots) {
    throw cudaError(env, EWALD_STATUS_LIMIT, std::to_string(count) + " spots, the indexer was made for " + std::to_string(staging.max_batch_spots) + " a run");
  }
  const auto spots = arrayOf<float>(info, 2, 3 * size_t(count));
  const auto cells = arrayOf<float>(info, 5, 9 * size_t(cellCount));
  const size_t cellBytes = size_t(images) * staging.descriptor.max_output_cells * sizeof(ewald_indexed_cell);
  const auto found = arrayOf<uint8_t>(info, 7, cellBytes), results = arrayOf<uint8_t>(info, 8, size_t(images) * sizeof(ewald_image_result));
  const auto assignment = arrayOf<uint8_t>(info, 9, size_t(count));
  if (found.ByteLength() != cellBytes || results.ByteLength() != images * sizeof(ewald_image_result) || assignment.ByteLength() != count) {
    throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the outputs are larger than this run's results");
  }
  if (count) std::memcpy(staging.spots, spots.Data(), size_t(count) * 12);
  std::memcpy(staging.offsets, offsets.Data(), (size_t(images) + 1) * 4);
  std::memcpy(staging.cells, cells.Data(), size_t(cellCount) * 36);
  return (new IndexerRunTask(env, indexer, params, images, cellCount, found, results, assignment))->start();
}

// A transform shared by its JavaScript handle and the runs under way.
struct Fft {
  explicit Fft(SharedContext owner) : context(std::move(owner)) {}
  SharedContext context;
  ewald_cuda_fft* handle = nullptr;
  ewald_cuda_fft_info info{};
  size_t number = 4;  // bytes of a real number
  Fft(const Fft&) = delete;
  Fft& operator=(const Fft&) = delete;
  ~Fft() { ewald_cuda_fft_destroy(handle); }
};
using SharedFft = std::shared_ptr<Fft>;
constexpr napi_type_tag kFftTag = {0x6577616c642d6375ULL, 0x64612d6666740000ULL};

class FftCreateTask : public Task {
 public:
  FftCreateTask(Napi::Env env, SharedContext context, const ewald_fft_descriptor& descriptor)
      : Task(env, context), fft_(std::make_shared<Fft>(std::move(context))), descriptor_(descriptor) {}

 protected:
  int32_t work(ewald_cuda_context* context) override {
    const int32_t status = ewald_cuda_fft_describe(context, &descriptor_, &fft_->info);
    if (status != EWALD_STATUS_OK) return status;
    fft_->number = descriptor_.precision == EWALD_FFT_PRECISION_F64 ? 8 : 4;
    return ewald_cuda_fft_create(context, &descriptor_, &fft_->handle);
  }
  Napi::Value answer(Napi::Env env) override {
    auto external = Napi::External<SharedFft>::New(env, new SharedFft(std::move(fft_)), [](Napi::Env, SharedFft* slot) { delete slot; });
    external.TypeTag(&kFftTag);
    return external;
  }

 private:
  SharedFft fft_;
  ewald_fft_descriptor descriptor_;
};

SharedFft& fftSlotOf(const CallbackInfo& info) {
  if (!info[0].IsExternal() || !info[0].As<Napi::External<SharedFft>>().CheckTypeTag(&kFftTag)) {
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument 0 is not a CUDA transform");
  }
  return *info[0].As<Napi::External<SharedFft>>().Data();
}

// The arrays are kept from being collected; their owner leaves them alone until the run is over.
class FftTask : public Task {
 public:
  FftTask(Napi::Env env, SharedFft fft, uint32_t direction, const Napi::TypedArray& in, const Napi::TypedArray& out, uint32_t scale)
      : Task(env, fft->context), fft_(std::move(fft)), direction_(direction), scale_(scale), in_(bytesOf(in)), out_(bytesOf(out)),
        keepIn_(Napi::Persistent(in.As<Napi::Object>())), keepOut_(Napi::Persistent(out.As<Napi::Object>())) {}

 protected:
  int32_t work(ewald_cuda_context*) override { return ewald_cuda_fft_execute(fft_->handle, direction_, in_, out_, scale_); }
  Napi::Value answer(Napi::Env env) override { return env.Undefined(); }

 private:
  static void* bytesOf(const Napi::TypedArray& array) { return static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(); }
  SharedFft fft_;
  uint32_t direction_, scale_;
  const void* in_;
  void* out_;
  Napi::ObjectReference keepIn_, keepOut_;
};

// fftCreate(context, descriptor) -> Promise<handle>
Napi::Value fftCreate(const CallbackInfo& info) {
  return (new FftCreateTask(info.Env(), contextOf(info), structOf<ewald_fft_descriptor>(info, 1)))->start();
}

// fftDescribe(context, descriptor) -> { bytes, passes, bytesRead, bytesWritten }; the last three forward and backward. Makes nothing.
Napi::Value fftDescribe(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto descriptor = structOf<ewald_fft_descriptor>(info, 1);
  ewald_cuda_fft_info described;
  check(env, ewald_cuda_fft_describe(contextOf(info)->handle, &descriptor, &described));
  const auto both = [&](const auto (&values)[2]) {
    Napi::Array pair = Napi::Array::New(env, 2);
    for (uint32_t d = 0; d < 2; ++d) pair.Set(d, double(values[d]));
    return pair;
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("bytes", double(described.device_bytes));
  result.Set("passes", both(described.passes));
  result.Set("bytesRead", both(described.bytes_read));
  result.Set("bytesWritten", both(described.bytes_written));
  return result;
}

// fftDestroy(handle): twice is a no-op. Runs under way keep the transform until they are done.
void fftDestroy(const CallbackInfo& info) { fftSlotOf(info).reset(); }

// fftExecute(handle, direction, input, output, scale) -> Promise<void>
Napi::Value fftExecute(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SharedFft fft = fftSlotOf(info);
  if (!fft) throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT, "the CUDA transform was destroyed");
  const uint32_t direction = info[1].As<Napi::Number>().Uint32Value(), scale = info[4].As<Napi::Number>().Uint32Value();
  const bool forward = direction == EWALD_FFT_DIRECTION_FORWARD;
  const uint64_t needed[2] = {forward ? fft->info.input_bytes : fft->info.output_bytes, forward ? fft->info.output_bytes : fft->info.input_bytes};
  for (size_t i = 0; i < 2; ++i) {
    const Napi::Value value = info[2 + i];
    const bool right = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == (fft->number == 8 ? napi_float64_array : napi_float32_array);
    if (!right || value.As<Napi::TypedArray>().ByteLength() < needed[i]) {
      throw cudaError(env, EWALD_STATUS_INVALID_ARGUMENT,
                      "argument " + std::to_string(2 + i) + " is not a Float" + std::to_string(8 * fft->number) + "Array of " + std::to_string(needed[i]) + " bytes");
    }
  }
  return (new FftTask(env, fft, direction, info[2].As<Napi::TypedArray>(), info[3].As<Napi::TypedArray>(), scale))->start();
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
  exports.Set("indexerDestroy", Napi::Function::New(env, indexerDestroy, "indexerDestroy"));
  exports.Set("fftCreate", Napi::Function::New(env, fftCreate, "fftCreate"));
  exports.Set("fftDescribe", Napi::Function::New(env, fftDescribe, "fftDescribe"));
  exports.Set("fftExecute", Napi::Function::New(env, fftExecute, "fftExecute"));
  exports.Set("fftDestroy", Napi::Function::New(env, fftDestroy, "fftDestroy"));
#ifdef EWALD_CUDA_EMULATED
  addEmulatorExports(env, exports);
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
