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

// fftDestroy(plan): twice is a no-op. Runs under way keep the plan until they are done.
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
    throw argument_error(info.Env(), argument(index) + " has " + std::to_string(memory->bytes) + " bytes, needed are " +
                                         std::to_string(bytes));
  return {memory->data, View{}, std::move(memory)};
}

class FftTask : public Task {
public:
  std::shared_ptr<Fft> fft;
  uint32_t direction = 0, scale = 0;
  uint8_t *in = nullptr, *out = nullptr, *workspace = nullptr;
  std::shared_ptr<Memory> held[2];

  // Where the thread finds a side.
  uint8_t* take(const CallbackInfo& info, size_t index, const Side& side, bool written) {
    if (side.view.buffer == nullptr) return side.data;
    buffers.emplace_back(info.Env(), info[index], side.view, written);
    return buffers.back().data();
  }

protected:
  int32_t work() override { return fft->execute(direction, in, out, workspace, scale); }
};

// fftExecute(plan, direction, input, output, workspace | null, scale, now) -> Promise<void>, or undefined when it was
// done at once. Input and output are typed arrays or memory of alloc.
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
  // In place there is one array, and one copy of it where it is copied.
  task->in = in.data == out.data ? task->out : task->take(info, 2, in, false);
  task->workspace = task->take(info, 4, workspace, false);
  return Task::start(info.Env(), std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("fftCreate", Napi::Function::New(env, fft_create, "fftCreate"));
  exports.Set("fftBytes", Napi::Function::New(env, fft_bytes, "fftBytes"));
  exports.Set("fftSizes", Napi::Function::New(env, fft_sizes, "fftSizes"));
  exports.Set("fftExecute", Napi::Function::New(env, fft_execute, "fftExecute"));
  exports.Set("fftDestroy", Napi::Function::New(env, fft_destroy, "fftDestroy"));
});

}  // namespace
}  // namespace ewald::addon
