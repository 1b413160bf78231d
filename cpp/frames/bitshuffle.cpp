// Bitshuffle, with LZ4 and without: blocks of elements whose bits are grouped by position. Remaining elements that do
// not fill a group of eight are stored unchanged after the last block.
#include <cstring>

#include "common/cpu.h"
#include "common/memory.h"
#include "frames/codecs.h"
#include "frames/kernels.h"

namespace ewald::data {
namespace {

constexpr size_t copy_slack = 32;

// Memory for one block and for the overrun of copies: on the stack if blocks have the usual size.
class Scratch {
public:
  explicit Scratch(size_t bytes) {
    if (bytes <= sizeof near_)
      data_ = near_;
    else
      data_ = far_ = static_cast<uint8_t*>(allocate_raw(bytes));
  }
  ~Scratch() { release(far_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  uint8_t* data() { return data_; }

private:
  alignas(64) uint8_t near_[2 * (8192 + 64)];
  uint8_t* far_ = nullptr;
  uint8_t* data_;
};

// One block of n elements, n a multiple of eight: bit planes to elements. `streams` has room for n * element bytes.
void unshuffle_block(const uint8_t* planes, uint8_t* streams, uint8_t* out, size_t n, uint32_t element) {
  const Kernels& kernel = kernels();
  if (element == 1) return kernel.join_bits(planes, out, n / 8);
  uint32_t used = element;
  while (used > 1 && kernel.is_zero(planes + (used - 1) * n, n)) used--;
  // Instantiated for these numbers of nonzero streams.
  if (element == 8) used = 8;
  for (uint32_t byte = 0; byte < used; byte++) kernel.join_bits(planes + byte * n, streams + byte * n, n / 8);
  kernel.join_bytes(streams, n, used, element, out, n);
}

// The inverse, without vectors.
void shuffle_block(const uint8_t* in, uint8_t* planes, size_t n, uint32_t element) {
  const size_t columns = n / 8;
  for (uint32_t byte = 0; byte < element; byte++)
    for (size_t k = 0; k < columns; k++) {
      uint64_t column = 0;
      for (size_t i = 0; i < 8; i++) column |= uint64_t(in[(k * 8 + i) * element + byte]) << (8 * i);
      uint64_t t = (column ^ (column >> 7)) & 0x00aa00aa00aa00aau;
      column ^= t ^ (t << 7);
      t = (column ^ (column >> 14)) & 0x0000cccc0000ccccu;
      column ^= t ^ (t << 14);
      t = (column ^ (column >> 28)) & 0x00000000f0f0f0f0u;
      column ^= t ^ (t << 28);
      for (size_t i = 0; i < 8; i++) planes[(byte * 8 + i) * columns + k] = uint8_t(column >> (8 * i));
    }
}

size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace

#define EWALD_BEST(isa) \
  Kernels { isa::is_zero, isa::join_bits, isa::join_bytes, isa::swap_bytes, isa::adler32, isa::convert_words }
const Kernels& kernels() {
#if defined(__wasm_simd128__)
  static constexpr Kernels best = EWALD_BEST(simd128);
#elif defined(__x86_64__)
  static const Kernels best = best_isa() == Isa::avx512 ? EWALD_BEST(avx512)
                              : best_isa() == Isa::avx2 ? EWALD_BEST(avx2)
                                                        : EWALD_BEST(sse2);
#else
  static constexpr Kernels best = EWALD_BEST(neon);
#endif
  return best;
}
#undef EWALD_BEST

Outcome decode_bitshuffle_lz4(Input in, Output out, uint32_t element) {
  if (in.bytes < 12) return damaged("the data are shorter than their header of 12 bytes");
  if (big64(in.data) != out.bytes) return damaged("the header gives a size other than the chunk's");
  const size_t block = big32(in.data + 8), unit = size_t(element) * 8;
  if (block == 0 || block % unit != 0) return damaged("the header gives an invalid block size");
  const uint8_t* from = in.data + 12;
  const uint8_t* const end = in.data + in.bytes;
  const size_t most = smaller(block, out.bytes / unit * unit), half = most + copy_slack;
  Scratch scratch(2 * half);
  if (scratch.data() == nullptr) return {"no memory for a block", true};
  size_t done = 0;
  while (out.bytes - done >= unit) {
    const size_t bytes = smaller(block, (out.bytes - done) / unit * unit);
    if (end - from < 4) return damaged("the data end before the last block");
    const size_t packed = big32(from);
    from += 4;
    if (packed > size_t(end - from)) return damaged("a block is longer than the chunk");
    if (!lz4_decode({from, packed}, {scratch.data(), bytes}, copy_slack))
      return damaged("a block is not valid LZ4 data of its size");
    unshuffle_block(scratch.data(), scratch.data() + half, out.data + done, bytes / element, element);
    from += packed;
    done += bytes;
  }
  if (size_t(end - from) != out.bytes - done) return damaged("the data do not end after the last elements");
  if (out.bytes > done) memcpy(out.data + done, from, out.bytes - done);
  return fine;
}

Outcome decode_bitshuffle(Input in, Output out, uint32_t element, size_t block) {
  if (in.bytes != out.bytes) return damaged("the size differs from the chunk's");
  const size_t unit = size_t(element) * 8;
  if (block == 0) block = default_block(element);
  if (block % 8 != 0 || block > (size_t(1) << 28)) return damaged("invalid block size");
  const size_t block_bytes = block * element;
  Scratch scratch(smaller(block_bytes, out.bytes) + copy_slack);
  if (scratch.data() == nullptr) return {"no memory for a block", true};
  size_t done = 0;
  while (out.bytes - done >= unit) {
    const size_t bytes = smaller(block_bytes, (out.bytes - done) / unit * unit);
    unshuffle_block(in.data + done, scratch.data(), out.data + done, bytes / element, element);
    done += bytes;
  }
  if (out.bytes > done) memcpy(out.data + done, in.data + done, out.bytes - done);
  return fine;
}

size_t encode_bitshuffle_lz4(Input in, uint8_t* out, uint32_t element, size_t block) {
  if (block == 0) block = default_block(element);
  const size_t block_bytes = block * element, unit = size_t(element) * 8;
  Scratch scratch(smaller(block_bytes, in.bytes) + copy_slack);
  if (scratch.data() == nullptr) return 0;
  put_big64(out, in.bytes);
  put_big32(out + 8, uint32_t(block_bytes));
  size_t written = 12, done = 0;
  while (in.bytes - done >= unit) {
    const size_t bytes = smaller(block_bytes, (in.bytes - done) / unit * unit);
    shuffle_block(in.data + done, scratch.data(), bytes / element, element);
    const size_t packed = lz4_encode({scratch.data(), bytes}, out + written + 4);
    put_big32(out + written, uint32_t(packed));
    written += 4 + packed;
    done += bytes;
  }
  if (in.bytes > done) memcpy(out + written, in.data + done, in.bytes - done);
  return written + in.bytes - done;
}

size_t encode_bitshuffle(Input in, uint8_t* out, uint32_t element, size_t block) {
  if (block == 0) block = default_block(element);
  const size_t block_bytes = block * element, unit = size_t(element) * 8;
  size_t done = 0;
  while (in.bytes - done >= unit) {
    const size_t bytes = smaller(block_bytes, (in.bytes - done) / unit * unit);
    shuffle_block(in.data + done, out + done, bytes / element, element);
    done += bytes;
  }
  if (in.bytes > done) memcpy(out + done, in.data + done, in.bytes - done);
  return in.bytes;
}

}  // namespace ewald::data
