// The codecs without vectors: framed LZ4, LZF, byte shuffle, CBF's byte offsets, packed bits, and the checksum.
#include <cstring>

#include "frames/codecs.h"
#include "frames/kernels.h"

namespace ewald::data {

Outcome decode_lz4(Input in, Output out) {
  if (in.bytes < 12) return damaged("the data are shorter than their header of 12 bytes");
  if (big64(in.data) != out.bytes) return damaged("the header gives a size other than the chunk's");
  const size_t block = big32(in.data + 8);
  if (block == 0 && out.bytes > 0) return damaged("the header gives a block size of 0");
  const uint8_t* from = in.data + 12;
  const uint8_t* const end = in.data + in.bytes;
  for (size_t done = 0; done < out.bytes;) {
    const size_t bytes = block < out.bytes - done ? block : out.bytes - done;
    if (end - from < 4) return damaged("the data end before the last block");
    const size_t packed = big32(from);
    from += 4;
    if (packed > size_t(end - from)) return damaged("a block is longer than the chunk");
    // A block that LZ4 would not make smaller is stored uncompressed.
    if (packed == bytes)
      memcpy(out.data + done, from, bytes);
    else if (!lz4_decode({from, packed}, {out.data + done, bytes}, 0))
      return damaged("a block is not valid LZ4 data of its size");
    from += packed;
    done += bytes;
  }
  return from == end ? fine : damaged("there are bytes after the last block");
}

size_t encode_lz4(Input in, uint8_t* out, size_t block) {
  if (block == 0) block = 1 << 16;
  put_big64(out, in.bytes);
  put_big32(out + 8, uint32_t(block));
  size_t written = 12;
  for (size_t done = 0; done < in.bytes;) {
    const size_t bytes = block < in.bytes - done ? block : in.bytes - done;
    size_t packed = lz4_encode({in.data + done, bytes}, out + written + 4);
    if (packed >= bytes) {
      packed = bytes;
      memcpy(out + written + 4, in.data + done, bytes);
    }
    put_big32(out + written, uint32_t(packed));
    written += 4 + packed;
    done += bytes;
  }
  return written;
}

Outcome decode_shuffle(Input in, Output out, uint32_t element) {
  if (in.bytes != out.bytes) return damaged("the size differs from the chunk's");
  const size_t n = out.bytes / element;
  if (n > 0) kernels().join_bytes(in.data, n, element, element, out.data, n);
  if (out.bytes > n * element) memcpy(out.data + n * element, in.data + n * element, out.bytes - n * element);
  return fine;
}

size_t encode_shuffle(Input in, uint8_t* out, uint32_t element) {
  const size_t n = in.bytes / element;
  for (size_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < element; j++) out[j * n + i] = in.data[i * element + j];
  if (in.bytes > n * element) memcpy(out + n * element, in.data + n * element, in.bytes - n * element);
  return in.bytes;
}

Outcome decode_lzf(Input in, Output output) {
  const uint8_t* from = in.data;
  const uint8_t* const end = in.data + in.bytes;
  uint8_t* out = output.data;
  uint8_t* const out_end = output.data + output.bytes;
  while (from < end) {
    const size_t control = *from++;
    if (control < 32) {
      const size_t literals = control + 1;
      if (literals > size_t(end - from) || literals > size_t(out_end - out))
        return damaged("literals extend beyond the end");
      memcpy(out, from, literals);
      from += literals;
      out += literals;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (from == end) return damaged("the data end within a match");
      length += *from++;
    }
    length += 2;
    if (from == end) return damaged("the data end within a match");
    const size_t distance = ((control & 31) << 8 | *from++) + 1;
    if (distance > size_t(out - output.data) || length > size_t(out_end - out))
      return damaged("a match refers to data outside the chunk");
    const uint8_t* const source = out - distance;
    for (size_t i = 0; i < length; i++) out[i] = source[i];
    out += length;
  }
  return out == out_end ? fine : damaged("the data hold less than the chunk");
}

Outcome decode_byte_offset(Input in, Output out) {
  const uint8_t* from = in.data;
  const uint8_t* const end = in.data + in.bytes;
  const auto little = [](const uint8_t* p, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= uint64_t(p[i]) << (8 * i);
    return value;
  };
  // Differences are added modulo 2^32, as writers do.
  uint32_t value = 0;
  const size_t n = out.bytes / 4;
  for (size_t i = 0; i < n; i++) {
    if (from == end) return damaged("the data hold fewer pixels than the frame");
    uint32_t step = uint32_t(int32_t(int8_t(*from)));
    if (*from++ == 0x80) {
      if (end - from < 2) return damaged("the data end within a difference");
      const uint32_t two = uint32_t(little(from, 2));
      from += 2;
      step = uint32_t(int32_t(int16_t(uint16_t(two))));
      if (two == 0x8000) {
        if (end - from < 4) return damaged("the data end within a difference");
        step = uint32_t(little(from, 4));
        from += 4;
        if (step == 0x80000000u) {
          if (end - from < 8) return damaged("the data end within a difference");
          step = uint32_t(little(from, 8));
          from += 8;
        }
      }
    }
    value += step;
    memcpy(out.data + i * 4, &value, 4);
  }
  return fine;
}

Outcome decode_packed(Input in, Output out, uint32_t element, uint32_t bits, bool high_first) {
  const size_t n = out.bytes / element;
  if (in.bytes < (n * bits + 7) / 8) return damaged("the data hold fewer pixels than the frame");
  const uint8_t* from = in.data;
  uint64_t held = 0;
  uint32_t count = 0;
  for (size_t i = 0; i < n; i++) {
    while (count < bits) {
      if (high_first)
        held = held << 8 | *from++;
      else
        held |= uint64_t(*from++) << count;
      count += 8;
    }
    count -= bits;
    const uint64_t mask = (uint64_t(1) << bits) - 1;
    const uint16_t value = uint16_t((high_first ? held >> count : held) & mask);
    if (!high_first) held >>= bits;
    if (element == 1)
      out.data[i] = uint8_t(value);
    else
      memcpy(out.data + i * 2, &value, 2);
  }
  return fine;
}

uint32_t fletcher32(Input in) {
  // Words are big-endian, an odd last byte is the high one of a word; sums are folded before they overflow.
  uint32_t first = 0, second = 0;
  size_t words = in.bytes / 2;
  const uint8_t* from = in.data;
  while (words > 0) {
    size_t stretch = words < 360 ? words : 360;
    words -= stretch;
    for (; stretch > 0; stretch--, from += 2) {
      first += uint32_t(from[0]) << 8 | from[1];
      second += first;
    }
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
  }
  if (in.bytes % 2 != 0) {
    first += uint32_t(*from) << 8;
    second += first;
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
  }
  first = (first & 0xffff) + (first >> 16);
  second = (second & 0xffff) + (second >> 16);
  return second << 16 | first;
}

}  // namespace ewald::data
