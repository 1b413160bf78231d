// Copies a block of a JavaScript array to another place and into another memory order: this packs and unpacks data for
// the ranks of a distributed transform. Rows are copied whole; where two axes are exchanged, the copy works in squares
// of whole cache lines.
#include <algorithm>

#include "addon/room.h"
#include "addon/values.h"

namespace ewald::addon {
namespace {

// The fastest axis of the target comes first; all values are in elements.
struct Block {
  uint64_t sizes[3], from, from_strides[3], to, to_strides[3];
};

template <typename T>
void copy_rows(const T* from, T* to, const Block& b) {
  for (uint64_t k = 0; k < b.sizes[2]; k++)
    for (uint64_t j = 0; j < b.sizes[1]; j++)
      memcpy(to + k * b.to_strides[2] + j * b.to_strides[1], from + k * b.from_strides[2] + j * b.from_strides[1],
             size_t(b.sizes[0]) * sizeof(T));
}

// Exchanges axes 0 and `s`: the source is read along `s`.
template <typename T>
void copy_squares(const T* from, T* to, const Block& b, int s) {
  constexpr uint64_t line = 64 / sizeof(T), patch = 64;
  const int other = 3 - s;
  const uint64_t a0 = b.from_strides[0], as = b.from_strides[s], b0 = b.to_strides[0], bs = b.to_strides[s];
  const uint64_t n0 = b.sizes[0], ns = b.sizes[s];
  for (uint64_t k = 0; k < b.sizes[other]; k++) {
    const T* const source = from + k * b.from_strides[other];
    T* const target = to + k * b.to_strides[other];
    // Works in patches, so that the pages of both sides stay in the TLB, and in squares within them.
    for (uint64_t jp = 0; jp < ns; jp += patch)
      for (uint64_t ip = 0; ip < n0; ip += patch)
        for (uint64_t j0 = jp; j0 < std::min(ns, jp + patch); j0 += line)
          for (uint64_t i0 = ip; i0 < std::min(n0, ip + patch); i0 += line) {
            const uint64_t js = std::min(line, ns - j0), is = std::min(line, n0 - i0);
            const T* const p = source + i0 * a0 + j0 * as;
            T* const q = target + i0 * b0 + j0 * bs;
            if (js < line || is < line || as != 1 || b0 != 1) {
              for (uint64_t j = 0; j < js; j++)
                for (uint64_t i = 0; i < is; i++) q[i * b0 + j * bs] = p[i * a0 + j * as];
              continue;
            }
            T square[line][line];
            for (uint64_t i = 0; i < line; i++)
              for (uint64_t j = 0; j < line; j++) square[j][i] = p[i * a0 + j];
            for (uint64_t j = 0; j < line; j++) memcpy(q + j * bs, square[j], sizeof square[j]);
          }
  }
}

template <typename T>
void copy(const uint8_t* from, uint8_t* to, const Block& b) {
  const T* const source = reinterpret_cast<const T*>(from) + b.from;
  T* const target = reinterpret_cast<T*>(to) + b.to;
  if (b.sizes[0] == 1 || (b.from_strides[0] == 1 && b.to_strides[0] == 1)) return copy_rows(source, target, b);
  copy_squares(source, target, b, b.from_strides[2] == 1 && b.sizes[2] > 1 ? 2 : 1);
}

// Number of elements that a side must have.
uint64_t reach(const uint64_t sizes[3], uint64_t first, const uint64_t strides[3]) {
  unsigned __int128 last = first;
  for (int i = 0; i < 3; i++) last += static_cast<unsigned __int128>(sizes[i] - 1) * strides[i];
  return last > (uint64_t(1) << 53) ? UINT64_MAX : uint64_t(last) + 1;
}

struct Double {
  double numbers[2];
};

// copyBlock(from, to, elementBytes, n0, n1, n2, from, a0, a1, a2, to, b0, b1, b2)
Napi::Value copy_block(const CallbackInfo& info) {
  const View from = view_at(info, 0, 0), to = view_at(info, 1, 0);
  const uint32_t element = uint32_of(info, 2);
  Block b{};
  for (size_t i = 0; i < 3; i++) {
    b.sizes[i] = whole_number(info, 3 + i);
    b.from_strides[i] = whole_number(info, 7 + i);
    b.to_strides[i] = whole_number(info, 11 + i);
  }
  b.from = whole_number(info, 6);
  b.to = whole_number(info, 10);
  if (b.sizes[0] == 0 || b.sizes[1] == 0 || b.sizes[2] == 0) return info.Env().Undefined();
  if (element != 4 && element != 8 && element != 16)
    throw argument_error(info.Env(), "copyBlock: elements have 4, 8 or 16 bytes");
  if (reach(b.sizes, b.from, b.from_strides) > from.bytes / element ||
      reach(b.sizes, b.to, b.to_strides) > to.bytes / element)
    throw argument_error(info.Env(), "copyBlock: the block lies outside the arrays");
  if (element == 4)
    copy<float>(from.data, to.data, b);
  else if (element == 8)
    copy<double>(from.data, to.data, b);
  else
    copy<Double>(from.data, to.data, b);
  return info.Env().Undefined();
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("copyBlock", Napi::Function::New(env, copy_block, "copyBlock"));
});

}  // namespace
}  // namespace ewald::addon
