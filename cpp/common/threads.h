// Host threads for work that splits into items. On wasm there is one thread and the caller does everything.
#pragma once
#include <cstdint>

namespace ewald {

// Threads for a wish: 0 means one a core.
uint32_t thread_count(uint32_t wish);

// Threads kept for the life of a handle. run() gives the items 0 .. items-1 to whoever is free, the caller included,
// and returns when all are done; `worker` (0 .. size-1) lets each thread use a workspace of its own.
class ThreadPool {
public:
  using Task = void (*)(void* context, uint32_t item, uint32_t worker);

  explicit ThreadPool(uint32_t size);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  uint32_t size() const { return size_; }
  void run(uint32_t items, Task task, void* context);

private:
  struct Shared;
  uint32_t size_;
  Shared* shared_;
};

}  // namespace ewald
