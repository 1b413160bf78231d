// Bindings of cpp/frames.
#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

struct Codec {
  uint32_t codec, element_bytes, parameter;
  explicit Codec(const CallbackInfo& info)
      : codec(uint32_of(info, 0)), element_bytes(uint32_of(info, 1)), parameter(uint32_of(info, 2)) {}
  int32_t decode(const uint8_t* in, size_t in_bytes, uint8_t* out, size_t out_bytes) const {
    return ewald_codec_decode(codec, element_bytes, parameter, in, in_bytes, out, out_bytes);
  }
};

class DecodeTask : public Task {
public:
  DecodeTask(const Codec& codec, size_t in_bytes, size_t out_bytes)
      : codec_(codec), in_bytes_(in_bytes), out_bytes_(out_bytes) {}
  // Indices in `buffers`.
  enum { in, out };

protected:
  int32_t work() override { return codec_.decode(buffers[in].data(), in_bytes_, buffers[out].data(), out_bytes_); }

private:
  const Codec codec_;
  const size_t in_bytes_, out_bytes_;
};

// codecDecode(codec, elementBytes, parameter, in: Uint8Array, out: Uint8Array, now) -> Promise<void>, or undefined if
// it was done synchronously
Napi::Value codec_decode(const CallbackInfo& info) {
  const Codec codec(info);
  const View in = view_at(info, 3, 0), out = view_at(info, 4, 0);
  if (info[5].ToBoolean().Value()) {
    check(info.Env(), codec.decode(in.data, in.bytes, out.data, out.bytes));
    return info.Env().Undefined();
  }
  auto task = std::make_unique<DecodeTask>(codec, in.bytes, out.bytes);
  task->buffers.reserve(2);
  task->buffers.emplace_back(info.Env(), info[3], in, false);
  task->buffers.emplace_back(info.Env(), info[4], out, true);
  return Task::start(info.Env(), std::move(task));
}

// codecBound(codec, elementBytes, parameter, bytes) -> number
Napi::Value codec_bound(const CallbackInfo& info) {
  const Codec codec(info);
  const size_t bytes = whole_number(info, 3);
  return Napi::Number::New(info.Env(),
                           double(ewald_codec_bound(codec.codec, codec.element_bytes, codec.parameter, bytes)));
}

// codecEncode(codec, elementBytes, parameter, in: Uint8Array, out: Uint8Array) -> bytes written
Napi::Value codec_encode(const CallbackInfo& info) {
  const Codec codec(info);
  const View in = view_at(info, 3, 0), out = view_at(info, 4, 0);
  size_t written = 0;
  check(info.Env(), ewald_codec_encode(codec.codec, codec.element_bytes, codec.parameter, in.data, in.bytes, out.data,
                                       out.bytes, &written));
  return Napi::Number::New(info.Env(), double(written));
}

// fletcher32(in: Uint8Array) -> number
Napi::Value fletcher32(const CallbackInfo& info) {
  const View in = view_at(info, 0, 0);
  return Napi::Number::New(info.Env(), ewald_fletcher32(in.data, in.bytes));
}

// swapBytes(in: Uint8Array, out: Uint8Array, size): reverses the bytes of numbers of 2, 4 or 8 bytes; `out` may be
// `in`.
Napi::Value swap_bytes(const CallbackInfo& info) {
  const View in = view_at(info, 0, 0), out = view_at(info, 1, in.bytes);
  check(info.Env(), ewald_swap_bytes(in.data, out.data, in.bytes, uint32_of(info, 2)));
  return info.Env().Undefined();
}

// convertWords(words: Uint16Array, pedestals, factors: Float32Array, stages, out: Int16Array) -> the first word without
// constants, or the number of words
Napi::Value convert_words(const CallbackInfo& info) {
  const View words = view_at(info, 0, 0);
  const size_t n = words.bytes / sizeof(uint16_t);
  size_t bad = 0;
  check(info.Env(), ewald_convert_words(elements<const uint16_t>(info, 0, n), elements<const float>(info, 1, 3 * n),
                                        elements<const float>(info, 2, 3 * n), uint32_of(info, 3), n,
                                        elements<int16_t>(info, 4, n), &bad));
  return Napi::Number::New(info.Env(), double(bad));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("codecDecode", Napi::Function::New(env, codec_decode, "codecDecode"));
  exports.Set("codecBound", Napi::Function::New(env, codec_bound, "codecBound"));
  exports.Set("codecEncode", Napi::Function::New(env, codec_encode, "codecEncode"));
  exports.Set("swapBytes", Napi::Function::New(env, swap_bytes, "swapBytes"));
  exports.Set("convertWords", Napi::Function::New(env, convert_words, "convertWords"));
  exports.Set("fletcher32", Napi::Function::New(env, fletcher32, "fletcher32"));
});

}  // namespace
}  // namespace ewald::addon
