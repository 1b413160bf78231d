#include "mpi/engine.h"

#include <algorithm>
#include <chrono>

namespace ewald::mpi {
namespace {

// Turns without news after which the thread yields less and sleeps more: ranks may share a core.
constexpr int kBusyTurns = 200;
constexpr int kShortSleeps = 2000;

}  // namespace

Engine& Engine::instance() {
  // Never destroyed: the thread may outlive static destructors.
  static Engine* engine = new Engine;
  return *engine;
}

void Engine::start(Done done) {
  started_ = true;
  done_ = std::move(done);
  thread_ = std::thread([this] { run(); });
}

void Engine::post(Operation* operation) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(operation);
  }
  news_.notify_one();
}

void Engine::finalize() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_one();
  thread_.join();
}

void Engine::abort(int code) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    abort_code_ = std::max(1, code);
  }
  news_.notify_one();
  // The job ends this process; if it cannot, the caller goes on ending it.
  std::this_thread::sleep_for(std::chrono::seconds(5));
}

int Engine::open() {
  int there = 0, level = 0;
  MPI_Initialized(&there);
  if (!there)
    if (const int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level); code != MPI_SUCCESS)
      return code;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  library.assign(text, size_t(length));
  MPI_Comm world;
  if (const int code = MPI_Comm_dup(MPI_COMM_WORLD, &world); code != MPI_SUCCESS) return code;
  MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN);
  comms.push_back(world);
  return MPI_SUCCESS;
}

void Engine::run() {
  const int opened = open();
  int idle = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (active_.empty()) news_.wait(lock, [this] { return !queue_.empty() || ending_ || abort_code_ >= 0; });
      if (abort_code_ >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_);
      if (ending_ && queue_.empty() && active_.empty()) break;
    }
    bool news = false;
    for (;;) {
      Operation* operation = nullptr;
      {
        const std::lock_guard lock(mutex_);
        if (queue_.empty()) break;
        operation = queue_.front();
        queue_.pop_front();
      }
      news = true;
      operation->code = opened == MPI_SUCCESS ? operation->begin(*operation) : opened;
      if (operation->code == MPI_SUCCESS && operation->request != MPI_REQUEST_NULL)
        active_.push_back(operation);
      else
        done_(operation);
    }
    news |= test_active();
    idle = news ? 0 : idle + 1;
    if (active_.empty() || idle == 0) continue;
    if (idle < kBusyTurns)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(idle < kShortSleeps ? 20 : 200));
  }
  if (opened == MPI_SUCCESS) MPI_Finalize();
}

bool Engine::test_active() {
  bool news = false;
  for (size_t i = 0; i < active_.size();) {
    Operation* operation = active_[i];
    int done = 0;
    MPI_Status status;
    const int code = MPI_Test(&operation->request, &done, &status);
    if (code == MPI_SUCCESS && !done) {
      i++;
      continue;
    }
    operation->code = code;
    if (operation->expected >= 0 && code == MPI_SUCCESS) {
      int bytes = 0;
      MPI_Get_count(&status, MPI_BYTE, &bytes);
      MPI_Count wide = 0;
      MPI_Get_elements_x(&status, MPI_BYTE, &wide);
      operation->received = std::max<int64_t>(bytes, wide);
    }
    active_.erase(active_.begin() + std::ptrdiff_t(i));
    news = true;
    done_(operation);
  }
  return news;
}

std::string error_text(int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  return MPI_Error_string(code, text, &length) == MPI_SUCCESS ? std::string(text, size_t(length))
                                                              : "MPI error " + std::to_string(code);
}

}  // namespace ewald::mpi
