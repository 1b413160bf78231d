// Memory that lives as long as a plan: pieces are allocated while it is built and all freed together.
#pragma once
#include <cstddef>

#include "common/memory.h"

namespace ewald::fft {

class Store {
public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() {
    while (last_ != nullptr) {
      Piece* before = last_->before;
      release(last_);
      last_ = before;
    }
  }

  // Zeroed, 64-byte aligned; nullptr (and ok() false from then on) when out of memory. Trivial types only: no
  // destructors run.
  template <class T>
  T* take(size_t count) {
    return take<T>(count, allocate);
  }
  // The same, not zeroed.
  template <class T>
  T* take_raw(size_t count) {
    return take<T>(count, allocate_raw);
  }

  bool ok() const { return ok_; }
  size_t bytes() const { return bytes_; }

private:
  template <class T>
  T* take(size_t count, void* (*from)(size_t)) {
    constexpr size_t head = 64;
    if (count > (size_t(-1) - head) / sizeof(T)) {
      ok_ = false;
      return nullptr;
    }
    void* memory = from(head + count * sizeof(T));
    if (memory == nullptr) {
      ok_ = false;
      return nullptr;
    }
    Piece* piece = static_cast<Piece*>(memory);
    piece->before = last_;
    last_ = piece;
    bytes_ += (head + count * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(static_cast<char*>(memory) + head);
  }

  struct Piece {
    Piece* before;
  };
  Piece* last_ = nullptr;
  size_t bytes_ = 0;
  bool ok_ = true;
};

}  // namespace ewald::fft
