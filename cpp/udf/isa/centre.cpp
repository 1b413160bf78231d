// The centre of mass of one frame over runs of pixels: Σ v, Σ y v, Σ x v from sums by row and by column, without a
// product per pixel. Sums of integers are exact.
//
// Where a few rows have runs over the same columns, these runs are handled as a block: going down the rows, `sums`
// accumulates the rows, and `above` accumulates `sums` before each row, so that it contains row j of R rows R - 1 - j
// times. Σ over the columns of `sums` and `above` then replaces the sums of single rows, and no row is summed across.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::Spans;

constexpr uint32_t block_rows = 8;
// Number of vectors of columns after which the sums of `above` are emptied. For integers each adds up to 28 times 2^16,
// and twice that for the two halves; for floats the number is so small that no float is the sum of more than 136
// numbers. The same applies to the rows in the columns: columns of 16-bit integers are emptied before 2^16 rows
// overflow them.
template <class T>
constexpr uint32_t most_vectors = std::is_integral_v<T> ? 1024 : 128;
template <class T>
constexpr uint32_t most_rows = std::is_integral_v<T> ? 1u << 15 : 128;

template <class T>
class Centre {
  using C = RowSum<T>;
  using S = Twice<T>;
  static constexpr int lanes = lanes_of<S>;
  static constexpr bool exact = std::is_integral_v<T>;

  const T* frame;
  uint32_t row_pixels;
  C* column;
  double total = 0, sy = 0, sx = 0;
  uint32_t low, high = 0;
  // Number of rows that the columns hold.
  uint32_t rows = 0;

public:
  [[gnu::always_inline]] Centre(const T* frame, uint32_t row_pixels, C* column)
      : frame(frame), row_pixels(row_pixels), column(column), low(row_pixels) {}

  // Pixels [first, end) of row y.
  [[gnu::always_inline]] void run(uint32_t y, uint32_t first, uint32_t end) {
    const T* __restrict p = frame + size_t(y) * row_pixels;
    C* __restrict c = column;
    uint32_t x = first;
    Total<C> sum = 0;
    if constexpr (sizeof(C) == sizeof(S)) {
      // A row has 2^16 pixels at most: integers need no other bound.
      constexpr uint32_t most = exact ? ~0u : most_vectors<T>;
      while (x + lanes <= end) {
        const uint32_t left = (end - x) / lanes, stop = x + (left < most ? left : most) * lanes;
        Lanes<S> here{};
        for (; x < stop; x += lanes) {
          const Lanes<S> v = widen<S>(p + x);
          here += v;
          store<S, lanes>(c + x, load<S, lanes>(c + x) + v);
        }
        sum += across<S>(here);
      }
    }
    for (; x < end; x++) {
      sum += p[x];
      c[x] += p[x];
    }
    total += double(sum);
    sy += double(y) * double(sum);
  }

  // Pixels [first, end) of rows y … y + block_rows - 1; end - first is a whole number of vectors.
  [[gnu::always_inline]] void block(uint32_t y, uint32_t first, uint32_t end) {
    const T* __restrict p = frame + size_t(y) * row_pixels;
    C* __restrict c = column;
    Total<C> total_sum = 0, total_above = 0;
    // Eight rows lie within a page or two, which a processor treats as one stream, so the next block is prefetched
    // explicitly, one row at a time.
    constexpr uint32_t fetches = block_rows * lanes * sizeof(T) / 64;
    uint32_t row = 0;
    for (uint32_t x = first; x < end;) {
      const uint32_t left = (end - x) / lanes, stop = x + (left < most_vectors<T> ? left : most_vectors<T>) * lanes;
      Lanes<C> all{}, weighted{};
      // One vector at a time: four vectors, eight rows deep, are more than wasm's engines keep in registers.
      for (; x < stop; x += lanes) {
        Lanes<S> sums = widen<S>(p + x), above{};
        for (uint32_t j = 1; j < block_rows; j++) {
          above += sums;
          sums += widen<S>(p + size_t(j) * row_pixels + x);
        }
        add(c + x, sums, all);
        add_only(above, weighted);
        for (uint32_t k = 0; k < fetches; k++) __builtin_prefetch(p + size_t(block_rows + row + k) * row_pixels + x);
        row = (row + fetches) % block_rows;
      }
      total_sum += across<C>(all);
      total_above += across<C>(weighted);
    }
    total += double(total_sum);
    sy += double(y + block_rows - 1) * double(total_sum) - double(total_above);
  }

  void seen(uint32_t first, uint32_t end) {
    if (first < low) low = first;
    if (end > high) high = end;
  }

  // Records that the columns hold this many more rows.
  [[gnu::always_inline]] void rows_more(uint32_t n) {
    rows += n;
    if (rows < most_rows<T>) return;
    empty();
    rows = 0;
  }

  void empty() {
    // Several independent sums: a single one would take as long as the rows themselves.
    constexpr uint32_t apart = 8;
    double parts[apart] = {};
    uint32_t x = low;
    for (; x + apart <= high; x += apart)
      for (uint32_t k = 0; k < apart; k++) parts[k] += double(x + k) * double(column[x + k]);
    for (; x < high; x++) parts[0] += double(x) * double(column[x]);
    for (const double part : parts) sx += part;
    if (low < high) memset(column + low, 0, (high - low) * sizeof(C));
  }

  void result(double* out) {
    empty();
    out[0] = total;
    out[1] = sy;
    out[2] = sx;
  }

private:
  // Adds to the columns, and to sums over them.
  [[gnu::always_inline]] static void add(C* c, Lanes<S> v, Lanes<C>& all) {
    if constexpr (sizeof(C) == sizeof(S)) {
      store<C, lanes>(c, load<C, lanes>(c) + v);
      all += v;
    } else {
      S halves[lanes];
      store<S, lanes>(halves, v);
      for (int k = 0; k < lanes; k += width) {
        const Lanes<C> wide = widen<C>(halves + k);
        store<C, width>(c + k, load<C, width>(c + k) + wide);
        all += wide;
      }
    }
  }
  [[gnu::always_inline]] static void add_only(Lanes<S> v, Lanes<C>& all) {
    if constexpr (sizeof(C) == sizeof(S)) {
      all += v;
    } else {
      S halves[lanes];
      store<S, lanes>(halves, v);
      for (int k = 0; k < lanes; k += width) all += widen<C>(halves + k);
    }
  }
};

template <class T>
void com(const void* frame, uint32_t row_pixels, Spans spans, void* column, double* out) {
  constexpr uint32_t lanes = lanes_of<Twice<T>>;
  Centre<T> centre(static_cast<const T*>(frame), row_pixels, static_cast<RowSum<T>*>(column));
  const uint32_t* pairs = spans.pairs;
  uint32_t s = 0, y = 0;
  size_t begin = 0;  // the first pixel of row y
  while (s < spans.count) {
    while (pairs[2 * s] >= begin + row_pixels) {
      begin += row_pixels;
      y++;
    }
    // Runs of this row, and whether the rows below have the same number.
    uint32_t runs = 1;
    while (s + runs < spans.count && pairs[2 * (s + runs)] < begin + row_pixels) runs++;
    // Wide registers sum 32-bit numbers across, row by row, as fast as memory delivers them.
    constexpr bool by_blocks = width == 4 || sizeof(T) <= 2;
    bool alike = by_blocks && uint64_t(s) + uint64_t(runs) * block_rows <= spans.count;
    for (uint32_t j = 1; alike && j < block_rows; j++) {
      const size_t row = begin + size_t(j) * row_pixels;
      const uint32_t at = 2 * (s + j * runs);
      alike = pairs[at] >= row && pairs[at + 2 * (runs - 1)] < row + row_pixels;
    }
    // A row with more runs than these belongs to no block.
    if (alike && s + runs * block_rows < spans.count)
      alike = pairs[2 * (s + runs * block_rows)] >= begin + size_t(block_rows) * row_pixels;
    const uint32_t taken = alike ? block_rows : 1;
    for (uint32_t r = 0; r < runs; r++) {
      uint32_t first = 0, end = row_pixels;
      for (uint32_t j = 0; j < taken; j++) {
        const size_t row = begin + size_t(j) * row_pixels;
        const uint32_t from = uint32_t(pairs[2 * (s + j * runs + r)] - row);
        const uint32_t to = uint32_t(pairs[2 * (s + j * runs + r) + 1] - row);
        centre.seen(from, to);
        if (from > first) first = from;
        if (to < end) end = to;
      }
      const bool shared = alike && first + lanes <= end;
      if (shared) {
        end = first + (end - first) / lanes * lanes;
        centre.block(y, first, end);
      }
      for (uint32_t j = 0; j < taken; j++) {
        const size_t row = begin + size_t(j) * row_pixels;
        const uint32_t from = uint32_t(pairs[2 * (s + j * runs + r)] - row);
        const uint32_t to = uint32_t(pairs[2 * (s + j * runs + r) + 1] - row);
        if (!shared) {
          centre.run(y + j, from, to);
        } else {
          if (from < first) centre.run(y + j, from, first);
          if (end < to) centre.run(y + j, end, to);
        }
      }
    }
    centre.rows_more(taken);
    s += runs * taken;
    begin += size_t(taken) * row_pixels;
    y += taken;
  }
  centre.result(out);
}

}  // namespace

void udf_centre(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) { kernels.com = com<decltype(number)>; });
}

}  // namespace ewald::EWALD_ISA
