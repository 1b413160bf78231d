// The spots of one image that are finite and not too far out, lowest resolution first, up to the capacity of the
// handle.
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

struct Key {  // resolution in the upper word, place in the caller's list in the lower: ties keep their order
  uint64_t value;
  bool operator<(const Key& other) const { return value < other.value; }
};

// Stable radix sort by the upper word; the lower words come in ascending order.
const uint64_t* sort_by_resolution(uint64_t* keys, uint64_t* other, int n) {
  uint32_t histogram[4][256];
  memset(histogram, 0, sizeof histogram);
  for (int i = 0; i < n; i++)
    for (int digit = 0; digit < 4; digit++) histogram[digit][keys[i] >> (32 + 8 * digit) & 255]++;
  for (int digit = 0; digit < 4; digit++) {
    uint32_t* start = histogram[digit];
    if (n > 0 && start[keys[0] >> (32 + 8 * digit) & 255] == uint32_t(n)) continue;  // all digits equal
    uint32_t total = 0;
    for (int k = 0; k < 256; k++) {
      const uint32_t here = start[k];
      start[k] = total;
      total += here;
    }
    for (int i = 0; i < n; i++) other[start[keys[i] >> (32 + 8 * digit) & 255]++] = keys[i];
    uint64_t* swap = keys;
    keys = other;
    other = swap;
  }
  return keys;
}

void finish(SpotList& list) {
  const float nan = __builtin_nanf("");
  for (int i = list.n; i < padded(list.n); i++) list.x[i] = list.y[i] = list.z[i] = list.length[i] = nan;
  float* r = list.record;
  list.cubes = 0;
  for (int i = 0; i < list.n; i++, r += 12) {
    list.cubes += double(list.length[i]) * list.length[i] * list.length[i];
    const float x = list.x[i], y = list.y[i], z = list.z[i];
    r[0] = x, r[1] = y, r[2] = z;
    r[3] = x * x, r[4] = x * y, r[5] = x * z, r[6] = y * y, r[7] = y * z, r[8] = z * z;
  }
}

}  // namespace

uint32_t take_spots(const float* spots, uint32_t n, int max_spots, Workspace& work, SpotList& list) {
  uint32_t flags = 0;
  uint64_t* keys = work.keys;
  int held = 0;
  bool cut = false;
  for (uint32_t i = 0; i < n; i++) {
    // In double the squares of float32 are exact, so the order does not depend on the instruction set.
    const double x = spots[3 * i], y = spots[3 * i + 1], z = spots[3 * i + 2];
    const float square = float(x * x + y * y + z * z);
    if (!(square <= float(farthest_spot * farthest_spot))) {
      flags |= square < __builtin_inff() ? EWALD_IMAGE_FLAG_TOO_FAR : EWALD_IMAGE_FLAG_NON_FINITE;
      continue;
    }
    if (held == 2 * max_spots) {
      Key* k = reinterpret_cast<Key*>(keys);
      std::nth_element(k, k + max_spots, k + held);
      held = max_spots;
      cut = true;
    }
    uint32_t order;
    memcpy(&order, &square, 4);
    keys[held++] = uint64_t(order) << 32 | i;
  }
  const uint64_t* sorted = keys;
  if (held > max_spots || cut) {
    if (held > max_spots) flags |= EWALD_IMAGE_FLAG_TRUNCATED;
    if (cut) flags |= EWALD_IMAGE_FLAG_TRUNCATED;
    Key* k = reinterpret_cast<Key*>(keys);
    const int take = held < max_spots ? held : max_spots;
    if (held > max_spots) std::nth_element(k, k + max_spots, k + held);
    held = take;
    std::sort(k, k + held);
  } else {
    sorted = sort_by_resolution(keys, work.keys2, held);
  }
  list.n = held;
  for (int i = 0; i < held; i++) {
    const uint32_t from = uint32_t(sorted[i]);
    list.source[i] = from;
    list.x[i] = spots[3 * size_t(from)];
    list.y[i] = spots[3 * size_t(from) + 1];
    list.z[i] = spots[3 * size_t(from) + 2];
    const uint32_t order = uint32_t(sorted[i] >> 32);
    float square;
    memcpy(&square, &order, 4);
    list.length[i] = __builtin_sqrtf(square);
  }
  finish(list);
  return flags;
}

void take_rest(const SpotList& from, const uint8_t* owner, SpotList& list) {
  int n = 0;
  for (int i = 0; i < from.n; i++) {
    if (owner[i] != 0) continue;
    list.x[n] = from.x[i];
    list.y[n] = from.y[i];
    list.z[n] = from.z[i];
    list.length[n] = from.length[i];
    list.source[n] = from.source[i];
    n++;
  }
  list.n = n;
  finish(list);
}

}  // namespace ewald::EWALD_ISA
