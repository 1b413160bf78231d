// The launch that decodes blocks of bitshuffle and LZ4, and its table.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "frames/codecs.h"

namespace ewald::cuda::data {

// The largest block: it fits the shared memory that every launch may have.
constexpr std::uint32_t kMostBlock = 32 << 10;
constexpr unsigned kNone = 0xffffffffu;

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
// Shared memory of a warp: a block and what its packed data can be longer, and 16 bytes before and behind them.
constexpr std::size_t shared_bytes(std::uint32_t block) { return round_up(ewald::data::lz4_bound(block)) + 32; }

// A block of a chunk for the kernel.
struct Block {
  std::uint64_t at;  // of the frames
  std::uint32_t from, packed, bytes, frame;
  std::uint32_t stored, pad;
};

// All on the device. `packed` is aligned to 16 bytes, and may be read up to the end of the last 16 bytes of a block;
// `block` is the size of the largest one.
struct Decoding {
  const Block* blocks;
  unsigned count;
  const unsigned char* packed;
  std::uint32_t block;
  unsigned char* frames;
  unsigned* damaged;  // becomes the first frame with a damaged block, if there is one
};
// Elements of 1, 2 or 4 bytes; it does not wait.
void launch_decode(cudaStream_t stream, std::uint32_t element, const Decoding& decoding);

// Throws the error that `ewald_codec_decode` has for such a chunk.
[[noreturn]] void refuse_damaged(std::uint64_t chunk, std::size_t bytes, const char* why);

}  // namespace ewald::cuda::data
