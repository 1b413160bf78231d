// What another thread may say to the run of a plan that is under way, and ask of it: to stop between two blocks of
// lines, and how far it is.
#pragma once
#include <atomic>
#include <cstdint>

namespace ewald::fft {

struct Watch {
  std::atomic<bool> stop{false};            // ends runs until it is taken back: the output is half written then
  std::atomic<uint64_t> done{0}, whole{0};  // blocks of lines of the latest run

  bool stopped() const { return stop.load(std::memory_order_relaxed); }
};

// Blocks that one thread has done, told now and then: threads that told each block would wait for each other.
class Tally {
public:
  explicit Tally(Watch& watch) : watch_(watch) {}
  ~Tally() { tell(); }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  // One more; false where the run is to end.
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
