#include "addon/task.h"

#include <new>

namespace ewald::addon {

namespace {
// Each JavaScript environment has its own thread.
thread_local bool here = false;
}  // namespace

void Task::compute_here(bool yes) { here = yes; }

Napi::Value Task::start(Napi::Env env, std::unique_ptr<Task> task) {
  napi_value promise = nullptr, name = nullptr;
  if (here && !task->waits()) {
    if (napi_create_promise(env, &task->deferred_, &promise) != napi_ok)
      throw Napi::Error::New(env, "Node could not create a promise");
    execute(env, task.get());
    task->settle(env);
    return Napi::Value(env, promise);
  }
  if (napi_create_promise(env, &task->deferred_, &promise) != napi_ok ||
      napi_create_string_utf8(env, "ewald", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, execute, complete, task.get(), &task->handle_) != napi_ok ||
      napi_queue_async_work(env, task->handle_) != napi_ok)
    throw Napi::Error::New(env, "Node could not queue work on its thread pool");
  task.release();
  return Napi::Value(env, promise);
}

void Task::execute(napi_env, void* data) {
  Task& task = *static_cast<Task*>(data);
  try {
    task.status_ = task.work();
    // The message is kept per thread: fetch it here, where it was set.
    if (task.status_ != EWALD_STATUS_OK)
      task.message_ = last_error();
    else
      task.done();
  } catch (const std::bad_alloc&) {
    task.status_ = EWALD_STATUS_OUT_OF_MEMORY;
    task.message_ = "out of memory";
  }
}

void Task::complete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  // Cancelled: the environment ended before the work began.
  if (status == napi_ok) task->settle(env);
  napi_delete_async_work(env, task->handle_);
}

void Task::settle(napi_env env) {
  if (status_ != EWALD_STATUS_OK) return reject(env, status_, message_);
  for (Buffer& buffer : buffers)
    if (const std::string why = buffer.give_back(); !why.empty())
      return reject(env, EWALD_STATUS_INVALID_ARGUMENT, why);
  if (const napi_value value = answer(env)) {
    napi_resolve_deferred(env, deferred_, value);
    return;
  }
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_reject_deferred(env, deferred_, thrown);
}

void Task::reject(napi_env env, int32_t status, const std::string& message) {
  napi_value text = nullptr, error = nullptr, number = nullptr;
  if (napi_create_string_utf8(env, message.c_str(), message.size(), &text) != napi_ok ||
      napi_create_error(env, nullptr, text, &error) != napi_ok || napi_create_int32(env, status, &number) != napi_ok ||
      napi_set_named_property(env, error, "status", number) != napi_ok)
    return;
  napi_reject_deferred(env, deferred_, error);
}

napi_value Task::answer(napi_env env) {
  napi_value value = nullptr;
  return napi_get_undefined(env, &value) == napi_ok ? value : nullptr;
}

}  // namespace ewald::addon
