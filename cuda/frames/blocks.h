// The blocks of a chunk of bitshuffle and LZ4, as the host finds them: a head of 12 bytes (the size of the decoded
// data, the size of a block), then for each block its packed size and its LZ4 data, then up to seven elements as they
// are. Nothing that the chunk states is believed before it fits into what is left of the chunk and of the output.
#pragma once
#include "frames/codecs.h"

namespace ewald::cuda::data {

using ewald::data::Input;
using ewald::data::Outcome;

// A part of a chunk: packed bytes, and where they go to.
struct Part {
  const std::uint8_t* from;
  std::uint32_t packed, bytes;
  std::size_t at;
  // The elements after the last block, which are copied.
  bool stored;
};

class Parts {
public:
  // `bytes` decoded bytes are expected, of elements of `element` bytes.
  Parts(Input chunk, std::size_t bytes, std::uint32_t element);
  // Bytes of a block as the head gives it; 0 if the head is damaged.
  std::uint32_t block() const { return block_; }
  // The next part. False at the end, and if the chunk is damaged: then `outcome` says why.
  bool next(Part& part);
  const Outcome& outcome() const { return outcome_; }

private:
  bool fail(const char* why);

  const std::uint8_t *from_, *const end_;
  const std::size_t bytes_;
  const std::uint32_t unit_;
  std::size_t done_ = 0;
  std::uint32_t block_ = 0;
  Outcome outcome_ = ewald::data::fine;
};

}  // namespace ewald::cuda::data
