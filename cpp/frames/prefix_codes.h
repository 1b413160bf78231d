// Tables of deflate's prefix codes (RFC 1951, 3.2.2): the next bits of the stream index a table, whose entry gives
// their meaning and the number of bits consumed.
#pragma once
#include <cstdint>

namespace ewald::data {

// An entry; its lowest six bits hold the number of bits that it consumes, extra bits included.
//   literals  bit 31; one or two bytes from bit 8 on, their number in bits 24 and 25
//   a number  the bits of the code alone from bit 8 on, the number without its extra bits from bit 16 on
//   special   bit 7: a link to a table of longer codes with bit 6 (the bits that choose in it from bit 8 on, where it
//             begins from bit 16 on), else the end of the block with bit 16, else bits that no code has
namespace entry {
constexpr uint32_t literal = 1u << 31, special = 0x80, link = 0xc0, end = special | 1u << 16;
constexpr uint32_t byte(uint32_t value) { return literal | 1u << 24 | value << 8; }
constexpr uint32_t number(uint32_t base, uint32_t extra) { return base << 16 | extra; }
constexpr uint32_t takes(uint32_t e) { return e & 63; }
constexpr uint32_t code_bits(uint32_t e) { return e >> 8 & 63; }
constexpr uint32_t base(uint32_t e) { return e >> 16; }
constexpr uint32_t literals(uint32_t e) { return e >> 24 & 3; }
constexpr bool is_link(uint32_t e) { return (e & link) == link; }
}  // namespace entry

constexpr uint32_t longest_code = 15;

// Fills a table of `capacity` entries, of which the first 2^direct are indexed by the next bits, from the lengths of
// the symbols' codes; `meanings` are their entries without a code. Returns false if the lengths are not a valid code.
// Without `complete`, a single code of one bit and an empty code are also valid: deflate has both for distances.
inline bool build_table(uint32_t* table, uint32_t capacity, uint32_t direct, const uint8_t* lengths, uint32_t symbols,
                        const uint32_t* meanings, bool complete) {
  uint32_t count[longest_code + 1] = {}, place[longest_code + 2] = {};
  for (uint32_t s = 0; s < symbols; s++) count[lengths[s]]++;
  count[0] = 0;
  uint32_t longest = 0;
  int32_t left = 1;
  for (uint32_t length = 1; length <= longest_code; length++) {
    left = 2 * left - int32_t(count[length]);
    if (left < 0) return false;
    if (count[length] > 0) longest = length;
    place[length + 1] = place[length] + count[length];
  }
  if (left > 0 && (complete || longest > 1)) return false;
  uint16_t sorted[320];
  for (uint32_t s = 0; s < symbols; s++)
    if (lengths[s] > 0) sorted[place[lengths[s]]++] = uint16_t(s);
  const uint32_t size = 1u << direct;
  for (uint32_t i = 0; left > 0 && i < size; i++) table[i] = entry::special;
  // Codes are stored with their first bit lowest, so the code is incremented from its other end.
  uint32_t code = 0, used = size, sub = 0, sub_bits = 0, prefix = ~0u;
  const uint16_t* symbol = sorted;
  for (uint32_t length = 1; length <= longest; length++)
    for (; count[length] > 0; count[length]--) {
      uint32_t bits = length, at = code;
      uint32_t *into = table, room = size;
      if (length > direct) {
        if ((code & (size - 1)) != prefix) {
          prefix = code & (size - 1);
          // As large as the codes with this prefix need.
          sub_bits = length - direct;
          for (int32_t free = (1 << sub_bits) - int32_t(count[length]); free > 0 && sub_bits + direct < longest;) {
            sub_bits++;
            free = 2 * free - int32_t(count[sub_bits + direct]);
          }
          sub = used;
          used += 1u << sub_bits;
          if (used > capacity) return false;
          table[prefix] = entry::link | sub_bits << 8 | sub << 16;
        }
        bits -= direct;
        at >>= direct;
        into += sub;
        room = 1u << sub_bits;
      }
      const uint32_t meaning = meanings[*symbol++];
      const uint32_t found = meaning + bits + (meaning & entry::literal ? 0 : bits << 8);
      for (; at < room; at += 1u << bits) into[at] = found;
      uint32_t step = 1u << (length - 1);
      while (code & step) step >>= 1;
      code = (code & (step - 1)) | step;
    }
  return true;
}

// A literal whose successor is determined by the same bits includes it.
inline void pair_literals(uint32_t* table, uint32_t direct) {
  // Runs from the end: the entry of the second literal lies earlier and still holds a single literal.
  for (uint32_t i = 1u << direct; i-- > 0;) {
    const uint32_t first = table[i], bits = entry::takes(first);
    if (!(first & entry::literal)) continue;
    const uint32_t second = table[i >> bits];
    if (!(second & entry::literal) || bits + entry::takes(second) > direct) continue;
    table[i] = (first + (1u << 24) + entry::takes(second)) | (second >> 8 & 0xff) << 16;
  }
}

}  // namespace ewald::data
