#include "common/threads.h"

#if defined(__EMSCRIPTEN__)

namespace ewald {

uint32_t thread_count(uint32_t) { return 1; }
ThreadPool::ThreadPool(uint32_t) : size_(1), shared_(nullptr) {}
ThreadPool::~ThreadPool() {}
void ThreadPool::run(uint32_t items, Task task, void* context) {
  for (uint32_t item = 0; item < items; item++) task(context, item, 0);
}

}  // namespace ewald

#else

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace ewald {

uint32_t thread_count(uint32_t wish) {
  if (wish != 0) return wish < 1024 ? wish : 1024;
  const uint32_t cores = std::thread::hardware_concurrency();
  return cores != 0 ? cores : 1;
}

struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable wake, done;
  std::vector<std::thread> threads;
  std::atomic<uint32_t> next{0};
  uint64_t round = 0;
  uint32_t items = 0, busy = 0;
  Task task = nullptr;
  void* context = nullptr;
  bool stop = false;

  void work(uint32_t worker) {
    for (uint32_t item; (item = next.fetch_add(1, std::memory_order_relaxed)) < items;) task(context, item, worker);
  }

  void serve(uint32_t worker) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stop || round != seen; });
      if (stop) return;
      seen = round;
      lock.unlock();
      work(worker);
      lock.lock();
      if (--busy == 0) done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(uint32_t size) : size_(size < 1 ? 1 : size), shared_(nullptr) {
  if (size_ == 1) return;
  shared_ = new Shared;
  for (uint32_t worker = 1; worker < size_; worker++)
    shared_->threads.emplace_back([this, worker] { shared_->serve(worker); });
}

ThreadPool::~ThreadPool() {
  if (shared_ == nullptr) return;
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
  for (std::thread& thread : shared_->threads) thread.join();
  delete shared_;
}

void ThreadPool::run(uint32_t items, Task task, void* context) {
  if (shared_ == nullptr || items < 2) {
    for (uint32_t item = 0; item < items; item++) task(context, item, 0);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->next.store(0, std::memory_order_relaxed);
    shared_->items = items;
    shared_->task = task;
    shared_->context = context;
    shared_->busy = size_ - 1;
    shared_->round++;
  }
  shared_->wake.notify_all();
  shared_->work(0);
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->done.wait(lock, [this] { return shared_->busy == 0; });
}

}  // namespace ewald

#endif
