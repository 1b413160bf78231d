// Host threads for work that splits into items: one pool per process, shared by all handles. On wasm there is one
// thread and the caller does everything.
#pragma once
#include <cstdint>

namespace ewald {

// Number of threads for a request: 0 means one per core.
uint32_t thread_count(uint32_t wish);

// Number of pool threads in the process, without the callers' threads.
uint32_t pooled_threads();

// The share of the pool that one handle uses: up to `size` threads at a time, the caller included. The pool grows to
// the largest team ever requested and keeps that size. If the system refuses a thread, fewer threads run, at worst only
// the caller: the result is the same.
class Team {
public:
  using Task = void (*)(void* context, uint32_t item, uint32_t worker);

  explicit Team(uint32_t size);

  uint32_t size() const { return size_; }
  // Distributes the items 0 .. items-1 to idle threads and returns when all are done. `worker` (0 .. size-1, the caller
  // is 0) gives each thread a separate workspace. Teams may run at the same time; they share the pool.
  void run(uint32_t items, Task task, void* context) const;

private:
  uint32_t size_;
};

}  // namespace ewald
