#include "common/threads.h"

#if defined(__EMSCRIPTEN__)

namespace ewald {

uint32_t thread_count(uint32_t) { return 1; }
uint32_t pooled_threads() { return 0; }
Team::Team(uint32_t) : size_(1) {}
void Team::run(uint32_t items, Task task, void* context) const {
  for (uint32_t item = 0; item < items; item++) task(context, item, 0);
}

}  // namespace ewald

#else

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace ewald {
namespace {

// One call of run(), on the stack of its caller.
struct Job {
  Team::Task task;
  void* context;
  uint32_t items, limit;
  uint32_t joined = 1;  // the caller takes part
  uint32_t active = 0;  // helpers at work
  std::atomic<uint32_t> next{0};
  std::condition_variable done;
  Job *before = nullptr, *after = nullptr;

  void work(uint32_t worker) {
    for (uint32_t item; (item = next.fetch_add(1, std::memory_order_relaxed)) < items;) task(context, item, worker);
  }
  bool wants() const { return joined < limit && next.load(std::memory_order_relaxed) < items; }
};

class Pool {
public:
  uint32_t size() {
    std::lock_guard<std::mutex> lock(mutex_);
    return size_;
  }

  void grow(uint32_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (; size_ < size; size_++) {
      pthread_t thread;
      // Not std::thread, which ends the process if no further thread can be created.
      if (pthread_create(&thread, nullptr, serve, this) != 0) return;
      pthread_detach(thread);
    }
  }

  void run(Job& job) {
    const uint32_t wanted = (job.items < job.limit ? job.items : job.limit) - 1;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job.before = last_;
      (last_ != nullptr ? last_->after : first_) = &job;
      last_ = &job;
    }
    for (uint32_t i = 0; i < wanted; i++) wake_.notify_one();
    job.work(0);
    std::unique_lock<std::mutex> lock(mutex_);
    (job.before != nullptr ? job.before->after : first_) = job.after;
    (job.after != nullptr ? job.after->before : last_) = job.before;
    // A helper that joined holds the job until it has finished its item; no further helper joins.
    job.done.wait(lock, [&] { return job.active == 0; });
  }

private:
  static void* serve(void* self) {
    static_cast<Pool*>(self)->serve();
    return nullptr;
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      Job* job = first_;
      while (job != nullptr && !job->wants()) job = job->after;
      if (job == nullptr) {
        wake_.wait(lock);
        continue;
      }
      const uint32_t worker = job->joined++;
      job->active++;
      lock.unlock();
      job->work(worker);
      lock.lock();
      // Notified under the lock: the job no longer exists once its caller has returned.
      if (--job->active == 0) job->done.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  Job *first_ = nullptr, *last_ = nullptr;
  uint32_t size_ = 0;
};

// Never destroyed: its threads wait until the process ends.
Pool& pool() {
  static Pool& pool = *new Pool;
  return pool;
}

}  // namespace

uint32_t thread_count(uint32_t wish) {
  if (wish != 0) return wish < 1024 ? wish : 1024;
  const uint32_t cores = std::thread::hardware_concurrency();
  return cores != 0 ? cores : 1;
}

uint32_t pooled_threads() { return pool().size(); }

Team::Team(uint32_t size) : size_(size < 1 ? 1 : size) {
  if (size_ > 1) pool().grow(size_ - 1);
}

void Team::run(uint32_t items, Task task, void* context) const {
  if (size_ == 1 || items < 2) {
    for (uint32_t item = 0; item < items; item++) task(context, item, 0);
    return;
  }
  Job job{task, context, items, size_};
  pool().run(job);
}

}  // namespace ewald

#endif
