// zlib streams (RFC 1950 and 1951), which HDF5 calls gzip, into memory of known size.
#include <cstdio>
#include <cstring>

#include "frames/codecs.h"
#include "frames/copies.h"
#include "frames/kernels.h"
#include "frames/prefix_codes.h"

namespace ewald::data {
namespace {

constexpr uint32_t length_bits = 11, distance_bits = 8, order_bits = 7;
// Table sizes for the largest complete codes of 288 and 32 symbols; build_table enforces them.
constexpr uint32_t length_room = 2400, distance_room = 416;

struct Meanings {
  uint32_t lengths[288] = {}, distances[32] = {}, orders[19] = {};
  constexpr Meanings() {
    for (uint32_t s = 0; s < 256; s++) lengths[s] = entry::byte(s);
    lengths[256] = entry::end;
    for (uint32_t s = 257, base = 3; s < 285; s++) {
      const uint32_t extra = s < 265 ? 0 : (s - 261) / 4;
      lengths[s] = entry::number(base, extra);
      base += 1u << extra;
    }
    lengths[285] = entry::number(258, 0);
    lengths[286] = lengths[287] = distances[30] = distances[31] = entry::special;
    for (uint32_t s = 0, base = 1; s < 30; s++) {
      const uint32_t extra = s < 4 ? 0 : s / 2 - 1;
      distances[s] = entry::number(base, extra);
      base += 1u << extra;
    }
    for (uint32_t s = 0; s < 19; s++) orders[s] = entry::number(s, 0);
  }
};
constexpr Meanings meanings;

constexpr const char *ends = "the data are truncated", *fewer = "the data hold fewer bytes than the chunk",
                     *more = "the data hold more bytes than the chunk", *no_code = "invalid Huffman code lengths",
                     *no_symbol = "invalid Huffman code",
                     *too_far = "a distance points before the beginning of the data";

// The next bits, lowest first. The bits above the first `have` are zero or already those that follow.
struct Reader {
  const uint8_t* in;
  const uint8_t* end;
  uint64_t bits = 0;
  uint32_t have = 0;

  // Refills to at least 56 bits; eight bytes must be left.
  void fill_fast() {
    uint64_t word;
    memcpy(&word, in, 8);
    bits |= word << have;
    in += (63 - have) >> 3;
    have |= 56;
  }
  // Refills to as many, or to all that are left.
  void fill() {
    for (; have <= 56 && in < end; have += 8) bits |= uint64_t(*in++) << have;
  }
  uint32_t peek(uint32_t n) const { return uint32_t(bits & ((uint64_t(1) << n) - 1)); }
  void drop(uint32_t n) {
    bits >>= n;
    have -= n;
  }
  uint32_t take(uint32_t n) {
    const uint32_t value = peek(n);
    drop(n);
    return value;
  }
  // The number that an entry represents, with its extra bits.
  uint32_t number(uint32_t e) {
    const uint32_t value = entry::base(e) + (peek(entry::takes(e)) >> entry::code_bits(e));
    drop(entry::takes(e));
    return value;
  }
  // Returns whole bytes to the input and restarts at the next one.
  void align() {
    in -= have >> 3;
    bits = 0;
    have = 0;
  }
};

class Inflater {
public:
  Inflater(Input in, Output out, bool compares)
      : reader_{in.data, in.data + in.bytes},
        compares_(compares),
        begin_(out.data),
        out_(out.data),
        end_(out.data + out.bytes) {}

  const char* run() {
    if (reader_.end - reader_.in < 2) return ends;
    const uint32_t method = reader_.in[0], flags = reader_.in[1];
    if ((method << 8 | flags) % 31 != 0 || (method & 15) != 8 || method >> 4 > 7) return "not a zlib stream";
    if (flags & 0x20) return "it requires a preset dictionary";
    reader_.in += 2;
    uint32_t adler = 1;
    for (bool last = false; !last;) {
      reader_.fill();
      if (reader_.have < 3) return ends;
      last = reader_.take(1);
      const uint32_t kind = reader_.take(2);
      if (kind == 3) return "invalid block type";
      const uint8_t* const from = out_;
      if (const char* why = kind == 0 ? stored() : kind == 1 ? fixed() : dynamic()) return why;
      // While the block is in the caches.
      if (compares_) adler = kernels().adler32(adler, from, size_t(out_ - from));
    }
    if (out_ != end_) return fewer;
    if (!compares_) return nullptr;
    reader_.align();
    if (reader_.end - reader_.in < 4) return ends;
    return big32(reader_.in) == adler ? nullptr : wrong_sum(big32(reader_.in), adler);
  }

private:
  Reader reader_;
  const bool compares_;
  uint8_t* const begin_;
  uint8_t* out_;
  uint8_t* const end_;
  bool block_ended_ = false;
  uint32_t lengths_[length_room], distances_[distance_room];

  // Read by the caller, in the same thread, before the next chunk.
  static const char* wrong_sum(uint32_t stored, uint32_t computed) {
    static thread_local char why[80];
    snprintf(why, sizeof why, "the Adler-32 checksum is %08x, but %08x was computed", stored, computed);
    return why;
  }

  const char* stored() {
    reader_.align();
    const uint8_t*& in = reader_.in;
    if (reader_.end - in < 4) return ends;
    const uint32_t bytes = in[0] | in[1] << 8, check = in[2] | in[3] << 8;
    if (bytes != (check ^ 0xffff)) return "the two lengths of a stored block differ";
    in += 4;
    if (bytes > size_t(reader_.end - in)) return ends;
    if (bytes > size_t(end_ - out_)) return more;
    if (bytes > 0) memcpy(out_, in, bytes);
    in += bytes;
    out_ += bytes;
    return nullptr;
  }

  const char* fixed() {
    uint8_t lengths[288], distances[32];
    memset(lengths, 8, 288);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(distances, 5, 32);
    return codes(lengths, 288, distances, 32);
  }

  const char* dynamic() {
    reader_.fill();
    if (reader_.have < 14) return ends;
    const uint32_t length_codes = 257 + reader_.take(5), distance_codes = 1 + reader_.take(5);
    const uint32_t order_codes = 4 + reader_.take(4), wanted = length_codes + distance_codes;
    if (length_codes > 286 || distance_codes > 30) return no_code;
    constexpr uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t order_lengths[19] = {}, lengths[320];
    for (uint32_t i = 0; i < order_codes; i++) {
      reader_.fill();
      if (reader_.have < 3) return ends;
      order_lengths[order[i]] = uint8_t(reader_.take(3));
    }
    uint32_t orders[1 << order_bits];
    if (!build_table(orders, 1 << order_bits, order_bits, order_lengths, 19, meanings.orders, true)) return no_code;
    for (uint32_t n = 0; n < wanted;) {
      reader_.fill();
      const uint32_t e = orders[reader_.peek(order_bits)];
      if (entry::takes(e) > reader_.have) return ends;
      const uint32_t symbol = entry::base(e);
      reader_.drop(entry::takes(e));
      if (symbol < 16) {
        lengths[n++] = uint8_t(symbol);
        continue;
      }
      const uint32_t extra = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
      if (extra > reader_.have) return ends;
      const uint32_t times = (symbol == 18 ? 11 : 3) + reader_.take(extra);
      if (times > wanted - n || (symbol == 16 && n == 0)) return no_code;
      memset(lengths + n, symbol == 16 ? lengths[n - 1] : 0, times);
      n += times;
    }
    // Without a code for its end a block would never end.
    return lengths[256] == 0 ? no_code : codes(lengths, length_codes, lengths + length_codes, distance_codes);
  }

  const char* codes(const uint8_t* lengths, uint32_t n, const uint8_t* distances, uint32_t m) {
    if (!build_table(lengths_, length_room, length_bits, lengths, n, meanings.lengths, false) ||
        !build_table(distances_, distance_room, distance_bits, distances, m, meanings.distances, false))
      return no_code;
    pair_literals(lengths_, length_bits);
    for (block_ended_ = false; !block_ended_;) {
      const char* why = fast();
      if (why == nullptr && !block_ended_) why = careful();
      if (why != nullptr) return why;
    }
    return nullptr;
  }

  // Decodes symbols while both sides have room for the longest one, so that no symbol needs a bounds check.
  const char* fast() {
    constexpr ptrdiff_t in_room = 40, out_room = 258 + 8 + 16;
    Reader r = reader_;
    uint8_t* out = out_;
    if (r.end - r.in < in_room || end_ - out < out_room) return nullptr;
    const uint8_t *const in_last = r.end - in_room, *const out_last = end_ - out_room;
    const char* why = nullptr;
    const auto put = [&](uint32_t e) {
      const uint16_t bytes = uint16_t(e >> 8);
      memcpy(out, &bytes, 2);
      out += entry::literals(e);
      r.drop(entry::takes(e));
    };
    r.fill_fast();
    // The next entry is looked up as early as possible; it consumes no bits until it is used.
    for (uint32_t e = lengths_[r.peek(length_bits)]; r.in <= in_last && out <= out_last;) {
      if (e & entry::literal) {
        put(e);
        e = lengths_[r.peek(length_bits)];
        if (e & entry::literal) {
          put(e);
          e = lengths_[r.peek(length_bits)];
          if (e & entry::literal) {
            put(e);
            e = lengths_[r.peek(length_bits)];
          }
        }
        r.fill_fast();
        if (e & entry::literal) continue;
      }
      if (e & entry::special) {
        if (entry::is_link(e)) {
          r.drop(length_bits);
          e = lengths_[entry::base(e) + r.peek(entry::code_bits(e))];
        }
        if (e & entry::literal) {
          put(e);
          r.fill_fast();
          e = lengths_[r.peek(length_bits)];
          continue;
        }
        if (e & entry::special) {
          block_ended_ = entry::base(e) != 0;
          if (!block_ended_) why = no_symbol;
          r.drop(entry::takes(e));
          break;
        }
      }
      const size_t length = r.number(e);
      e = distances_[r.peek(distance_bits)];
      if (entry::is_link(e)) {
        r.drop(distance_bits);
        e = distances_[entry::base(e) + r.peek(entry::code_bits(e))];
      }
      if (e & entry::special) {
        why = no_symbol;
        break;
      }
      const size_t distance = r.number(e);
      if (distance > size_t(out - begin_)) {
        why = too_far;
        break;
      }
      r.fill_fast();
      e = lengths_[r.peek(length_bits)];
      repeat_wide(out, distance, length);
      out += length;
    }
    reader_ = r;
    out_ = out;
    return why;
  }

  // The next entry of a table, after following links; 0 at the end of the input.
  uint32_t next(const uint32_t* table, uint32_t direct) {
    uint32_t e = table[reader_.peek(direct)];
    if (entry::is_link(e)) {
      if (reader_.have < direct) return 0;
      reader_.drop(direct);
      e = table[entry::base(e) + reader_.peek(entry::code_bits(e))];
    }
    return entry::takes(e) > reader_.have ? 0 : e;
  }

  // One symbol, near the end of the input or the output.
  const char* careful() {
    reader_.fill();
    uint32_t e = next(lengths_, length_bits);
    if (e == 0) return ends;
    if (e & entry::literal) {
      if (entry::literals(e) > size_t(end_ - out_)) return more;
      for (uint32_t i = 0; i < entry::literals(e); i++) *out_++ = uint8_t(e >> (8 + 8 * i));
      reader_.drop(entry::takes(e));
      return nullptr;
    }
    if (e & entry::special) {
      block_ended_ = entry::base(e) != 0;
      reader_.drop(entry::takes(e));
      return block_ended_ ? nullptr : no_symbol;
    }
    const size_t length = reader_.number(e);
    e = next(distances_, distance_bits);
    if (e == 0) return ends;
    if (e & entry::special) return no_symbol;
    const size_t distance = reader_.number(e);
    if (distance > size_t(out_ - begin_)) return too_far;
    if (length > size_t(end_ - out_)) return more;
    for (size_t i = 0; i < length; i++) out_[i] = out_[ptrdiff_t(i) - ptrdiff_t(distance)];
    out_ += length;
    return nullptr;
  }
};

}  // namespace

Outcome decode_zlib(Input in, Output out, bool compares) {
  Inflater inflater(in, out, compares);
  return Outcome{inflater.run()};
}

}  // namespace ewald::data
