// The one thread that speaks MPI: JavaScript hands it operations and goes on; what is under way is tested in turn.
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

// One call of JavaScript. `begin` runs on the thread of MPI and leaves a request, or none when it is done at once.
struct Operation {
  std::function<int(Operation&)> begin;
  MPI_Request request = MPI_REQUEST_NULL;
  // Bytes a receive must have got; negative where nothing is received by itself.
  int64_t expected = -1;
  int64_t received = -1;
  int code = MPI_SUCCESS;
  // Why it is over without MPI: the other rank has left, or this one has.
  enum class Ended { by_mpi, left, freed } ended = Ended::by_mpi;
  // Of a message: which one of its kind it is.
  enum class Way { other, send, receive } way = Way::other;
  MessageKey key{};
  int64_t index = 0;
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

  // All of this is of the thread of MPI alone. The communicators by number: 0 is the world's own copy, and behind each
  // lies one with the same ranks for what they say about their messages.
  std::vector<Group> groups;
  std::string library;
  // Adds a communicator and the one behind it; gives its number.
  size_t add(MPI_Comm comm, int64_t id);
  // Counts a message that has been posted.
  void count(Operation& operation, int group, int other, int tag, bool receive);
  // Ends what this rank waits for in a group and tells the others that nothing more comes; -1 is all groups.
  void leave(int group);
  void free(int group);
  // The first number that no communicator of this rank has.
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
  // Leaves under way; a list, since MPI reads them where they are.
  std::list<std::pair<MPI_Request, std::vector<int64_t>>> leaving_;
  bool said_leave_ = false;
  bool started_ = false;
  bool ending_ = false;
  int abort_code_ = -1;
};

std::string error_text(int code);

}  // namespace ewald::mpi
