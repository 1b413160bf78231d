// Tables that passes share: axes of equal length and both directions need the same ones, so each is made once per plan.
#pragma once
#include <cstdint>

#include "fft/store.h"

namespace ewald::fft {

class Tables {
public:
  enum class What : uint32_t { line, columns, half, fold, trig, turn };

  explicit Tables(Store& store) : store_(store) {}

  // The earlier result of `make` for the same key, or a new one; nullptr when out of memory. `detail` and `engine` are
  // part of the key.
  template <class Value, class Make>
  const Value* once(What what, size_t n, uint32_t detail, const void* engine, Make make) {
    for (const Entry* entry = last_; entry != nullptr; entry = entry->before)
      if (entry->what == what && entry->n == n && entry->detail == detail && entry->engine == engine)
        return static_cast<const Value*>(entry->value);
    const Value* value = make();
    if (value == nullptr) return nullptr;
    Entry* entry = store_.take<Entry>(1);
    if (entry == nullptr) return nullptr;
    *entry = {what, detail, n, engine, value, last_};
    last_ = entry;
    return value;
  }

private:
  struct Entry {
    What what;
    uint32_t detail;
    size_t n;
    const void *engine, *value;
    const Entry* before;
  };
  Store& store_;
  const Entry* last_ = nullptr;
};

}  // namespace ewald::fft
