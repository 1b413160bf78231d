// Work on a thread of Node's pool, returned as a promise.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "addon/buffer.h"

namespace ewald::addon {

// The environment may end while work is active (worker.terminate(), process.exit()): Node waits for the work, then
// calls `complete` when JavaScript can no longer be entered. Every call there may fail at any moment, and a failed call
// must change nothing. This is why it uses the bare Node-API, whose C++ wrapper would abort the process.
class Task {
public:
  virtual ~Task() = default;
  // Queues the task, which deletes itself when it is done; on a thread that computes synchronously, runs it.
  static Napi::Value start(Napi::Env env, std::unique_ptr<Task> task);
  // Whether this thread, one of Node's workers, computes synchronously: if there are as many workers as cores, no core
  // is left for the pool's threads, and frames would move between caches with the threads.
  static void compute_here(bool here);

  // Arrays that the work accesses.
  std::vector<Buffer> buffers;

protected:
  // Whether the task waits for a device or a disk: such a task goes to the pool. Called on the thread of JavaScript, if
  // that computes synchronously.
  virtual bool waits() { return false; }
  // Usually called on another thread, so it must not use JavaScript.
  virtual int32_t work() = 0;
  // Called on the same thread after the work has succeeded.
  virtual void done() {}
  // The value that the promise resolves to; nullptr if it could not be created.
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

// Results of tasks: a number or, for 64 bits, a bigint. Nullptr if the environment is ending.
inline napi_value count_value(napi_env env, uint32_t count) {
  napi_value value = nullptr;
  return napi_create_uint32(env, count, &value) == napi_ok ? value : nullptr;
}
inline napi_value count_value(napi_env env, uint64_t count) {
  napi_value value = nullptr;
  return napi_create_bigint_uint64(env, count, &value) == napi_ok ? value : nullptr;
}

}  // namespace ewald::addon
