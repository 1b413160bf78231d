// Plans of one-dimensional transforms: the algorithm for a length, and its tables.
#pragma once
#include "common/threads.h"
#include "fft/kernels.h"
#include "fft/store.h"
#include "fft/watch.h"

namespace ewald::fft {

// Transform down columns (one line in each lane) for any n. `tune` forces the radices of lengths that it matches
// (read_radices); 0 chooses automatically. `far` is for rows of memory that are far apart, not in the cache, and where
// the results go as well.
template <class T>
const ColumnPlan<T>* plan_columns(size_t n, const Engine<T>& engine, uint32_t tune, bool far, Store& store);

// Width of a block of columns, in vectors. With rows of 1 KiB the processor fetches several lines at once where the
// stride between rows is a power of two and defeats its prefetcher (128^3 in wasm: 10.0 ms with rows of 256 bytes, 7.8
// ms with these); halved until two blocks of scratch stay in the second-level cache.
template <class T>
constexpr size_t block_vectors(size_t lanes, size_t rows) {
  const size_t unit = 2 * lanes * sizeof(T);
  size_t vectors = 1024 / unit > 1 ? 1024 / unit : 1;
  while (vectors > 1 && 2 * rows * vectors * unit > 512 * 1024) vectors /= 2;
  return vectors;
}

// Transform of one contiguous line of interleaved complex numbers, for any n.
template <class T>
struct Line {
  enum class How : uint32_t {
    copy,         // n = 1
    row,          // vectors along the line
    split,        // four steps
    lanes,        // the column kernel with one lane in use: lengths too small for anything else
    convolution,  // Bluestein, by an inner line
    grid,         // Bluestein, in place
  };
  size_t n;
  How how;
  const Engine<T>* engine;
  RowPlan<T> row;
  SplitPlan<T> split;
  GridPlan<T> grid;
  const ColumnPlan<T>* column;
  const Line* inner;
  const T* chirp;     // of a grid, its first half: n / 2 + 1
  const T* filter;    // of a grid, rows 0 .. n1 / 2
  size_t work;        // numbers of scratch that run_line needs
  size_t per_thread;  // the part of these that each further thread needs as well
};

// The kernel of a line that is a row.
template <class T>
auto row_of(const Line<T>& line) {
  return line.row.stages == 0 ? line.engine->short_row : line.engine->row;
}

template <class T>
const Line<T>* plan_line(size_t n, const Engines<T>& engines, uint32_t tune, Store& store);

// Where a line runs: with a team, a long one is distributed to its threads; with a watch, it ends between two blocks of
// it once that is stopped.
struct Place {
  const Team* team = nullptr;
  const Watch* watch = nullptr;
  bool stopped() const { return watch != nullptr && watch->stopped(); }
};

// `out` may equal `in`. `swap` runs the transform backward. With a team
// work holds line.work + (threads - 1) line.per_thread numbers.
template <class T>
void run_line(const Line<T>& line, const T* in, T* out, T* work, bool swap, T scale, Place place);

// Whether run_line takes a line at the start of its scratch for its own memory: work is then the line, in and out.
// Shorter lines have memory of their own: kinds of odd lengths, 501 to 4999, take 1.1 to 1.2 times as long without.
template <class T>
bool shares_scratch(const Line<T>& line) {
  return line.how == Line<T>::How::grid;
}

}  // namespace ewald::fft
