// Host threads for work that splits into items: one pool a process, from which every handle takes. On wasm there is one
// thread and the caller does everything.
#pragma once
#include <cstdint>

namespace ewald {

// Threads for a wish: 0 means one a core.
uint32_t thread_count(uint32_t wish);

// Threads of the process that there are besides the callers'.
uint32_t pooled_threads();

// What one handle takes of the pool: up to `size` threads at a time, the caller included. The pool grows to the largest
// team ever asked for and stays. Where the system refuses a thread there are fewer, at worst the caller alone: the
// result is the same.
class Team {
public:
  using Task = void (*)(void* context, uint32_t item, uint32_t worker);

  explicit Team(uint32_t size);

  uint32_t size() const { return size_; }
  // Gives the items 0 .. items-1 to whoever is free and returns when all are done. `worker` (0 .. size-1, the caller is
  // 0) lets each thread use a workspace of its own. Teams may run at the same time; they share the pool.
  void run(uint32_t items, Task task, void* context) const;

private:
  uint32_t size_;
};

}  // namespace ewald
