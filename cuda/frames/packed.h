// A frame on the device that is sent as a file has packed it, and of which only some pixels come back.
#pragma once
#include <cstdint>

#include "../common/context.h"
#include "../common/memory.h"
#include "decode.h"

namespace ewald::cuda::data {

// Pixels come back in squares of this many to a side, numbered row by row.
constexpr std::uint32_t kTile = 8;

class PackedFrame {
public:
  PackedFrame(ewald_cuda_context& context, std::uint32_t width, std::uint32_t height, std::uint32_t element);
  ~PackedFrame();

  // Finds the blocks of a chunk that stays where it is until the frame is decoded. Throws what is wrong with it, and
  // `LIMIT` for blocks that only cores decode.
  void take(const std::uint8_t* chunk, std::size_t bytes);
  // Sends and decodes what was taken, on a stream; it does not wait.
  void send(cudaStream_t stream);
  // After the stream was waited for: throws if a block was damaged.
  void check() const;
  // Memory for as many tiles; the caller holds the context.
  void reserve(std::uint32_t count);
  // Copies tiles, for which there is memory, to their places in `out`, a whole frame, and waits.
  void tiles(const std::uint32_t* tiles, std::uint32_t count, unsigned char* out);

  unsigned char* data() const { return frame_.data(); }
  std::size_t frame_bytes() const { return frame_.bytes(); }
  int device() const { return context_.device; }
  std::uint64_t device_bytes() const;
  std::uint64_t host_bytes() const;

private:
  void wait();
  std::uint32_t all_tiles() const { return across_ * ((height_ + kTile - 1) / kTile); }
  // Whether as many tiles come back as a whole frame.
  bool is_all(std::uint32_t count) const { return 2 * std::uint64_t(count) >= all_tiles(); }

  ewald_cuda_context& context_;
  const std::uint32_t width_, height_, element_, across_;
  DeviceBuffer<unsigned char> frame_, packed_;
  DeviceBuffer<Block> blocks_;
  DeviceBuffer<unsigned> damaged_;
  DeviceBuffer<std::uint32_t> wanted_;
  DeviceBuffer<unsigned char> gathered_;
  PinnedBuffer<unsigned char> packed_on_host_, gathered_on_host_;
  PinnedBuffer<Block> blocks_on_host_;
  PinnedBuffer<std::uint32_t> wanted_on_host_;
  PinnedBuffer<unsigned> damaged_on_host_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t done_ = nullptr;
  // What was taken.
  const std::uint8_t* chunk_ = nullptr;
  std::size_t bytes_ = 0;
  unsigned count_ = 0;
  std::uint32_t block_ = 0;
};

}  // namespace ewald::cuda::data
