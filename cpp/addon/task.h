// Work on a thread of Node's pool, as a promise.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "addon/buffer.h"

namespace ewald::addon {

// The environment may end while work is under way (worker.terminate(), process.exit()): Node waits for it, then calls
// `complete` where JavaScript can no longer be entered. Every call there may fail, at any moment, and a failed one must
// change nothing: hence the bare Node-API, whose C++ wrapper would abort the process.
class Task {
public:
  virtual ~Task() = default;
  // Queues the task, which is gone when it is done; on a thread that computes itself, does it.
  static Napi::Value start(Napi::Env env, std::unique_ptr<Task> task);
  // Whether this thread, one of Node's workers, computes itself: where there are as many workers as cores, the pool's
  // threads have no core of their own, and frames change caches with threads.
  static void compute_here(bool here);

  // Arrays that the work touches.
  std::vector<Buffer> buffers;

protected:
  // Whether it waits for a device more than it computes: such a task always goes to the pool.
  virtual bool waits() const { return false; }
  // Mostly on another thread: no JavaScript.
  virtual int32_t work() = 0;
  // There, too, after work that succeeded.
  virtual void done() {}
  // What the promise resolves to; nullptr where it could not be made.
  virtual napi_value answer(napi_env env);

private:
  static void execute(napi_env env, void* data);
  static void complete(napi_env env, napi_status status, void* data);
  void settle(napi_env env);
  void reject(napi_env env, int32_t status, const std::string& message);

  napi_async_work handle_ = nullptr;
  napi_deferred deferred_ = nullptr;
  int32_t status_ = EWALD_STATUS_OK;
  std::string message_;
};

// What tasks answer with: a number or, of 64 bits, a bigint. Nullptr where the environment ends.
inline napi_value count_value(napi_env env, uint32_t count) {
  napi_value value = nullptr;
  return napi_create_uint32(env, count, &value) == napi_ok ? value : nullptr;
}
inline napi_value count_value(napi_env env, uint64_t count) {
  napi_value value = nullptr;
  return napi_create_bigint_uint64(env, count, &value) == napi_ok ? value : nullptr;
}

}  // namespace ewald::addon
