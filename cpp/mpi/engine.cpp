#include "mpi/engine.h"

#include <algorithm>
#include <chrono>

namespace ewald::mpi {
namespace {

// Number of idle rounds after which the thread yields less and sleeps more, because ranks may share a core.
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
  // The job ends this process; if that fails, the caller continues to end it.
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
  if (const int code = MPI_Comm_dup(world, &control_); code != MPI_SUCCESS) return code;
  MPI_Comm_set_errhandler(control_, MPI_ERRORS_RETURN);
  MPI_Comm_rank(world, &rank_);
  MPI_Comm_size(world, &size_);
  left_.resize(size_t(size_));
  add(world, 0);
  return MPI_SUCCESS;
}

size_t Engine::add(MPI_Comm comm, int64_t id) {
  MPI_Comm behind = MPI_COMM_NULL;
  MPI_Comm_dup(comm, &behind);
  MPI_Comm_set_errhandler(behind, MPI_ERRORS_RETURN);
  int size = 0;
  MPI_Comm_size(comm, &size);
  std::vector<int> ranks(static_cast<size_t>(size)), world(static_cast<size_t>(size));
  for (int rank = 0; rank < size; rank++) ranks[size_t(rank)] = rank;
  MPI_Group members, all;
  MPI_Comm_group(comm, &members);
  MPI_Comm_group(control_, &all);
  MPI_Group_translate_ranks(members, size, ranks.data(), all, world.data());
  MPI_Group_free(&members);
  MPI_Group_free(&all);
  groups.push_back({comm, id, world});
  groups.push_back({behind, id + 1, world});
  next_id = std::max(next_id, id + 2);
  return groups.size() - 2;
}

void Engine::count(Operation& operation, int group, int other, int tag, bool receive) {
  const Group& of = groups.at(size_t(group));
  operation.way = receive ? Operation::Way::receive : Operation::Way::send;
  operation.key = {of.id, of.world.at(size_t(other)), tag};
  operation.index = posted_[operation.key][receive ? kReceives : kSends]++;
}

void Engine::leave(int group) {
  std::vector<int64_t> ids;
  for (size_t i = 0; i < groups.size(); i++)
    if (groups[i].comm != MPI_COMM_NULL && (group < 0 || i == size_t(group) || i == size_t(group) + 1))
      ids.push_back(groups[i].id);
  const auto concerns = [&](int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
  for (size_t i = 0; i < active_.size();) {
    Operation* operation = active_[i];
    if (operation->way != Operation::Way::receive || !concerns(operation->key.id)) {
      i++;
      continue;
    }
    MPI_Status status;
    int cancelled = 0;
    MPI_Cancel(&operation->request);
    MPI_Wait(&operation->request, &status);
    MPI_Test_cancelled(&status, &cancelled);
    if (cancelled) posted_[operation->key][kReceives]--;
    operation->ended = Operation::Ended::freed;
    active_.erase(active_.begin() + std::ptrdiff_t(i));
    done_(operation);
  }
  const std::vector<int> everybody = groups.empty() ? std::vector<int>{} : groups[0].world;
  for (const int peer : group < 0 ? everybody : groups.at(size_t(group)).world) {
    if (peer == rank_) continue;
    leaving_.emplace_back(MPI_REQUEST_NULL, words_of(posted_, peer, group < 0, ids));
    auto& [request, words] = leaving_.back();
    MPI_Isend(words.data(), int(words.size()), MPI_INT64_T, peer, 0, control_, &request);
  }
}

void Engine::free(int group) {
  for (size_t i = size_t(group); i < size_t(group) + 2; i++) {
    Group& of = groups.at(i);
    if (of.comm == MPI_COMM_NULL) continue;
    for (auto it = posted_.begin(); it != posted_.end();)
      it = it->first.id == of.id ? posted_.erase(it) : std::next(it);
    for (Leave& leave : left_) leave.forget(of.id);
    MPI_Comm_free(&of.comm);
    of = {};
  }
}

bool Engine::hear_leaves() {
  for (auto it = leaving_.begin(); it != leaving_.end();) {
    int sent = 0;
    MPI_Test(&it->first, &sent, MPI_STATUS_IGNORE);
    it = sent ? leaving_.erase(it) : std::next(it);
  }
  bool news = false;
  for (;;) {
    int there = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, 0, control_, &there, &status) != MPI_SUCCESS || !there) return news;
    int length = 0;
    MPI_Get_count(&status, MPI_INT64_T, &length);
    std::vector<int64_t> words(static_cast<size_t>(length));
    MPI_Recv(words.data(), length, MPI_INT64_T, status.MPI_SOURCE, 0, control_, MPI_STATUS_IGNORE);
    const auto knows = [&](int64_t id) {
      return id >= next_id || std::any_of(groups.begin(), groups.end(), [&](const Group& of) { return of.id == id; });
    };
    hear(left_.at(size_t(status.MPI_SOURCE)), words, knows);
    news = true;
  }
}

bool Engine::all_have_left() const {
  for (int rank = 0; rank < size_; rank++)
    if (rank != rank_ && !left_[size_t(rank)].all) return false;
  return leaving_.empty();
}

void Engine::give_up(Operation& operation) {
  operation.ended = Operation::Ended::left;
  if (operation.way == Operation::Way::receive) {
    MPI_Cancel(&operation.request);
    MPI_Wait(&operation.request, MPI_STATUS_IGNORE);
    return;
  }
  // A send cannot be cancelled: MPI may read the array until the job is over, so it is never freed.
  MPI_Request_free(&operation.request);
  new std::vector<addon::Buffer>(std::move(operation.buffers));
  operation.buffers.clear();
}

void Engine::run() {
  const int opened = open();
  int idle = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (active_.empty()) news_.wait(lock, [this] { return !queue_.empty() || ending_ || abort_code_ >= 0; });
      if (abort_code_ >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_);
      // Pending messages of other ranks are received first, so that no message is left when MPI ends.
      if (ending_ && said_leave_ && queue_.empty() && active_.empty() && (opened != MPI_SUCCESS || all_have_left()))
        break;
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
    bool ending = false;
    {
      const std::lock_guard lock(mutex_);
      ending = ending_ && queue_.empty();
    }
    if (ending && !said_leave_) {
      said_leave_ = true;
      if (opened == MPI_SUCCESS) leave(-1);
    }
    if (opened == MPI_SUCCESS) news |= hear_leaves();
    news |= test_active();
    idle = news ? 0 : idle + 1;
    if ((active_.empty() && !ending) || idle == 0) continue;
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
      const bool message = operation->way != Operation::Way::other;
      const bool receive = operation->way == Operation::Way::receive;
      if (message && left_[size_t(operation->key.peer)].without_partner(operation->key, receive, operation->index)) {
        give_up(*operation);
        active_.erase(active_.begin() + std::ptrdiff_t(i));
        news = true;
        done_(operation);
        continue;
      }
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
