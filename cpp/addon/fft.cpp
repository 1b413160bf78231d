// Bindings of cpp/fft.
#include "addon/fft.h"

#include <algorithm>

#include "addon/arrays.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

// fftCreate(descriptor: Uint8Array) -> External
Napi::Value fft_create(const CallbackInfo& info) {
  auto fft = std::make_shared<Fft>();
  const auto descriptor = struct_of<ewald_fft_descriptor>(info, 0);
  check(info.Env(), ewald_fft_create(&descriptor, &fft->handle));
  size_t input = 0, output = 0, workspace = 0;
  check(info.Env(), ewald_fft_sizes(fft->handle, &input, &output, &workspace));
  fft->set_bytes(descriptor, input, output, workspace);
  return handle(info.Env(), fft);
}

Napi::Value fft_bytes(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  return Napi::Number::New(info.Env(), double(fft->engine ? fft->engine->bytes : ewald_fft_bytes(fft->handle)));
}

// fftSizes(plan) -> [input, output, workspace] in elements
Napi::Value fft_sizes(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  size_t sizes[3] = {0, 0, 0};
  if (fft->engine)
    sizes[0] = fft->engine->input, sizes[1] = fft->engine->output, sizes[2] = fft->engine->workspace;
  else
    check(info.Env(), ewald_fft_sizes(fft->handle, &sizes[0], &sizes[1], &sizes[2]));
  Napi::Array array = Napi::Array::New(info.Env(), 3);
  for (uint32_t i = 0; i < 3; i++) array.Set(i, Napi::Number::New(info.Env(), double(sizes[i])));
  return array;
}

// fftDestroy(plan): a second call is a no-op. Active runs keep the plan until they are done.
void fft_destroy(const CallbackInfo& info) { slot_of<Fft>(info).reset(); }

// Input, output or workspace of a run: a typed array, memory of alloc, or nothing.
struct Side {
  uint8_t* data = nullptr;
  View view;
  std::shared_ptr<Memory> memory;
};

Side side_of(const CallbackInfo& info, size_t index, size_t bytes) {
  if (!info[index].IsExternal()) {
    const View view = view_at(info, index, bytes);
    return {view.data, view, nullptr};
  }
  auto memory = alive<Memory>(info, index);
  if (memory->bytes < bytes)
    throw argument_error(info.Env(), argument(index) + " has " + std::to_string(memory->bytes) + " bytes, expected " +
                                         std::to_string(bytes));
  return {memory->data, View{}, std::move(memory)};
}

// The bytes of a typed array of floats or doubles.
bool numbers_of(napi_env env, napi_value value, void*& data, size_t& bytes) {
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  bytes = length * (type == napi_float64_array ? 8 : 4);
  return type == napi_float64_array || type == napi_float32_array;
}

// fftStop(plan, on): ends the current run of the plan, and all later ones, between two blocks of lines until it is
// called with false. An engine's run cannot be ended.
void fft_stop(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  if (!fft->engine) ewald_fft_stop(fft->handle, info[1].ToBoolean());
}

// fftDone(plan) -> the completed fraction of the latest run
Napi::Value fft_done(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  return Napi::Number::New(info.Env(), fft->engine ? 0 : ewald_fft_done(fft->handle));
}

class FftTask : public Task {
public:
  std::shared_ptr<Fft> fft;
  uint32_t direction = 0, scale = 0;
  uint8_t *in = nullptr, *out = nullptr, *workspace = nullptr;
  std::shared_ptr<Memory> held[2];

  // The address of a side for the thread.
  uint8_t* take(const CallbackInfo& info, size_t index, const Side& side, bool written) {
    if (side.view.buffer == nullptr) return side.data;
    buffers.emplace_back(info.Env(), info[index], side.view, written);
    return buffers.back().data();
  }

protected:
  int32_t work() override { return fft->execute(direction, in, out, workspace, scale); }
};

// fftExecute(plan, direction, input, output, workspace | null, scale, now) -> Promise<void>, or undefined if it was
// done synchronously. Input and output are typed arrays or memory of alloc.
Napi::Value fft_execute(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  const uint32_t direction = uint32_of(info, 1), scale = uint32_of(info, 5);
  size_t in_bytes = fft->input_bytes, out_bytes = fft->output_bytes;
  if (direction == EWALD_FFT_DIRECTION_BACKWARD) std::swap(in_bytes, out_bytes);
  if (fft->in_place) in_bytes = out_bytes = std::max(in_bytes, out_bytes);
  const Side in = side_of(info, 2, in_bytes), out = side_of(info, 3, out_bytes);
  const Side workspace = info[4].IsNull() ? Side{} : side_of(info, 4, fft->workspace_bytes);
  const bool ready = !fft->engine || fft->engine->ready(direction, in.data, out.data);
  if (ready && info[6].ToBoolean()) {
    check(info.Env(), fft->execute(direction, in.data, out.data, workspace.data, scale));
    return info.Env().Undefined();
  }
  auto task = std::make_unique<FftTask>();
  task->fft = fft;
  task->direction = direction;
  task->scale = scale;
  task->held[0] = in.memory;
  task->held[1] = out.memory;
  task->buffers.reserve(3);
  task->out = task->take(info, 3, out, true);
  // In place there is one array, and at most one copy of it.
  task->in = in.data == out.data ? task->out : task->take(info, 2, in, false);
  task->workspace = task->take(info, 4, workspace, false);
  return Task::start(info.Env(), std::move(task));
}

// fftRunner(plan) -> (code, input, output) => undefined: runs the plan's transform of typed arrays synchronously, where
// code is the direction plus twice the scale. It uses the plain Node-API and makes no call twice, because it serves
// lines of some 100 ns.
napi_value run_at_once(napi_env env, napi_callback_info given) {
  napi_value values[3];
  size_t count = 3;
  void* data = nullptr;
  napi_get_cb_info(env, given, &count, values, nullptr, &data);
  const std::shared_ptr<Fft> fft = static_cast<std::weak_ptr<Fft>*>(data)->lock();
  const auto refuse = [env](const char* why) {
    napi_throw_error(env, nullptr, why);
    return nullptr;
  };
  if (!fft) return refuse("the transform was destroyed");
  uint32_t code = 0;
  void *in = nullptr, *out = nullptr;
  size_t in_bytes = 0, out_bytes = 0;
  if (napi_get_value_uint32(env, values[0], &code) != napi_ok || !numbers_of(env, values[1], in, in_bytes) ||
      !numbers_of(env, values[2], out, out_bytes))
    return refuse("expected a code and two typed arrays");
  size_t read = fft->input_bytes, written = fft->output_bytes;
  if (code % 2 == EWALD_FFT_DIRECTION_BACKWARD) std::swap(read, written);
  if (fft->in_place) read = written = std::max(read, written);
  if (in_bytes < read || out_bytes < written) return refuse("an array is too short for the plan");
  const int32_t status = fft->execute(code % 2, in, out, nullptr, code / 2);
  if (status != EWALD_STATUS_OK) core_error(env, status, last_error()).ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value fft_runner(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  auto* held = new std::weak_ptr<Fft>(fft);
  napi_value function = nullptr;
  const auto drop = [](napi_env, void* data, void*) { delete static_cast<std::weak_ptr<Fft>*>(data); };
  if (fft->engine ||
      napi_create_function(info.Env(), "fftRun", NAPI_AUTO_LENGTH, run_at_once, held, &function) != napi_ok ||
      napi_add_finalizer(info.Env(), function, held, drop, nullptr, nullptr) != napi_ok) {
    delete held;
    throw argument_error(info.Env(), "this plan cannot be run directly");
  }
  return Napi::Value(info.Env(), function);
}

// A transform between two arrays of the plan, whose memory the references keep.
struct Bound {
  std::weak_ptr<Fft> owner;
  Fft* fft;
  uint32_t direction;
  void *in, *out;
  napi_ref arrays[2];
};

napi_value run_bound(napi_env env, napi_callback_info given) {
  void* data = nullptr;
  napi_get_cb_info(env, given, nullptr, nullptr, nullptr, &data);
  const Bound& bound = *static_cast<Bound*>(data);
  if (bound.owner.expired()) {
    napi_throw_error(env, nullptr, "the transform was destroyed");
    return nullptr;
  }
  const int32_t status = bound.fft->execute(bound.direction, bound.in, bound.out, nullptr, EWALD_FFT_SCALE_NONE);
  if (status != EWALD_STATUS_OK) core_error(env, status, last_error()).ThrowAsJavaScriptException();
  return nullptr;
}

// A typed array that begins with a cache line, and its memory.
Napi::Value aligned_array(Napi::Env env, bool f64, size_t bytes, void*& data) {
  constexpr size_t line = 64;
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes + line);
  const size_t offset = (line - reinterpret_cast<uintptr_t>(buffer.Data()) % line) % line;
  data = static_cast<uint8_t*>(buffer.Data()) + offset;
  if (f64) return Napi::Float64Array::New(env, bytes / 8, buffer, offset, napi_float64_array);
  return Napi::Float32Array::New(env, bytes / 4, buffer, offset, napi_float32_array);
}

// fftArrays(plan) -> [input, output, forward, backward]: arrays of what forward reads and writes, the same one in
// place, and functions that transform from one to the other synchronously. The caller must not call them after an array
// was detached.
Napi::Value fft_arrays(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  if (fft->engine) throw argument_error(info.Env(), "this plan cannot be run directly");
  void *in = nullptr, *out = nullptr;
  const size_t read = fft->in_place ? std::max(fft->input_bytes, fft->output_bytes) : fft->input_bytes;
  const Napi::Value input = aligned_array(info.Env(), fft->f64, read, in);
  const Napi::Value output = fft->in_place ? input : aligned_array(info.Env(), fft->f64, fft->output_bytes, out);
  if (fft->in_place) out = in;
  Napi::Array result = Napi::Array::New(info.Env(), 4);
  result.Set(0u, input);
  result.Set(1u, output);
  for (uint32_t direction = 0; direction < 2; direction++) {
    const bool forward = direction == EWALD_FFT_DIRECTION_FORWARD;
    auto* bound = new Bound{fft, fft.get(), direction, forward ? in : out, forward ? out : in, {}};
    napi_create_reference(info.Env(), input, 1, &bound->arrays[0]);
    napi_create_reference(info.Env(), output, 1, &bound->arrays[1]);
    const auto drop = [](napi_env env, void* data, void*) {
      auto* held = static_cast<Bound*>(data);
      for (napi_ref array : held->arrays) napi_delete_reference(env, array);
      delete held;
    };
    napi_value function = nullptr;
    if (napi_create_function(info.Env(), "fftRun", NAPI_AUTO_LENGTH, run_bound, bound, &function) != napi_ok ||
        napi_add_finalizer(info.Env(), function, bound, drop, nullptr, nullptr) != napi_ok) {
      drop(info.Env(), bound, nullptr);
      throw argument_error(info.Env(), "this plan cannot be run directly");
    }
    result.Set(2 + direction, Napi::Value(info.Env(), function));
  }
  return result;
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("fftCreate", Napi::Function::New(env, fft_create, "fftCreate"));
  exports.Set("fftBytes", Napi::Function::New(env, fft_bytes, "fftBytes"));
  exports.Set("fftSizes", Napi::Function::New(env, fft_sizes, "fftSizes"));
  exports.Set("fftExecute", Napi::Function::New(env, fft_execute, "fftExecute"));
  exports.Set("fftRunner", Napi::Function::New(env, fft_runner, "fftRunner"));
  exports.Set("fftArrays", Napi::Function::New(env, fft_arrays, "fftArrays"));
  exports.Set("fftStop", Napi::Function::New(env, fft_stop, "fftStop"));
  exports.Set("fftDone", Napi::Function::New(env, fft_done, "fftDone"));
  exports.Set("fftDestroy", Napi::Function::New(env, fft_destroy, "fftDestroy"));
});

}  // namespace
}  // namespace ewald::addon
