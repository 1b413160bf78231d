// The individual codecs. A decoder fills exactly `out_bytes` or returns false with the reason in `why`.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::data {

// Why an input is invalid, in words; running out of memory is a separate error.
struct Outcome {
  const char* why = nullptr;
  bool out_of_memory = false;
  bool ok() const { return why == nullptr; }
};
constexpr Outcome fine{};
inline Outcome damaged(const char* why) { return {why}; }

struct Input {
  const uint8_t* data;
  size_t bytes;
};
struct Output {
  uint8_t* data;
  size_t bytes;
};

// LZ4 block. Up to `slack` bytes after the output may be overwritten, so that short copies can use whole vectors.
bool lz4_decode(Input in, Output out, size_t slack);
// Returns the bytes written; `capacity` must be at least lz4_bound(in.bytes).
size_t lz4_encode(Input in, uint8_t* out);
constexpr size_t lz4_bound(size_t bytes) { return bytes + bytes / 255 + 16; }

// Default number of elements in a bitshuffle block.
constexpr size_t default_block(uint32_t element) {
  const size_t elements = 8192 / element / 8 * 8;
  return elements < 128 ? 128 : elements;
}

Outcome decode_bitshuffle_lz4(Input in, Output out, uint32_t element);
Outcome decode_bitshuffle(Input in, Output out, uint32_t element, size_t block);
Outcome decode_lz4(Input in, Output out);
Outcome decode_shuffle(Input in, Output out, uint32_t element);
Outcome decode_lzf(Input in, Output out);
Outcome decode_byte_offset(Input in, Output out);
// `compares`: whether the checksum after the data must match.
Outcome decode_zlib(Input in, Output out, bool compares);
Outcome decode_packed(Input in, Output out, uint32_t element, uint32_t bits, bool high_first);

// Encoders: `out` holds at least encoded_bound; they return the bytes written, or 0 if there is no memory for a block.
size_t encode_bitshuffle_lz4(Input in, uint8_t* out, uint32_t element, size_t block);
size_t encode_bitshuffle(Input in, uint8_t* out, uint32_t element, size_t block);
size_t encode_lz4(Input in, uint8_t* out, size_t block);
size_t encode_shuffle(Input in, uint8_t* out, uint32_t element);

// HDF5's Fletcher-32 of `bytes`.
uint32_t fletcher32(Input in);

inline uint32_t big32(const uint8_t* p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 | p[3];
}
inline uint64_t big64(const uint8_t* p) { return uint64_t(big32(p)) << 32 | big32(p + 4); }
inline void put_big32(uint8_t* p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = uint8_t(value >> (24 - 8 * i));
}
inline void put_big64(uint8_t* p, uint64_t value) {
  put_big32(p, uint32_t(value >> 32));
  put_big32(p + 4, uint32_t(value));
}

}  // namespace ewald::data
