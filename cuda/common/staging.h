// Long copies between pageable memory and the device, through pieces of page-locked memory: while some pieces cross the
// bus the others are filled or emptied here, whereas the driver's own copies would alternate. One thread copies a
// quarter of what the bus of a server card carries, so a team does it, and each member hands its own pieces to the bus.
// One per context, used with its lock.
#pragma once
#include <algorithm>
#include <cstdint>
#include <mutex>

#include "check.h"
#include "common/threads.h"
#include "memory.h"

namespace ewald::cuda {

class Staging {
public:
  explicit Staging(int device) : device_(device) {}
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Returns when `from` has been read; later work on the stream sees the data.
  void to_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream);
  // Returns when `to` has been written.
  void from_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

private:
  // Below this size the driver's copy is equally fast.
  static constexpr std::size_t short_bytes = std::size_t(1) << 20;
  // Two pieces a thread: one crosses the bus while the other is filled.
  static constexpr std::size_t piece_bytes = std::size_t(512) << 10;
  static constexpr std::uint32_t most_threads = 8, pieces = 2 * most_threads;
  struct Piece {
    PinnedBuffer<unsigned char> memory;
    cudaEvent_t done = nullptr;
    std::mutex busy;
  };
  void make();
  // Calls `copy` for each piece of `bytes`: with the place of the piece in the whole and its length.
  template <class Copy>
  void in_pieces(std::size_t bytes, const Copy& copy);

  const int device_;
  const Team team_{std::min(most_threads, thread_count(0))};
  Piece pieces_[pieces];
};

}  // namespace ewald::cuda
