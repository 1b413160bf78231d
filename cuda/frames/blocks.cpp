#include "blocks.h"

#include <algorithm>

namespace ewald::cuda::data {

using namespace ewald::data;

namespace {
constexpr std::size_t head = 12;
}

Parts::Parts(Input chunk, std::size_t bytes, std::uint32_t element)
    : from_(chunk.data), end_(chunk.data + chunk.bytes), bytes_(bytes), unit_(8 * element) {
  if (chunk.bytes < head) {
    fail("the data are shorter than their header of 12 bytes");
    return;
  }
  const std::uint64_t stated = big64(chunk.data);
  const std::uint32_t block = big32(chunk.data + 8);
  from_ += head;
  if (stated != bytes)
    fail("the header gives a size other than the chunk's");
  else if (block == 0 || block % unit_ != 0)
    fail("the header gives an invalid block size");
  else
    block_ = block;
}

bool Parts::fail(const char* why) {
  outcome_ = damaged(why);
  return false;
}

bool Parts::next(Part& part) {
  if (!outcome_.ok()) return false;
  const std::size_t left = bytes_ - done_, here = std::size_t(end_ - from_);
  if (left < unit_) {
    if (here != left) return fail("the data do not end after the last elements");
    if (left == 0) return false;
    part = {from_, std::uint32_t(left), std::uint32_t(left), done_, true};
    from_ += left;
    done_ += left;
    return true;
  }
  const std::size_t bytes = std::min<std::size_t>(block_, left / unit_ * unit_);
  if (here < 4) return fail("the data end before the last block");
  const std::uint32_t packed = big32(from_);
  if (packed > here - 4) return fail("a block is longer than the chunk");
  // No LZ4 data of this many bytes are longer, so a kernel may rely on room for them.
  if (packed > lz4_bound(bytes)) return fail("a block is not valid LZ4 data of its size");
  part = {from_ + 4, packed, std::uint32_t(bytes), done_, false};
  from_ += 4 + packed;
  done_ += bytes;
  return true;
}

}  // namespace ewald::cuda::data
