// A list that grows as needed and keeps its memory for the next run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "common/memory.h"

namespace ewald::peaks {

template <class T>
class Grown {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  Grown() = default;
  ~Grown() { release(data_); }
  Grown(const Grown&) = delete;
  Grown& operator=(const Grown&) = delete;

  uint32_t count() const { return count_; }
  const T* data() const { return data_; }
  const T& operator[](size_t i) const { return data_[i]; }
  size_t bytes() const { return room_ * sizeof(T); }
  // Whether an element was refused since `clear`.
  bool out_of_memory() const { return out_of_memory_; }

  void clear() {
    count_ = 0;
    out_of_memory_ = false;
  }

  // False, and `out_of_memory` from then on, when there is no room for another element.
  bool add(const T& one) {
    if (count_ == room_ && !grow()) return false;
    data_[count_++] = one;
    return true;
  }

private:
  static constexpr size_t first_room = 1024;

  bool grow() {
    const size_t room = room_ == 0 ? first_room : 2 * room_;
    auto* const more = static_cast<T*>(allocate_raw(room * sizeof(T)));
    if (more == nullptr) {
      out_of_memory_ = true;
      return false;
    }
    if (count_ > 0) std::memcpy(more, data_, count_ * sizeof(T));
    release(data_);
    data_ = more;
    room_ = room;
    return true;
  }

  T* data_ = nullptr;
  size_t room_ = 0;
  uint32_t count_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace ewald::peaks
