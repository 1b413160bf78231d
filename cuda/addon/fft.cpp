// Transforms, and arrays on the device that they read and write.
#include "addon/room.h"
#include "handles.h"

namespace ewald::addon {
namespace {

// An object of the C ABI shared by its JavaScript handle and the runs under way. The context is kept until it is gone.
template <class T, void (*destroy)(T*)>
struct Owned {
  explicit Owned(SharedContext owner) : context(std::move(owner)) {}
  SharedContext context;
  T* handle = nullptr;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(handle); }
};

struct Fft : Owned<ewald_cuda_fft, ewald_cuda_fft_destroy> {
  using Owned::Owned;
  ewald_cuda_fft_info info{};
  napi_typedarray_type numbers = napi_float32_array;
};
struct Array : Owned<ewald_cuda_array, ewald_cuda_array_destroy> {
  using Owned::Owned;
  uint64_t bytes = 0;
};
template <class T>
constexpr napi_type_tag kTag = {};
template <>
constexpr napi_type_tag kTag<Fft> = {0x6577616c642d6375ULL, 0x64612d6666740000ULL};
template <>
constexpr napi_type_tag kTag<Array> = {0x6577616c642d6375ULL, 0x64612d6172726179ULL};

template <class T>
bool isHandle(const Napi::Value& value) {
  return value.IsExternal() && value.As<Napi::External<std::shared_ptr<T>>>().CheckTypeTag(&kTag<T>);
}
template <class T>
std::shared_ptr<T>& slot(const CallbackInfo& info, size_t index, const char* what) {
  if (!isHandle<T>(info[index]))
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, "argument " + std::to_string(index) + " is not " + what);
  return *info[index].As<Napi::External<std::shared_ptr<T>>>().Data();
}
template <class T>
std::shared_ptr<T> alive(const CallbackInfo& info, size_t index, const char* what) {
  std::shared_ptr<T> owned = slot<T>(info, index, what);
  if (!owned) throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT, std::string(what) + " was destroyed");
  return owned;
}
constexpr const char* kFft = "the CUDA transform";
constexpr const char* kArray = "the CUDA array";

// Makes a T on a thread of the pool and answers with its handle.
template <class T, class Make>
class CreateTask : public Task {
public:
  CreateTask(Napi::Env env, SharedContext context, Make make)
      : Task(env, context), owned_(std::make_shared<T>(std::move(context))), make_(std::move(make)) {}

protected:
  int32_t work(ewald_cuda_context* context) override { return make_(context, *owned_); }
  Napi::Value answer(Napi::Env env) override {
    auto external = Napi::External<std::shared_ptr<T>>::New(env, new std::shared_ptr<T>(std::move(owned_)),
                                                            [](Napi::Env, std::shared_ptr<T>* slot) { delete slot; });
    external.TypeTag(&kTag<T>);
    return external;
  }

private:
  std::shared_ptr<T> owned_;
  Make make_;
};
template <class T, class Make>
Napi::Value create(const CallbackInfo& info, Make make) {
  return (new CreateTask<T, Make>(info.Env(), contextOf(info), std::move(make)))->start();
}

// Bytes that a run reads or writes: a typed array, kept from being collected and left alone by its owner until the run
// is over, or an array.
struct Bytes {
  void* data = nullptr;
  uint64_t size = 0;
  bool onDevice = false;
  std::shared_ptr<Array> array;
  Napi::ObjectReference kept;
};
Bytes typedArray(const CallbackInfo& info, size_t index, napi_typedarray_type type) {
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != type)
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " is not a typed array of the right type");
  const auto array = info[index].As<Napi::TypedArray>();
  return {static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength(), false, nullptr,
          Napi::Persistent(array.As<Napi::Object>())};
}
Bytes sideOf(const CallbackInfo& info, size_t index, const Fft& fft, uint64_t needed) {
  Bytes side;
  if (isHandle<Array>(info[index])) {
    side.array = alive<Array>(info, index, kArray);
    if (side.array->context != fft.context)
      throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                      "argument " + std::to_string(index) + " is an array of another context");
    side.data = ewald_cuda_array_memory(side.array->handle);
    side.size = side.array->bytes;
    side.onDevice = true;
  } else {
    side = typedArray(info, index, fft.numbers);
  }
  if (side.size < needed)
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " has " + std::to_string(side.size) + " bytes, needed are " +
                        std::to_string(needed));
  return side;
}

class FftTask : public Task {
public:
  FftTask(Napi::Env env, std::shared_ptr<Fft> fft, uint32_t direction, Bytes in, Bytes out, uint32_t scale)
      : Task(env, fft->context),
        fft_(std::move(fft)),
        direction_(direction),
        scale_(scale),
        in_(std::move(in)),
        out_(std::move(out)) {}

protected:
  int32_t work(ewald_cuda_context*) override {
    const uint32_t there =
        (in_.onDevice ? EWALD_CUDA_INPUT_ON_DEVICE : 0) | (out_.onDevice ? EWALD_CUDA_OUTPUT_ON_DEVICE : 0);
    return ewald_cuda_fft_execute(fft_->handle, direction_, in_.data, out_.data, there, scale_);
  }
  Napi::Value answer(Napi::Env env) override { return env.Undefined(); }

private:
  std::shared_ptr<Fft> fft_;
  uint32_t direction_, scale_;
  Bytes in_, out_;
};

class CopyTask : public Task {
public:
  CopyTask(Napi::Env env, std::shared_ptr<Array> array, Bytes host, uint64_t offset, bool write)
      : Task(env, array->context), array_(std::move(array)), host_(std::move(host)), offset_(offset), write_(write) {}

protected:
  int32_t work(ewald_cuda_context*) override {
    return write_ ? ewald_cuda_array_write(array_->handle, offset_, host_.data, host_.size)
                  : ewald_cuda_array_read(array_->handle, offset_, host_.data, host_.size);
  }
  Napi::Value answer(Napi::Env env) override { return env.Undefined(); }

private:
  std::shared_ptr<Array> array_;
  Bytes host_;
  uint64_t offset_;
  bool write_;
};

uint64_t wholeNumber(const CallbackInfo& info, size_t index) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(value >= 0 && value < 9007199254740992.0))
    throw cudaError(info.Env(), EWALD_STATUS_INVALID_ARGUMENT,
                    "argument " + std::to_string(index) + " is not a number of bytes");
  return uint64_t(value);
}

// fftDescribe(context, descriptor) -> { bytes, passes, bytesRead, bytesWritten }; the last three forward and backward.
// Makes nothing.
Napi::Value fftDescribe(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto descriptor = structOf<ewald_fft_descriptor>(info, 1);
  ewald_cuda_fft_info described;
  check(env, ewald_cuda_fft_describe(contextOf(info)->handle, &descriptor, &described));
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
  return result;
}

// fftCreate(context, descriptor) -> Promise<handle>
Napi::Value fftCreate(const CallbackInfo& info) {
  return create<Fft>(
      info, [descriptor = structOf<ewald_fft_descriptor>(info, 1)](ewald_cuda_context* context, Fft& fft) {
        if (descriptor.precision == EWALD_FFT_PRECISION_F64) fft.numbers = napi_float64_array;
        const int32_t status = ewald_cuda_fft_describe(context, &descriptor, &fft.info);
        return status == EWALD_STATUS_OK ? ewald_cuda_fft_create(context, &descriptor, &fft.handle) : status;
      });
}

// fftExecute(handle, direction, input, output, scale) -> Promise<void>; a side is a typed array or the handle of an
// array
Napi::Value fftExecute(const CallbackInfo& info) {
  const auto fft = alive<Fft>(info, 0, kFft);
  const uint32_t direction = info[1].As<Napi::Number>().Uint32Value(), scale = info[4].As<Napi::Number>().Uint32Value();
  const bool forward = direction == EWALD_FFT_DIRECTION_FORWARD;
  Bytes in = sideOf(info, 2, *fft, forward ? fft->info.input_bytes : fft->info.output_bytes);
  Bytes out = sideOf(info, 3, *fft, forward ? fft->info.output_bytes : fft->info.input_bytes);
  return (new FftTask(info.Env(), fft, direction, std::move(in), std::move(out), scale))->start();
}

// fftDestroy(handle): twice is a no-op. Runs under way keep the transform until they are done.
void fftDestroy(const CallbackInfo& info) { slot<Fft>(info, 0, kFft).reset(); }

// arrayCreate(context, bytes) -> Promise<handle>
Napi::Value arrayCreate(const CallbackInfo& info) {
  return create<Array>(info, [bytes = wholeNumber(info, 1)](ewald_cuda_context* context, Array& array) {
    array.bytes = bytes;
    return ewald_cuda_array_create(context, bytes, &array.handle);
  });
}
// arrayWrite(handle, data: Uint8Array, offset) and arrayRead(handle, into: Uint8Array, offset) -> Promise<void>
Napi::Value arrayWrite(const CallbackInfo& info) {
  return (new CopyTask(info.Env(), alive<Array>(info, 0, kArray), typedArray(info, 1, napi_uint8_array),
                       wholeNumber(info, 2), true))
      ->start();
}
Napi::Value arrayRead(const CallbackInfo& info) {
  return (new CopyTask(info.Env(), alive<Array>(info, 0, kArray), typedArray(info, 1, napi_uint8_array),
                       wholeNumber(info, 2), false))
      ->start();
}
// arrayDestroy(handle): twice is a no-op. Runs under way keep the array until they are done.
void arrayDestroy(const CallbackInfo& info) { slot<Array>(info, 0, kArray).reset(); }

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("fftDescribe", Napi::Function::New(env, fftDescribe, "fftDescribe"));
  exports.Set("fftCreate", Napi::Function::New(env, fftCreate, "fftCreate"));
  exports.Set("fftExecute", Napi::Function::New(env, fftExecute, "fftExecute"));
  exports.Set("fftDestroy", Napi::Function::New(env, fftDestroy, "fftDestroy"));
  exports.Set("arrayCreate", Napi::Function::New(env, arrayCreate, "arrayCreate"));
  exports.Set("arrayWrite", Napi::Function::New(env, arrayWrite, "arrayWrite"));
  exports.Set("arrayRead", Napi::Function::New(env, arrayRead, "arrayRead"));
  exports.Set("arrayDestroy", Napi::Function::New(env, arrayDestroy, "arrayDestroy"));
});

}  // namespace
}  // namespace ewald::addon
