// Bindings of cuda/fft.
#include "addon/room.h"
#include "arrays.h"

namespace ewald::addon {
namespace {

struct Fft : Owned<ewald_cuda_fft, ewald_cuda_fft_destroy> {
  static constexpr napi_type_tag tag = {0x6577616c642d6375ULL, 0x64612d6666740000ULL};
  static constexpr const char* what = "the CUDA transform";
  using Owned::Owned;
  ewald_cuda_fft_info info{};
  napi_typedarray_type numbers = napi_float32_array;
};

class FftTask : public DeviceTask {
public:
  explicit FftTask(std::shared_ptr<Fft> fft) : DeviceTask(fft->context), fft_(std::move(fft)) {}
  uint32_t direction = 0, scale = 0, there = 0;
  void *in = nullptr, *out = nullptr;

  // A side is a typed array or an array on the device; the bit `there` marks the latter.
  void* take(const CallbackInfo& info, size_t index, uint64_t needed, uint32_t bit, bool written) {
    if (!is_handle<Array>(info[index])) {
      const View view = view_at(info, index, size_t(needed));
      if (view.type != fft_->numbers)
        throw argument_error(info.Env(), argument(index) + " is not a typed array of the right type");
      buffers.emplace_back(info.Env(), info[index], view, written);
      return buffers.back().data();
    }
    held_[written] = array_at(info, index, fft_->context, needed);
    there |= bit;
    return ewald_cuda_array_memory(held_[written]->handle);
  }

protected:
  int32_t work() override {
    return ewald_cuda_fft_execute(fft_->handle, direction, in, out, there, scale);
  }

private:
  std::shared_ptr<Fft> fft_;
  std::shared_ptr<Array> held_[2];
};

// fftDescribe(context, descriptor) -> { bytes, passes, bytesRead, bytesWritten, slabs, bytesKept }; all but the first
// forward and backward.
// Creates no plan.
Napi::Value fftDescribe(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto descriptor = struct_of<ewald_fft_descriptor>(info, 1);
  ewald_cuda_fft_info described;
  check(env, ewald_cuda_fft_describe(alive<Context>(info)->handle, &descriptor, &described));
  const auto both = [&](const auto(&values)[2]) {
    Napi::Array pair = Napi::Array::New(env, 2);
    for (uint32_t d = 0; d < 2; ++d) pair.Set(d, double(values[d]));
    return pair;
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("bytes", double(described.device_bytes));
  result.Set("passes", both(described.passes));
  result.Set("bytesRead", both(described.bytes_read));
  result.Set("bytesWritten", both(described.bytes_written));
  result.Set("slabs", both(described.slabs));
  result.Set("bytesKept", both(described.bytes_kept));
  return result;
}

// fftCreate(context, descriptor) -> Promise<handle>
Napi::Value fftCreate(const CallbackInfo& info) {
  return create<Fft>(
      info, [descriptor = struct_of<ewald_fft_descriptor>(info, 1)](ewald_cuda_context* context, Fft& fft) {
        if (descriptor.precision == EWALD_FFT_PRECISION_F64) fft.numbers = napi_float64_array;
        const int32_t status = ewald_cuda_fft_describe(context, &descriptor, &fft.info);
        return status == EWALD_STATUS_OK ? ewald_cuda_fft_create(context, &descriptor, &fft.handle) : status;
      });
}

// fftExecute(handle, direction, input, output, scale, wait) -> Promise<void>; a side is a typed array or the handle of
// an array; with `wait` false and two of the latter the promise resolves when the work is submitted
Napi::Value fftExecute(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info);
  auto task = std::make_unique<FftTask>(fft);
  task->direction = uint32_of(info, 1);
  task->scale = uint32_of(info, 4);
  const bool forward = task->direction == EWALD_FFT_DIRECTION_FORWARD;
  const uint64_t needed[2] = {fft->info.input_bytes, fft->info.output_bytes};
  task->buffers.reserve(2);
  task->out = task->take(info, 3, needed[forward], EWALD_CUDA_OUTPUT_ON_DEVICE, true);
  // In place there is one array, and at most one copy of it.
  const bool same = Napi::Value(info[2]).StrictEquals(info[3]);
  task->in = same && !(task->there & EWALD_CUDA_OUTPUT_ON_DEVICE)
                 ? task->out
                 : task->take(info, 2, needed[!forward], EWALD_CUDA_INPUT_ON_DEVICE, false);
  const Napi::Value wait = info[5];
  if (wait.IsBoolean() && !wait.As<Napi::Boolean>().Value()) task->there |= EWALD_CUDA_NO_WAIT;
  return Task::start(info.Env(), std::move(task));
}

// fftDestroy(handle): a second call is a no-op. Active runs keep the transform until they are done.
void fftDestroy(const CallbackInfo& info) { slot_of<Fft>(info).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("fftDescribe", Napi::Function::New(env, fftDescribe, "fftDescribe"));
  exports.Set("fftCreate", Napi::Function::New(env, fftCreate, "fftCreate"));
  exports.Set("fftExecute", Napi::Function::New(env, fftExecute, "fftExecute"));
  exports.Set("fftDestroy", Napi::Function::New(env, fftDestroy, "fftDestroy"));
});

}  // namespace
}  // namespace ewald::addon
