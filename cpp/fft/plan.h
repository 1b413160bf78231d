// A transform of any rank as a list of passes, each along one axis over every line of it.
#pragma once
#include "common/threads.h"
#include "ewald.h"
#include "fft/kernels.h"
#include "fft/lines.h"
#include "fft/tables.h"
#include "fft/store.h"
#include "fft/watch.h"

namespace ewald::fft {

constexpr uint32_t max_rank = EWALD_FFT_MAX_RANK, max_dims = max_rank + 1, max_passes = max_rank + 2;

// One dimension that a pass runs over: its count, and its strides in numbers (not complex ones) of source and target.
struct Loop {
  size_t count, in, out;
};

// Elements of a line that a side holds: `count` of `whole` from `start` on, wrapping around the end. The others are
// read as zero, or not written.
struct Window {
  size_t start, count, whole;
  bool all() const { return count == whole && start == 0; }
};

enum class Task : uint32_t { copy, c2c, r2c, c2r, real_c2c, c2c_real, trig };
// `plane` is a thread's own memory for what the passes of a group hand to each other.
enum class Buffer : uint32_t { input, output, workspace, plane };

// Numbers of scratch for a whole line if a side holds a part of it.
constexpr size_t window_numbers(size_t n) { return (2 * n + 17) / 16 * 16; }

// Numbers of scratch for a real line as a complex one. What follows begins where vectors do: r2c of 4096 numbers on
// AVX-512 takes 1.3 times as long when all vectors of its scratch cross two cache lines.
constexpr size_t real_line_numbers(size_t n) { return (2 * n + 4 + 15) / 16 * 16; }

// Numbers of scratch for the complex line of a sine or cosine along a line.
constexpr size_t trig_line_numbers(size_t points) { return (2 * points + 2 + 15) / 16 * 16; }

// Numbers of scratch for a result of `count` numbers before it is stored past the cache.
constexpr size_t staged_numbers(size_t count) { return (count + 15) / 16 * 16; }

// One axis, all its lines.
template <class T>
struct Pass {
  enum class How : uint32_t { lines, columns, lanes };
  How how;
  Task task;
  Trig trig;
  Buffer source, target;
  bool backward, in_complex, out_complex;
  size_t n;                      // logical length
  Window in_window, out_window;  // the part of a line in the source, and of the result in the target
  size_t line_in, line_out;      // from element to element of a line
  size_t lane_in, lane_out;      // from line to line of a block
  size_t lanes;                  // lines of that dimension; blocks take `width` of them
  size_t width, blocks;
  uint32_t vectors;
  size_t ahead;  // lines from the one that is transformed to the one that is fetched meanwhile; 0 fetches none
  size_t fetch;  // numbers of the next plane that each line fetches
  bool past;     // results are stored past the cache
  bool from_vectors, to_vectors;  // the source, the target hold vectors for the kernels (see isa/vectors.cpp)
  uint32_t shared, loops;  // the first `shared` loops belong to the group
  Loop loop[max_dims];
  const Engine<T>* engine;
  const ColumnPlan<T>* column;
  const Line<T>* line;
  bool packed;     // real lines go as complex ones of half the length, across lines
  size_t rows;     // of one of the two blocks of scratch, across lines
  const T* table;
  const T* turn;   // roots of a sine or cosine along a line
  const T* fold;  // of a real line whose last pass does the half-length trick as well (see fold.cpp), or null
  size_t work;    // numbers of scratch that one thread needs
};

// Passes that run in sequence for each element of their shared loops, so that a plane stays in the cache between them.
struct Group {
  uint32_t first, count;
  size_t repeats;
  bool needs_lines;  // its plane lies in the output where no cache line of it begins with a complex number
};

template <class T>
struct Program {
  uint32_t passes, groups;
  Pass<T> pass[max_passes];
  Group group[max_passes];
  size_t work;    // numbers of scratch for each thread, its plane included
  size_t plane;   // numbers of the plane, at the start of the scratch
  size_t extra;   // numbers that each further thread also needs in a split line
  size_t middle;  // numbers of the workspace that hold an intermediate array
  const Line<T>* row;  // where the whole transform is one row; its kernel then runs without the loops over lines
};

// The layout of a side of the transform.
struct Side {
  bool complex;
  size_t count[max_dims], stride[max_dims];  // dimension 0 is the batch
  Window window[max_dims];                   // count again, and the length that it is a part of
  size_t size;                               // elements from the first to the last
};

// The descriptor, checked and with every default filled in.
struct Problem {
  uint32_t rank, kind, axes, reduced, threads;
  bool in_place, user_workspace;
  uint32_t tune;
  size_t batch, shape[max_dims];  // dimension 0 is the batch
  Trig trig[max_dims];
  Side input, output;
  double logical;  // N of the scale factors
};

int32_t check(const ewald_fft_descriptor& descriptor, Problem& problem);

// `tables` serve both directions of a plan.
template <class T>
bool build(const Problem& problem, bool backward, const Engines<T>& engines, Store& store, Tables& tables,
           Program<T>& program);

template <class T>
void run(const Program<T>& program, const T* in, T* out, T* workspace, T scale, const Team& team, Watch& watch);

}  // namespace ewald::fft
