// The native addon: hands typed arrays to the C ABI, runs it off the main thread and turns statuses into errors. No
// logic lives here.
#include <cstring>

#include "addon/fft.h"
#include "addon/room.h"

namespace {

using namespace ewald::addon;

class PiTask : public Task {
public:
  PiTask(Napi::Env env, const ewald_pi_params& params) : Task(env, {}), params_(params) {}

protected:
  int32_t work() override { return ewald_pi_count(&params_, &hits_); }
  Napi::Value answer(Napi::Env env) override { return Napi::BigInt::New(env, hits_); }

private:
  ewald_pi_params params_;
  uint64_t hits_ = 0;
};

// piCount(params: Uint8Array) -> Promise<bigint>
Napi::Value pi_count(const CallbackInfo& info) {
  auto* task = new PiTask(info.Env(), *elements<ewald_pi_params>(info, 0, 1));
  const Napi::Promise promise = task->promise();
  task->Queue();
  return promise;
}

// An indexer shared by its JavaScript handle and the runs under way: the last one to let go destroys it.
struct Indexer {
  ewald_indexer* handle = nullptr;
  ewald_indexer_descriptor descriptor{};
  ~Indexer() { ewald_indexer_destroy(handle); }
};
using SharedIndexer = std::shared_ptr<Indexer>;

SharedIndexer& indexer_of(const CallbackInfo& info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "argument 0 is not an indexer");
  SharedIndexer& indexer = *info[0].As<Napi::External<SharedIndexer>>().Data();
  if (indexer == nullptr) throw Napi::Error::New(info.Env(), "the indexer was destroyed");
  return indexer;
}

// indexerCreate(descriptor: Uint8Array) -> External
Napi::Value indexer_create(const CallbackInfo& info) {
  auto indexer = std::make_shared<Indexer>();
  indexer->descriptor = *elements<ewald_indexer_descriptor>(info, 0, 1);
  check(info.Env(), ewald_indexer_create(&indexer->descriptor, &indexer->handle));
  return Napi::External<SharedIndexer>::New(info.Env(), new SharedIndexer(indexer),
                                            [](Napi::Env, SharedIndexer* shared) { delete shared; });
}

Napi::Value indexer_bytes(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ewald_indexer_bytes(indexer_of(info)->handle)));
}

void indexer_destroy(const CallbackInfo& info) { indexer_of(info).reset(); }

class IndexTask : public Task {
public:
  IndexTask(Napi::Env env, std::vector<Napi::ObjectReference> keep) : Task(env, std::move(keep)) {}
  SharedIndexer indexer;
  ewald_indexer_params params{};
  const float *spots = nullptr, *cells = nullptr;
  const uint32_t* offsets = nullptr;
  uint32_t images = 0, cell_count = 0;
  ewald_indexed_cell* found = nullptr;
  ewald_image_result* results = nullptr;
  uint8_t* assignment = nullptr;

protected:
  int32_t work() override {
    return ewald_indexer_run(indexer->handle, &params, spots, offsets, images, cells, cell_count, found, results,
                             assignment);
  }
};

// indexerRun(indexer, params, spots, offsets, images, cells, cellCount, found, results, assignment) -> Promise<void>
Napi::Value indexer_run(const CallbackInfo& info) {
  const SharedIndexer indexer = indexer_of(info);
  const uint32_t images = info[4].As<Napi::Number>().Uint32Value(),
                 cell_count = info[6].As<Napi::Number>().Uint32Value();
  std::vector<Napi::ObjectReference> keep;
  for (size_t i : {2, 3, 5, 7, 8, 9}) keep.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
  auto task = std::make_unique<IndexTask>(info.Env(), std::move(keep));
  task->indexer = indexer;
  task->params = *elements<ewald_indexer_params>(info, 1, 1);
  task->offsets = elements<uint32_t>(info, 3, size_t(images) + 1);
  const size_t spots = task->offsets[images];
  task->spots = elements<float>(info, 2, spots * 3);
  task->images = images;
  task->cells = elements<float>(info, 5, size_t(cell_count) * 9);
  task->cell_count = cell_count;
  task->found = elements<ewald_indexed_cell>(info, 7, size_t(images) * indexer->descriptor.max_output_cells);
  task->results = elements<ewald_image_result>(info, 8, images);
  task->assignment = elements<uint8_t>(info, 9, spots);
  const Napi::Promise promise = task->promise();
  task.release()->Queue();
  return promise;
}

// indexerStage(indexer, stage) -> Uint8Array, the records of a stage; not while a run is under way.
Napi::Value indexer_stage(const CallbackInfo& info) {
  const ewald_indexer* indexer = indexer_of(info)->handle;
  const uint32_t stage = info[1].As<Napi::Number>().Uint32Value();
  size_t bytes = 0;
  check(info.Env(), ewald_indexer_stage(indexer, stage, nullptr, 0, &bytes));
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), bytes);
  check(info.Env(), ewald_indexer_stage(indexer, stage, records.Data(), bytes, &bytes));
  return records;
}

// fftCreate(descriptor: Uint8Array) -> External
Napi::Value fft_create(const CallbackInfo& info) {
  auto fft = std::make_shared<Fft>();
  const ewald_fft_descriptor& descriptor = *elements<ewald_fft_descriptor>(info, 0, 1);
  check(info.Env(), ewald_fft_create(&descriptor, &fft->handle));
  size_t input = 0, output = 0, workspace = 0;
  check(info.Env(), ewald_fft_sizes(fft->handle, &input, &output, &workspace));
  set_bytes(*fft, descriptor, input, output, workspace);
  return fft_external(info.Env(), fft);
}

Napi::Value fft_bytes(const CallbackInfo& info) {
  const Fft& fft = *fft_of(info);
  return Napi::Number::New(info.Env(), double(fft.engine ? fft.engine->bytes : ewald_fft_bytes(fft.handle)));
}

// fftSizes(plan) -> [input, output, workspace] in elements
Napi::Value fft_sizes(const CallbackInfo& info) {
  const Fft& fft = *fft_of(info);
  size_t sizes[3] = {0, 0, 0};
  if (fft.engine)
    sizes[0] = fft.engine->input, sizes[1] = fft.engine->output, sizes[2] = fft.engine->workspace;
  else
    check(info.Env(), ewald_fft_sizes(fft.handle, &sizes[0], &sizes[1], &sizes[2]));
  Napi::Array array = Napi::Array::New(info.Env(), 3);
  for (uint32_t i = 0; i < 3; i++) array.Set(i, Napi::Number::New(info.Env(), double(sizes[i])));
  return array;
}

void fft_destroy(const CallbackInfo& info) { fft_of(info).reset(); }

// Memory of an array, shared by its JavaScript handle and the runs under way.
struct Memory {
  uint8_t* data;
  size_t bytes;
  explicit Memory(size_t size) : data(static_cast<uint8_t*>(ewald_alloc(size))), bytes(size) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ewald_free(data); }
};
using SharedMemory = std::shared_ptr<Memory>;

SharedMemory& memory_of(const CallbackInfo& info, size_t index) {
  if (!info[index].IsExternal())
    throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + " is not an array of the core");
  SharedMemory& memory = *info[index].As<Napi::External<SharedMemory>>().Data();
  if (memory == nullptr) throw Napi::Error::New(info.Env(), "the array was destroyed");
  return memory;
}

// alloc(bytes) -> External
Napi::Value alloc(const CallbackInfo& info) {
  const double bytes = info[0].As<Napi::Number>().DoubleValue();
  auto memory = std::make_shared<Memory>(size_t(bytes));
  if (memory->data == nullptr)
    throw core_error(info.Env(), EWALD_STATUS_OUT_OF_MEMORY,
                     "no memory for an array of " + std::to_string(size_t(bytes)) + " bytes");
  return Napi::External<SharedMemory>::New(info.Env(), new SharedMemory(memory),
                                           [](Napi::Env, SharedMemory* shared) { delete shared; });
}

// free(memory): at once, or when the runs that use it are done
void release(const CallbackInfo& info) { memory_of(info, 0).reset(); }

// The part of argument 0 that argument 1, a Uint8Array at byte argument 2, covers.
uint8_t* memory_part(const CallbackInfo& info, size_t& bytes) {
  const SharedMemory& memory = memory_of(info, 0);
  bytes = info[1].As<Napi::TypedArray>().ByteLength();
  const double offset = info[2].As<Napi::Number>().DoubleValue();
  if (!(offset >= 0 && offset + double(bytes) <= double(memory->bytes)))
    throw Napi::RangeError::New(
        info.Env(), std::to_string(bytes) + " bytes do not fit an array of " + std::to_string(memory->bytes));
  return memory->data + size_t(offset);
}

// memoryWrite(memory, data: Uint8Array, offset)
void memory_write(const CallbackInfo& info) {
  const uint8_t* data = elements<uint8_t>(info, 1, 0);
  size_t bytes = 0;
  uint8_t* part = memory_part(info, bytes);
  if (bytes > 0) std::memcpy(part, data, bytes);
}

// memoryRead(memory, into: Uint8Array, offset)
void memory_read(const CallbackInfo& info) {
  uint8_t* into = elements<uint8_t>(info, 1, 0);
  size_t bytes = 0;
  const uint8_t* part = memory_part(info, bytes);
  if (bytes > 0) std::memcpy(into, part, bytes);
}

int32_t execute(Fft& fft, uint32_t direction, const void* in, void* out, void* workspace, uint32_t scale) {
  if (fft.engine) return fft.engine->execute(direction, in, out, workspace, scale);
  return ewald_fft_execute(fft.handle, direction, in, out, workspace, scale);
}

class FftTask : public Task {
public:
  FftTask(Napi::Env env, std::vector<Napi::ObjectReference> keep) : Task(env, std::move(keep)) {}
  SharedFft fft;
  uint32_t direction = 0, scale = 0;
  const void* in = nullptr;
  void *out = nullptr, *workspace = nullptr;
  SharedMemory held[2];
  int32_t work() override { return execute(*fft, direction, in, out, workspace, scale); }
};

// fftExecute(plan, direction, input, output, workspace | null, scale, now) -> Promise<void>, or undefined when it was
// done at once. Input and output are typed arrays or memory of alloc.
Napi::Value fft_execute(const CallbackInfo& info) {
  const SharedFft fft = fft_of(info);
  const uint32_t direction = info[1].As<Napi::Number>().Uint32Value();
  size_t in_bytes = fft->input_bytes, out_bytes = fft->output_bytes;
  if (direction == EWALD_FFT_DIRECTION_BACKWARD) std::swap(in_bytes, out_bytes);
  if (fft->in_place) in_bytes = out_bytes = in_bytes > out_bytes ? in_bytes : out_bytes;
  SharedMemory held[2];
  const auto side = [&](size_t index, size_t bytes) {
    if (!info[index].IsExternal()) return elements<uint8_t>(info, index, bytes);
    SharedMemory& memory = held[index - 2] = memory_of(info, index);
    if (memory->bytes < bytes)
      throw Napi::RangeError::New(
          info.Env(), "an array has " + std::to_string(memory->bytes) + " bytes, needed are " + std::to_string(bytes));
    return memory->data;
  };
  const void* in = side(2, in_bytes);
  void* out = side(3, out_bytes);
  void* workspace = info[4].IsNull() ? nullptr : elements<uint8_t>(info, 4, fft->workspace_bytes);
  const uint32_t scale = info[5].As<Napi::Number>().Uint32Value();
  const bool ready = !fft->engine || fft->engine->ready(direction, in, out);
  if (ready && info[6].As<Napi::Boolean>().Value()) {
    check(info.Env(), execute(*fft, direction, in, out, workspace, scale));
    return info.Env().Undefined();
  }
  std::vector<Napi::ObjectReference> keep;
  for (size_t i : {2, 3, 4})
    if (info[i].IsTypedArray()) keep.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
  auto task = std::make_unique<FftTask>(info.Env(), std::move(keep));
  task->fft = fft;
  task->direction = direction;
  task->scale = scale;
  task->in = in;
  task->out = out;
  task->workspace = workspace;
  for (size_t i : {0, 1}) task->held[i] = std::move(held[i]);
  const Napi::Promise promise = task->promise();
  task.release()->Queue();
  return promise;
}

Napi::Value live_bytes(const CallbackInfo& info) { return Napi::Number::New(info.Env(), double(ewald_live_bytes())); }

Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, ewald_abi_version()));
  exports.Set("instructionSet", Napi::String::New(env, ewald_instruction_set()));
  exports.Set("hardwareThreads", Napi::Number::New(env, ewald_hardware_threads()));
  exports.Set("liveBytes", Napi::Function::New(env, live_bytes, "liveBytes"));
  exports.Set("piCount", Napi::Function::New(env, pi_count, "piCount"));
  exports.Set("indexerCreate", Napi::Function::New(env, indexer_create, "indexerCreate"));
  exports.Set("indexerBytes", Napi::Function::New(env, indexer_bytes, "indexerBytes"));
  exports.Set("indexerRun", Napi::Function::New(env, indexer_run, "indexerRun"));
  exports.Set("indexerStage", Napi::Function::New(env, indexer_stage, "indexerStage"));
  exports.Set("fftCreate", Napi::Function::New(env, fft_create, "fftCreate"));
  exports.Set("fftBytes", Napi::Function::New(env, fft_bytes, "fftBytes"));
  exports.Set("fftSizes", Napi::Function::New(env, fft_sizes, "fftSizes"));
  exports.Set("fftExecute", Napi::Function::New(env, fft_execute, "fftExecute"));
  exports.Set("fftDestroy", Napi::Function::New(env, fft_destroy, "fftDestroy"));
  exports.Set("alloc", Napi::Function::New(env, alloc, "alloc"));
  exports.Set("memoryWrite", Napi::Function::New(env, memory_write, "memoryWrite"));
  exports.Set("memoryRead", Napi::Function::New(env, memory_read, "memoryRead"));
  exports.Set("free", Napi::Function::New(env, release, "free"));
  exports.Set("indexerDestroy", Napi::Function::New(env, indexer_destroy, "indexerDestroy"));
  Room::bind_all(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(ewald_native, start)
