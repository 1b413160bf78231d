// A caller's array that another thread reads or writes while JavaScript continues and may transfer, resize or drop it.
#pragma once
#include <memory>
#include <string>

#include "addon/values.h"

namespace ewald::addon {

// Created, released and destroyed on the JavaScript thread. It uses the cheapest of three safe ways:
// a SharedArrayBuffer cannot lose its memory, so a reference to it is enough; for an ArrayBuffer the backing store is
// held, where the engine allows it (buffer.cpp), so that a transfer moves it but frees nothing; everything else, above
// all a resizable ArrayBuffer, whose memory is released when it shrinks, is copied in, and copied back when the run is
// over.
class Buffer {
public:
  // Holds what `view` of `array` currently covers; `written` if the run writes it.
  Buffer(Napi::Env env, napi_value array, const View& view, bool written);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer();

  // Whether ArrayBuffers are held and never copied. A copy that is copied back also writes what a run has left
  // unchanged, which another process may have written meanwhile.
  static bool holds_memory(napi_env env);
  uint8_t* data() const { return data_; }
  // Copies written data back where that is needed; returns why the data cannot be seen in the array, or nothing.
  std::string give_back();

private:
  napi_env env_;
  uint8_t* data_;
  size_t bytes_;
  bool written_;
  napi_ref array_ = nullptr;
  std::shared_ptr<void> held_;
  bool copied_ = false;
};

}  // namespace ewald::addon
