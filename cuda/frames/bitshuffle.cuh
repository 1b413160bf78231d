// Device code of bitshuffle and LZ4: a warp decodes a block in its shared memory and stores the elements.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace ewald::cuda::data {

constexpr unsigned kWarp = 32;

// Adds the bytes that extend a length beyond 15; false at the end of the input.
__device__ __forceinline__ bool lengthen(const unsigned char* memory, unsigned& in, unsigned end, unsigned& length) {
  unsigned more;
  do {
    if (in == end) return false;
    more = memory[in++];
    length += more;
  } while (more == 255);
  return true;
}

// `count` bytes towards lower places, which may overlap: all lanes read before any of them writes.
__device__ __forceinline__ void move_down(unsigned char* memory, unsigned to, unsigned from, unsigned count) {
  for (unsigned first = 0; first < count; first += kWarp) {
    const unsigned i = first + threadIdx.x;
    const unsigned char byte = i < count ? memory[from + i] : 0;
    __syncwarp();
    if (i < count) memory[to + i] = byte;
  }
}

// Words are worth it from kLong bytes on, copied from at least kFar bytes before: what a warp reads in a round, words
// that may begin up to three bytes early and end up to seven bytes late, was complete before the round.
constexpr unsigned kLong = 4 * kWarp, kFar = 4 * kWarp + 8;

// At least kLong bytes from at least kFar bytes before: aligned words, each out of two, and the bytes around them.
__device__ __forceinline__ void copy_words(unsigned char* memory, unsigned to, unsigned distance, unsigned count) {
  const unsigned head = -to & 3u, words = (count - head) / 4;
  const unsigned from = to - distance, start = from + head;
  if (threadIdx.x < head) memory[to + threadIdx.x] = memory[from + threadIdx.x];
  const unsigned* const source = reinterpret_cast<const unsigned*>(memory + (start & ~3u));
  unsigned* const whole = reinterpret_cast<unsigned*>(memory + to + head);
  const unsigned selector = 0x3210 + 0x1111 * (start & 3u);
  for (unsigned first = 0; first < words; first += kWarp) {
    const unsigned i = first + threadIdx.x;
    if (i < words) whole[i] = __byte_perm(source[i], source[i + 1], selector);
    __syncwarp();
  }
  const unsigned last = head + 4 * words + threadIdx.x;
  if (last < count) memory[to + last] = memory[from + last];
}

// Repeats the `distance` bytes before `to` until `count` bytes are written. Single bytes come from those before `to`,
// which are complete, so no lane waits for another. What repeats after a distance also repeats after its multiples, so
// a long match continues in words as soon as one of them is far enough.
__device__ __forceinline__ void repeat(unsigned char* memory, unsigned to, unsigned distance, unsigned count) {
  unsigned single = count, multiple = distance;
  if (count >= kLong) {
    if (distance < kFar) multiple = (kFar + distance - 1) / distance * distance;
    if (count >= multiple - distance + kLong) single = multiple - distance;
  }
  const unsigned char* const source = memory + (to - distance);
  unsigned place = threadIdx.x, step = kWarp;
  if (distance <= kWarp) place %= distance, step %= distance;
  for (unsigned i = threadIdx.x; i < single; i += kWarp) {
    memory[to + i] = source[place];
    place += step;
    if (place >= distance) place -= distance;
  }
  if (single == count) return;
  __syncwarp();
  copy_words(memory, to + single, multiple, count - single);
}

// Decodes the LZ4 data at `in` to `end` into the first `size` bytes of the same memory; false if they are not valid LZ4
// data of this size. All lanes read the same tokens and so take the same way. The output stays behind the input: what
// is left of valid data is at most 2 + n / 255 bytes longer than the n bytes that it becomes, and `end` lies further
// than that behind `size`. Data for which this does not hold are damaged.
__device__ __forceinline__ bool decode_lz4(unsigned char* memory, unsigned in, unsigned end, unsigned size) {
  unsigned out = 0;
  for (;;) {
    if (in == end) return false;
    const unsigned token = memory[in++];
    unsigned literals = token >> 4, length = token & 15;
    if (literals == 15 && !lengthen(memory, in, end, literals)) return false;
    if (literals > end - in || literals > size - out) return false;
    move_down(memory, out, in, literals);
    in += literals;
    out += literals;
    if (in == end) return out == size;
    if (end - in < 2) return false;
    const unsigned distance = memory[in] | unsigned(memory[in + 1]) << 8;
    in += 2;
    if (length == 15 && !lengthen(memory, in, end, length)) return false;
    length += 4;
    if (distance == 0 || distance > out || length > size - out || out + length > in) return false;
    // The literals are written, and the token is read, by all lanes.
    __syncwarp();
    repeat(memory, out, distance, length);
    out += length;
    __syncwarp();
  }
}

// Eight bits of each of eight planes, turned into a byte of each of eight elements: 0 to 3, and 4 to 7.
__device__ __forceinline__ uint2 eight_bytes(const unsigned char* planes, unsigned columns) {
  const auto four = [columns](const unsigned char* from) {
    return from[0] | unsigned(from[columns]) << 8 | unsigned(from[2 * columns]) << 16 |
           unsigned(from[3 * columns]) << 24;
  };
  const auto turned = [](unsigned bits) {
    unsigned other = (bits ^ bits >> 7) & 0x00aa00aau;
    bits ^= other ^ other << 7;
    other = (bits ^ bits >> 14) & 0x0000ccccu;
    return bits ^ other ^ other << 14;
  };
  const unsigned low = turned(four(planes)), high = turned(four(planes + 4 * columns));
  return make_uint2((low & 0x0f0f0f0fu) | (high << 4 & 0xf0f0f0f0u), (low >> 4 & 0x0f0f0f0fu) | (high & 0xf0f0f0f0u));
}

// Eight elements of a column of a block: element i is word i, or a half or a quarter of it.
template <unsigned Element>
struct Eight {
  unsigned words[2 * Element];
  __device__ __forceinline__ Eight(const unsigned char* planes, unsigned columns) {
    uint2 bytes[Element];
#pragma unroll
    for (unsigned b = 0; b < Element; ++b) bytes[b] = eight_bytes(planes + 8 * b * columns, columns);
    if constexpr (Element == 1) {
      words[0] = bytes[0].x, words[1] = bytes[0].y;
    } else if constexpr (Element == 2) {
      words[0] = __byte_perm(bytes[0].x, bytes[1].x, 0x5140), words[1] = __byte_perm(bytes[0].x, bytes[1].x, 0x7362);
      words[2] = __byte_perm(bytes[0].y, bytes[1].y, 0x5140), words[3] = __byte_perm(bytes[0].y, bytes[1].y, 0x7362);
    } else {
      four(words, bytes[0].x, bytes[1].x, bytes[2].x, bytes[3].x);
      four(words + 4, bytes[0].y, bytes[1].y, bytes[2].y, bytes[3].y);
    }
  }

  __device__ __forceinline__ void store(unsigned char* out, bool aligned) const {
    if (Element == 1 && aligned) {
      *reinterpret_cast<uint2*>(out) = make_uint2(words[0], words[1]);
    } else if (aligned) {
#pragma unroll
      for (unsigned i = 0; i + 3 < 2 * Element; i += 4)
        reinterpret_cast<uint4*>(out)[i / 4] = make_uint4(words[i], words[i + 1], words[i + 2], words[i + 3]);
    } else {
#pragma unroll
      for (unsigned i = 0; i < 8; ++i) {
        const unsigned value = words[i * Element / 4] >> (8 * (i * Element % 4));
        if constexpr (Element == 1) out[i] = static_cast<unsigned char>(value);
        if constexpr (Element == 2) reinterpret_cast<std::uint16_t*>(out)[i] = static_cast<std::uint16_t>(value);
        if constexpr (Element == 4) reinterpret_cast<std::uint32_t*>(out)[i] = value;
      }
    }
  }

private:
  // Four bytes of each of four elements, from the bytes of each position.
  __device__ __forceinline__ static void four(unsigned* to, unsigned a, unsigned b, unsigned c, unsigned d) {
    const unsigned ab = __byte_perm(a, b, 0x5140), cd = __byte_perm(c, d, 0x5140);
    to[0] = __byte_perm(ab, cd, 0x5410), to[1] = __byte_perm(ab, cd, 0x7632);
    const unsigned later_ab = __byte_perm(a, b, 0x7362), later_cd = __byte_perm(c, d, 0x7362);
    to[2] = __byte_perm(later_ab, later_cd, 0x5410), to[3] = __byte_perm(later_ab, later_cd, 0x7632);
  }
};

// The elements of a block: planes of bits in shared memory to numbers in device memory, eight numbers of a lane.
template <unsigned Element>
__device__ __forceinline__ void join_planes(const unsigned char* planes, unsigned bytes, unsigned char* out) {
  constexpr unsigned most = Element == 1 ? 8 : 16;
  const bool aligned = reinterpret_cast<std::uintptr_t>(out) % most == 0;
  const unsigned columns = bytes / (8 * Element);
  for (unsigned k = threadIdx.x; k < columns; k += kWarp)
    Eight<Element>(planes + k, columns).store(out + std::size_t(k) * 8 * Element, aligned);
}

}  // namespace ewald::cuda::data
