// A caller's array that another thread reads or writes while JavaScript goes on and may transfer, resize or drop it.
#pragma once
#include <memory>
#include <string>

#include "addon/values.h"

namespace ewald::addon {

// Made, given back and destroyed on the thread of JavaScript. Three ways, the cheapest that is safe:
// a SharedArrayBuffer cannot lose its memory, so a reference to it is enough; of an ArrayBuffer the backing store is
// held, where the engine lets it (buffer.cpp), so that a transfer moves it away but frees nothing; everything else, a
// resizable ArrayBuffer above all, whose memory goes when it shrinks, is copied in, and copied back when the run is
// over.
class Buffer {
public:
  // Takes what `view` of `array` shows now; `written` when the run writes it.
  Buffer(Napi::Env env, napi_value array, const View& view, bool written);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer();

  uint8_t* data() const { return data_; }
  // Copies back what was written where that is needed; says why what was written cannot be seen in the array, or
  // nothing.
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
