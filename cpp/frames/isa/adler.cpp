// zlib's checksum (RFC 1950): the sum of the bytes, and the sum of these running sums. Bytes are summed in columns of
// 16 bits, with bytes at even and odd places kept apart, and folded before a column can overflow.
#include <cstring>

#include "frames/isa/vector.h"
#include "frames/kernels.h"

namespace ewald::EWALD_ISA {
namespace {

typedef uint16_t Columns __attribute__((vector_size(vector_bytes)));
constexpr uint32_t prime = 65521;
// 255 n (n - 1) / 2 < 2^16: the maximum number of rows whose sums of sums fit into a column.
constexpr size_t most_rows = 22;

}  // namespace

uint32_t adler32(uint32_t adler, const uint8_t* data, size_t bytes) {
  uint64_t a = adler & 0xffff, b = adler >> 16;
  while (bytes >= vector_bytes) {
    const size_t rows = bytes / vector_bytes < most_rows ? bytes / vector_bytes : most_rows;
    Columns even{}, odd{}, even_later{}, odd_later{};
    for (size_t r = 0; r < rows; r++) {
      Columns row;
      memcpy(&row, data + vector_bytes * r, vector_bytes);
      even_later += even;
      odd_later += odd;
      even += row & 255;
      odd += row >> 8;
    }
    uint32_t sum = 0, later = 0, weighted = 0;
    for (uint32_t i = 0; i < vector_bytes / 2; i++) {
      sum += uint32_t(even[i]) + odd[i];
      later += uint32_t(even_later[i]) + odd_later[i];
      // A byte counts once for itself and once for each byte that follows it in its row.
      const uint32_t before = uint32_t(vector_bytes) - 2 * i;
      weighted += uint32_t(even[i]) * before + uint32_t(odd[i]) * (before - 1);
    }
    b = (b + rows * vector_bytes * a + uint64_t(vector_bytes) * later + weighted) % prime;
    a = (a + sum) % prime;
    data += rows * vector_bytes;
    bytes -= rows * vector_bytes;
  }
  for (; bytes > 0; bytes--) b += a += *data++;
  return uint32_t(b % prime << 16 | a % prime);
}

}  // namespace ewald::EWALD_ISA
