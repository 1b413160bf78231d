// The planner's (program.cpp) description of one pass for the kernel (lines.cuh): every line is read once, transformed
// in shared memory, and written once. Plain numbers only; a pass is the kernel's parameter.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::cuda::fft {

// How element j of a line becomes a complex number. The names are those of the sources in wgsl/fft/ends.wgsl.
enum class Source : std::uint32_t {
  complex,
  real,
  packed,
  hermitian,
  hermitian_packed,
  dct1,
  dct1_packed,
  dct2,
  dct3,
  dct4,
  dct4_odd
};
// How complex number k becomes elements of a line; named like the sinks there.
enum class Sink : std::uint32_t { complex, half, real, unpacked, dct1, dct2, dct3, dct4, dct4_odd };

constexpr std::uint32_t max_loops = 12, max_stages = 13, max_lanes = 128;
// Complex numbers that a thread holds between reading and writing a stage.
constexpr std::uint32_t elements_a_thread = 8;
constexpr std::uint32_t nothing = ~std::uint32_t(0);

// Complex numbers of a block: 36 KiB of shared memory with the gaps, so every GPU accepts it without opting in, and 4
// to 6 blocks share a multiprocessor of recent ones.
template <class T>
constexpr std::uint32_t capacity = sizeof(T) == 4 ? 4096 : 2048;

// One of the dimensions that index the lines of a pass, and the contributions of its index.
struct Loop {
  std::uint64_t in, out;  // elements of the memory read and written
  std::uint32_t count;
  std::uint32_t in_index, out_index;  // index along the whole line, for a pass over one piece of it
  std::uint32_t a, b;                 // the factors of the exponent between pieces
  std::uint32_t frequency;            // index in the spectrum of a convolution
};

// A Stockham stage: numbers j + q n / radix times w^(q (j mod span)) become numbers (j - j mod span) radix + j mod span
// + q span.
struct Stage {
  std::uint32_t radix, span;
  std::uint32_t twiddle;                // table of w^(q k) at (q - 1) span + k
  std::uint32_t items;                  // length / radix
  std::uint32_t by_items, by_span;      // reciprocals, see quotient() in arithmetic.cuh
  std::uint32_t across;                 // neighbouring threads take neighbouring lines, not elements
  std::uint32_t read_step, write_step;  // in shared memory, from q to q + 1
};

// The elements of a line that a side holds: `count` of `whole` from `start` on, wrapping around; the others are read as
// zero, or not written. `whole` is 0 if the side holds all of them.
struct Window {
  std::uint32_t start, count, whole;
};

struct Pass {
  Source source;
  Sink sink;
  bool sine, pairs;        // pairs: the spectra of real lines are separated at the end
  bool plain;              // complex to complex without a convolution, lines that 32 bits number: read into and written
                           // from the butterflies
  bool powers_of_two;      // every radix is 2, 4 or 8: a kernel with fewer registers
  bool swap_in, swap_out;  // real and imaginary part exchanged, which turns a transform into its inverse
  bool last;               // of the program: applies the scale
  bool across_in, across_out;
  std::uint32_t fixed = nothing;  // the row of its kernel in fixed.h; with a convolution, its stages come twice
  std::uint32_t axis;             // logical length of the axis
  std::uint32_t points,
      length;  // of the complex transform; a convolution (Bluestein 1970) of `length` where they differ
  std::uint32_t in_stride, out_stride;  // elements from index to index along the line
  Window in_window, out_window;
  std::uint32_t in_index, out_index;  // steps of the piece's element in that index
  std::uint32_t loops;
  Loop loop[max_loops];
  std::uint64_t lines;

  // Tables, as positions in the plan's array of roots; `nothing` if there is no table.
  std::uint32_t halves = nothing, quarters = nothing, shifted_quarters = nothing, eighths = nothing;
  std::uint32_t chirp = nothing, spectrum = nothing;      // of a convolution inside the block
  std::uint32_t chirp_in = nothing, chirp_out = nothing;  // of a convolution over several passes
  std::uint32_t chirp_points;                             // beyond these the line is zero
  std::uint32_t middle = nothing, middle_step;            // its spectrum, and the step of the element in it
  std::uint32_t turn_near = nothing, turn_far = nothing;  // w^(a b) between pieces as a product of two roots
  std::uint32_t turn_shift, turn_step;

  std::uint32_t lanes, lane_shift;  // lines of a block
  // Number j of line l is at l * lane_step + (j + (j >> gap_shift)) * element_step of shared memory: a gap after each
  // eight numbers keeps strides of eight, which the first stages of powers of two write, off a single bank.
  std::uint32_t lane_step, element_step, gap_shift, held;  // held: complex numbers of shared memory
  // Of a kernel of fixed.h: in stage s neighbouring threads take 2^near[s] lines in turn, on the way back of a convolution
  // 2^near[3 + s], where the spectrum of a real line is joined or separated 2^near_ends.
  std::uint32_t near[6], near_ends;
  std::uint32_t threads, blocks;
  std::uint32_t by_length, by_results;  // reciprocals of the length and of the results of a line
  std::uint32_t stages;
  Stage stage[max_stages];
};
static_assert(sizeof(Pass) < 4000, "kernel parameters have 4 KiB");

}  // namespace ewald::cuda::fft
