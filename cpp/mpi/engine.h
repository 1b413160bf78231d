// The single thread that makes MPI calls: JavaScript submits operations to it and continues; active operations are
// tested in turn.
#pragma once
#include <mpi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "addon/buffer.h"
#include "mpi/leaves.h"

namespace ewald::mpi {

// A communicator as all ranks know it: `id` is the same number everywhere, `world` holds the ranks in the world.
struct Group {
  MPI_Comm comm = MPI_COMM_NULL;
  int64_t id = -1;
  std::vector<int> world;
};

// One call of JavaScript. `begin` runs on the MPI thread and creates a request, or none if the call completes at once.
struct Operation {
  std::function<int(Operation&)> begin;
  MPI_Request request = MPI_REQUEST_NULL;
  // Expected bytes of a receive; negative for operations that are not a plain receive.
  int64_t expected = -1;
  int64_t received = -1;
  int code = MPI_SUCCESS;
  // Why the operation ended without MPI: the other rank has left, or this one has.
  enum class Ended { by_mpi, left, freed } ended = Ended::by_mpi;
  // For a message: its number among messages of its kind.
  enum class Way { other, send, receive } way = Way::other;
  MessageKey key{};
  int64_t index = 0;
  // The numbers that the promise resolves to.
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

  // All of this is used only by the MPI thread. Communicators by number: 0 is a copy of the world, and each has a
  // companion with the same ranks that carries information about their messages.
  std::vector<Group> groups;
  std::string library;
  // Adds a communicator and its companion; returns its number.
  size_t add(MPI_Comm comm, int64_t id);
  // Counts a message that has been posted.
  void count(Operation& operation, int group, int other, int tag, bool receive);
  // Ends the operations of this rank in a group and tells the others that no more messages follow; -1 means all groups.
  void leave(int group);
  void free(int group);
  // The first number that no communicator of this rank uses.
  int64_t next_id = 0;

private:
  void run();
  int open();
  bool test_active();
  bool hear_leaves();
  void give_up(Operation& operation);
  bool all_have_left() const;

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Operation*> queue_;
  std::vector<Operation*> active_;
  std::thread thread_;
  Done done_;
  MPI_Comm control_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  Posted posted_;
  std::vector<Leave> left_;
  // Active leaves; a list, because MPI reads them in place.
  std::list<std::pair<MPI_Request, std::vector<int64_t>>> leaving_;
  bool said_leave_ = false;
  bool started_ = false;
  bool ending_ = false;
  int abort_code_ = -1;
};

std::string error_text(int code);

}  // namespace ewald::mpi
