// Lets another thread control the active run of a plan: stop it between two blocks of lines, and read its progress.
#pragma once
#include <atomic>
#include <cstdint>

namespace ewald::fft {

struct Watch {
  std::atomic<bool> stop{false};            // ends runs until it is reset, with the output partly written
  std::atomic<uint64_t> done{0}, whole{0};  // blocks of lines of the latest run

  bool stopped() const { return stop.load(std::memory_order_relaxed); }
};

// Blocks done by one thread, reported only occasionally: threads that reported each block would wait for each other.
class Tally {
public:
  explicit Tally(Watch& watch) : watch_(watch) {}
  ~Tally() { tell(); }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  const Watch& watch() const { return watch_; }

  // Counts one more block; false if the run must end.
  bool next() {
    if (++count_ == 64) tell();
    return !watch_.stopped();
  }

private:
  Watch& watch_;
  uint32_t count_ = 0;

  void tell() {
    if (count_ > 0) watch_.done.fetch_add(count_, std::memory_order_relaxed);
    count_ = 0;
  }
};

}  // namespace ewald::fft
