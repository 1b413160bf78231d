// LZ4 blocks: literals and matches in turn, until literals end the block.
#include <cstring>

#include "frames/codecs.h"
#include "frames/copies.h"

namespace ewald::data {
namespace {

// Adds the bytes that extend a length beyond 15; false at the end of the input.
inline bool lengthen(const uint8_t*& in, const uint8_t* end, size_t& length) {
  uint8_t more;
  do {
    if (in == end) return false;
    more = *in++;
    length += more;
  } while (more == 255);
  return true;
}

}  // namespace

bool lz4_decode(Input input, Output output, size_t slack) {
  const uint8_t* in = input.data;
  const uint8_t* const in_end = in + input.bytes;
  uint8_t* out = output.data;
  uint8_t* const out_end = out + output.bytes;
  for (;;) {
    if (in == in_end) return false;
    const uint32_t token = *in++;
    size_t literals = token >> 4;
    if (literals == 15 && !lengthen(in, in_end, literals)) return false;
    if (literals > size_t(in_end - in) || literals > size_t(out_end - out)) return false;
    // Whole vectors where both sides have room, exact bytes at the ends.
    if (size_t(in_end - in) >= literals + 16 && size_t(out_end - out) + slack >= literals + 16) {
      size_t i = 0;
      do copy16(out + i, in + i);
      while ((i += 16) < literals);
    } else {
      memcpy(out, in, literals);
    }
    in += literals;
    out += literals;
    if (in == in_end) return out == out_end;
    if (in_end - in < 2) return false;
    const size_t distance = size_t(in[0]) | size_t(in[1]) << 8;
    in += 2;
    size_t length = token & 15;
    if (length == 15 && !lengthen(in, in_end, length)) return false;
    length += 4;
    if (distance == 0 || distance > size_t(out - output.data) || length > size_t(out_end - out)) return false;
    if (size_t(out_end - out) + slack >= length + 16) {
      repeat_wide(out, distance, length);
    } else {
      const uint8_t* const from = out - distance;
      for (size_t i = 0; i < length; i++) out[i] = from[i];
    }
    out += length;
  }
}

size_t lz4_encode(Input input, uint8_t* const output) {
  constexpr uint32_t hash_bits = 12;
  // The format requires that the last five bytes are literals and that no match starts in the last twelve.
  constexpr size_t last_literals = 5, last_match = 12;
  uint32_t seen[1 << hash_bits] = {};  // position + 1 of the latest place with a hash
  const uint8_t* const in = input.data;
  uint8_t* out = output;
  size_t anchor = 0;
  const auto put_length = [&](size_t length) {
    for (; length >= 255; length -= 255) *out++ = 255;
    *out++ = uint8_t(length);
  };
  const auto put_literals = [&](size_t count, uint32_t match_nibble) {
    *out++ = uint8_t((count < 15 ? count : 15) << 4 | match_nibble);
    if (count >= 15) put_length(count - 15);
    if (count > 0) memcpy(out, in + anchor, count);
    out += count;
  };
  const auto word_at = [&](size_t at) {
    uint32_t word;
    memcpy(&word, in + at, 4);
    return word;
  };
  size_t at = 0;
  while (input.bytes > last_match && at < input.bytes - last_match) {
    const uint32_t word = word_at(at);
    uint32_t& place = seen[word * 2654435761u >> (32 - hash_bits)];
    const size_t candidate = place;
    place = uint32_t(at + 1);
    if (candidate == 0 || at + 1 - candidate > 65535 || word_at(candidate - 1) != word) {
      at += 1 + ((at - anchor) >> 6);  // skips faster through incompressible data
      continue;
    }
    const size_t distance = at + 1 - candidate, limit = input.bytes - last_literals;
    size_t length = 4;
    while (at + length < limit && in[at + length] == in[at + length - distance]) length++;
    put_literals(at - anchor, uint32_t(length - 4 < 15 ? length - 4 : 15));
    *out++ = uint8_t(distance);
    *out++ = uint8_t(distance >> 8);
    if (length - 4 >= 15) put_length(length - 4 - 15);
    at += length;
    anchor = at;
  }
  put_literals(input.bytes - anchor, 0);
  return size_t(out - output);
}

}  // namespace ewald::data
