// Long copies between pageable memory and the device, through two pieces of page-locked memory: while one piece crosses
// the bus the other is filled or emptied here, whereas the driver's own copies would alternate. One per context, used
// with its lock.
#pragma once
#include "check.h"
#include "memory.h"

namespace ewald::cuda {

class Staging {
public:
  Staging() = default;
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Returns when `from` has been read; later work on the stream sees the data.
  void to_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream);
  // Returns when `to` has been written.
  void from_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

private:
  // Below this size the driver's copy is equally fast.
  static constexpr std::size_t piece_bytes = std::size_t(4) << 20, short_bytes = std::size_t(1) << 20;
  struct Piece {
    PinnedBuffer<unsigned char> memory;
    cudaEvent_t done = nullptr;
  };
  void make();
  Piece pieces_[2];
};

}  // namespace ewald::cuda
