// The one thread that speaks MPI: JavaScript hands it operations and goes on; what is under way is tested in turn.
#pragma once
#include <mpi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "addon/buffer.h"

namespace ewald::mpi {

// One call of JavaScript. `begin` runs on the thread of MPI and leaves a request, or none when it is done at once.
struct Operation {
  std::function<int(Operation&)> begin;
  MPI_Request request = MPI_REQUEST_NULL;
  // Bytes a receive must have got; negative where nothing is received by itself.
  int64_t expected = -1;
  int64_t received = -1;
  int code = MPI_SUCCESS;
  // What the promise resolves to: numbers.
  std::vector<double> answer;
  std::vector<int> counts;
  std::vector<addon::Buffer> buffers;
  napi_deferred deferred = nullptr;
};

class Engine {
public:
  // Called on the thread of MPI for each operation that is over.
  using Done = std::function<void(Operation*)>;

  static Engine& instance();
  bool started() const { return started_; }
  void start(Done done);
  void post(Operation* operation);
  // Ends MPI when every rank does, and waits for it.
  void finalize();
  // Ends every rank of the job at once; does not return.
  void abort(int code);

  // The communicators by number; 0 is the world's own copy. Of the thread of MPI alone.
  std::vector<MPI_Comm> comms;
  std::string library;

private:
  void run();
  int open();
  bool test_active();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Operation*> queue_;
  std::vector<Operation*> active_;
  std::thread thread_;
  Done done_;
  bool started_ = false;
  bool ending_ = false;
  int abort_code_ = -1;
};

std::string error_text(int code);

}  // namespace ewald::mpi
