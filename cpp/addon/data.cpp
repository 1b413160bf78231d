// Bindings of the codecs of detector frames.
#include <memory>

#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

struct Codec {
  uint32_t codec, element_bytes, parameter;
  explicit Codec(const CallbackInfo& info)
      : codec(info[0].As<Napi::Number>().Uint32Value()),
        element_bytes(info[1].As<Napi::Number>().Uint32Value()),
        parameter(info[2].As<Napi::Number>().Uint32Value()) {}
};

class DecodeTask : public Task {
public:
  explicit DecodeTask(const CallbackInfo& info) : codec_(info) {
    buffers.reserve(2);
    for (size_t i : {3, 4}) buffers.emplace_back(info.Env(), info[i], sides_[i - 3] = view_at(info, i, 0), i == 4);
  }

protected:
  int32_t work() override {
    return ewald_codec_decode(codec_.codec, codec_.element_bytes, codec_.parameter, buffers[0].data(), sides_[0].bytes,
                              buffers[1].data(), sides_[1].bytes);
  }

private:
  Codec codec_;
  View sides_[2];
};

// codecDecode(codec, elementBytes, parameter, in: Uint8Array, out: Uint8Array, now) -> Promise<void>, or undefined when
// it was done at once
Napi::Value codec_decode(const CallbackInfo& info) {
  if (info[5].As<Napi::Boolean>().Value()) {
    const Codec codec(info);
    const uint8_t* in = elements<uint8_t>(info, 3, 0);
    uint8_t* out = elements<uint8_t>(info, 4, 0);
    check(info.Env(), ewald_codec_decode(codec.codec, codec.element_bytes, codec.parameter, in,
                                         info[3].As<Napi::TypedArray>().ByteLength(), out,
                                         info[4].As<Napi::TypedArray>().ByteLength()));
    return info.Env().Undefined();
  }
  return Task::start(info.Env(), std::make_unique<DecodeTask>(info));
}

// codecBound(codec, elementBytes, parameter, bytes) -> number
Napi::Value codec_bound(const CallbackInfo& info) {
  const Codec codec(info);
  const double bytes = info[3].As<Napi::Number>().DoubleValue();
  return Napi::Number::New(info.Env(), double(ewald_codec_bound(codec.codec, codec.element_bytes, codec.parameter,
                                                                bytes >= 0 ? size_t(bytes) : 0)));
}

// codecEncode(codec, elementBytes, parameter, in: Uint8Array, out: Uint8Array) -> bytes written
Napi::Value codec_encode(const CallbackInfo& info) {
  const Codec codec(info);
  const uint8_t* in = elements<uint8_t>(info, 3, 0);
  uint8_t* out = elements<uint8_t>(info, 4, 0);
  size_t written = 0;
  check(info.Env(), ewald_codec_encode(codec.codec, codec.element_bytes, codec.parameter, in,
                                       info[3].As<Napi::TypedArray>().ByteLength(), out,
                                       info[4].As<Napi::TypedArray>().ByteLength(), &written));
  return Napi::Number::New(info.Env(), double(written));
}

// fletcher32(in: Uint8Array) -> number
Napi::Value fletcher32(const CallbackInfo& info) {
  const uint8_t* in = elements<uint8_t>(info, 0, 0);
  return Napi::Number::New(info.Env(), ewald_fletcher32(in, info[0].As<Napi::TypedArray>().ByteLength()));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("codecDecode", Napi::Function::New(env, codec_decode, "codecDecode"));
  exports.Set("codecBound", Napi::Function::New(env, codec_bound, "codecBound"));
  exports.Set("codecEncode", Napi::Function::New(env, codec_encode, "codecEncode"));
  exports.Set("fletcher32", Napi::Function::New(env, fletcher32, "fletcher32"));
});

}  // namespace
}  // namespace ewald::addon
