// Shared by the planner (compiled once) and the kernels (compiled for each instruction set): plain structures and a
// table of functions.
//
// Terms. A *line* is one sequence that is transformed. *Lanes* are the numbers of a vector; in the column kernels each
// lane works on a separate line. *Scratch* holds complex vectors, W real parts then W imaginary parts; lane l of a
// vector is column lane_column(l) of its W. A *row* of scratch is one position of all lines of a block, `vectors`
// complex vectors wide.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ewald::fft {

// Which of W neighbours is in this lane after the two in-block shuffles that split interleaved complex numbers.
template <class T>
constexpr uint32_t lane_column(uint32_t lane, uint32_t lanes) {
  const uint32_t block = 16 / sizeof(T), half = block / 2, b = lane / block, i = lane % block;
  return i < half ? b * half + i : lanes / 2 + b * half + (i - half);
}

// Whether both passes of a row of `first` times `lanes` points are done in registers, which hold `largest` complex
// vectors.
constexpr bool fits_registers(uint32_t first, uint32_t lanes, uint32_t largest) {
  return first > 1 && first <= largest && (first & (first - 1)) == 0 && (first % lanes == 0 || 2 * first == lanes);
}

constexpr uint32_t max_stages = 32;
constexpr uint32_t max_lanes = 16;

// One pass of a Stockham transform, decimation in frequency: x seen as [radix][m][s] becomes y seen as [m][radix][s],
// y[p][j][q] = w^(j p) sum_k x[k][p][q] exp(-2 pi i j k / radix),  w = exp(-2 pi i / (radix m)).
template <class T>
struct Stage {
  uint32_t radix;
  size_t m, s;
  const T* twiddle;  // [m - 1][radix - 1] complex, p from 1, j from 1
};

// Transform of `n` points in every lane. Primes that are not radices use Bluestein's convolution of length inner->n.
template <class T>
struct ColumnPlan {
  size_t n;
  size_t rows;  // of scratch that a transform needs: n, or the length of the convolution
  uint32_t stages;
  Stage<T> stage[max_stages];
  const ColumnPlan<T>* inner;
  const T* chirp;   // [n] complex, exp(-i pi j^2 / n)
  const T* filter;  // [inner->n / 2 + 1] complex, as plan_bluestein has it
};

// Transform of one contiguous line with the vectors inside it: the first pass works on W neighbours at a time and
// transposes them (`first` is a multiple of W, or half of it where both passes are done in registers), after which
// every pass is a column pass.
template <class T>
struct RowPlan {
  size_t n;
  uint32_t first;
  const T* first_twiddle;  // [ceil(m / W)][first - 1][2][W], m = n / first; the last vector ends at m
  // [first - 1][2][W] where 2 first = W: for p from 1, 1 in the first W / 2 columns, exp(-2 pi i p / W) in the others
  const T* half_twiddle;
  uint32_t stages;             // none where both passes are done in registers: n = first W
  Stage<T> stage[max_stages];  // s counted in vectors
};

// n = n1 n2: columns of length n1, twiddles, a transpose, columns of length n2 (Bailey's four steps).
template <class T>
struct SplitPlan {
  size_t n, n1, n2;
  uint32_t vectors1,
      vectors2;  // width of a block in the first and second pass; the last block has the remaining columns
  const ColumnPlan<T>* plan1;
  const ColumnPlan<T>* plan2;
  // w^(k1 j2) = near[k1][j2 mod width1] * far[k1][j2 / width1], width1 = vectors1 lanes
  const T* near;  // [n1][vectors1] complex vectors
  const T* far;   // [n1][blocks1 + 1] complex, the last one for the W columns that end with n2
};

// A convolution that stays in its memory, of n = n1 n2 points: columns of length n1, twiddles, rows of length n2, and
// the same in reverse order, so that nothing is transposed. Result k1 + n1 k2 of the transform is in row k1.
template <class T>
struct GridPlan {
  size_t n1, n2;       // 0 for lines that are not convolved so
  uint32_t vectors;    // width of a block of columns
  size_t near_count;
  const ColumnPlan<T>* columns;
  RowPlan<T> row;
  // w^(k1 j2) = near[k1][j2 mod near_count] * far[k1][j2 / near_count], complex
  const T *near, *far;
};

// How numbers of memory become the complex numbers of scratch, and back.
enum class Form : uint32_t {
  complex,    // unchanged
  swapped,    // real and imaginary parts exchanged: a backward transform
  real,       // imaginary part 0, or dropped
  imaginary,  // scatter only: the imaginary parts, which are the real ones of a swapped transform
};

// Lines in memory: element j of line l at j * line + l * lane, in elements (complex or real) of the form.
struct Strides {
  size_t line, lane;
};

// The r2r kinds, by FFTW's names REDFT00, 10, 01, 11 and RODFT00, 10, 01, 11.
enum class Trig : uint32_t { dct1, dct2, dct3, dct4, dst1, dst2, dst3, dst4 };

// Whether a real line goes as a complex one of half the length: any even one, and in the kinds I, whose mirrored line
// is even, all. The others go as complex ones, at twice the cost: no two lines may share a complex one, or the rounding
// errors of the larger, and what is not finite, would get into the smaller.
constexpr bool packs(Trig kind, size_t n) { return n % 2 == 0 || kind == Trig::dct1 || kind == Trig::dst1; }

// Points of the complex transform of a sine or cosine transform.
constexpr size_t trig_points(Trig kind, size_t n) {
  return kind == Trig::dct1 ? n - 1 : kind == Trig::dst1 ? n + 1 : n % 2 == 0 ? n / 2 : n;
}

// The kernels of one vector width.
template <class T>
struct Engine {
  uint32_t lanes;
  uint32_t largest;              // largest power of two among the radices: 4 if 8 complex vectors exceed the registers
  uint32_t largest_short_first;  // the same for the first radix of a row that is transformed in registers
  bool streams;                  // it can store whole cache lines without reading them first

  // One contiguous line of interleaved complex numbers; work holds 4 n numbers.
  void (*row)(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale);
  // The same in registers, for plans without stages; needs no work.
  void (*short_row)(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale);
  // Forward transform of 2 n real numbers by a row of n complex ones, whose last pass does the half-length trick as
  // well (see half_after). table: as fold_table has it. Null where it does not pay.
  void (*real_row)(const RowPlan<T>& plan, const T* table, const T* in, T* out, T* work, T scale);
  // `columns` neighbouring columns (at least a vector of them) of interleaved complex numbers, rows `stride` complex
  // numbers apart; work holds 2 blocks of plan.rows complex vectors for each vector, partial ones included. With `past`
  // whole cache lines of the result are stored past the cache; `head`, less than a vector, is the number of columns
  // before the first whole one. Not for Bluestein plans.
  void (*columns)(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride, size_t columns,
                  T* work, bool swap, T scale, bool past, size_t head);
  // Passes that hand vectors to each other (see vectors.cpp); null where they never do. A row of at least one stage,
  // whose results stay vectors, and `columns` of whole vectors of which the source, the target or both hold vectors.
  void (*row_to_vectors)(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap);
  void (*vector_columns)(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride,
                         size_t columns, T* work, bool from_vectors, bool to_vectors, bool swap, T scale);
  // Forward transform of the scratch block a, b is a second one; returns the one that holds the result.
  T* (*transform)(const ColumnPlan<T>& plan, T* a, T* b, size_t vectors);
  void (*gather)(T* a, size_t vectors, const T* in, size_t n, Strides strides, size_t lines, Form form);
  void (*scatter)(const T* a, size_t vectors, T* out, size_t n, Strides strides, size_t lines, Form form, T scale);
  // The same for real lines, each in a complex one of half its length: number m of a line is the real part of row m / 2
  // if m is even, else its imaginary part. Numbers first .. first + n - 1 are copied.
  void (*gather_packed)(T* a, size_t vectors, const T* in, size_t first, size_t n, Strides strides, size_t lines);
  void (*scatter_packed)(const T* a, size_t vectors, T* out, size_t first, size_t n, Strides strides, size_t lines,
                         T scale);
  // Copies `count` numbers past the cache; `end_past` must follow before another thread reads them.
  void (*copy_past)(const T* in, T* out, size_t count);
  void (*end_past)();

  // Four-step passes. `mid` is [blocks2][n2][vectors2] complex vectors. Blocks count from 0.
  void (*split_first)(const SplitPlan<T>& plan, const T* in, T* mid, size_t block, T* work, bool swap);
  void (*split_second)(const SplitPlan<T>& plan, const T* mid, T* out, size_t block, T* work, bool swap, T scale);

  // The half-length trick in every lane, in place: rows 0 .. half of twice the transforms of packed lines from rows 0
  // .. half - 1 of those of the complex lines; and rows of complex lines whose forward transform gives the packed lines
  // that have the transforms in rows 0 .. half. roots: [half / 2 + 1] complex, exp(-i pi k / half).
  void (*unpack)(size_t half, const T* roots, T* a, size_t vectors);
  void (*pack)(size_t half, const T* roots, T* a, size_t vectors);
  // Completes rows 0 .. n / 2 of half spectra to those whose forward transform is a backward one, in place.
  void (*unfold)(size_t n, T* a, size_t vectors);
  // Before and after the complex transform of a sine or cosine transform, of `trig_points` points: of packed lines
  // where `packs` says so, else of real parts. Results of kind I are doubled if packed.
  void (*trig_before)(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors);
  void (*trig_after)(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors);
  // The same along a contiguous line: from x to a, which is then transformed (backward in kind III), and from a to y,
  // which may be x. a, and b in kind III, hold one complex number more than the transform has points. turn: roots of
  // the kind, as `turn_table` has them; half: as half_after has it.
  void (*line_before)(Trig kind, size_t n, const T* turn, const T* half, const T* x, T* a, T* b);
  void (*line_after)(Trig kind, size_t n, const T* turn, const T* half, T* a, T* y);

  // The half-length trick along a contiguous line: z = half the transform of n / 2 complex numbers that are n real
  // ones, in place. table: [n / 4 + 1] complex roots from 0 on, then complex vectors of roots from 1 on.
  void (*half_after)(size_t half, const T* table, T* z);
  void (*half_before)(size_t half, const T* table, const T* in, T* z);

  // Pointwise products of interleaved lines for a convolution along one line; of `filter` w is the conjugate of an
  // even line whose first half is given, and the result is swapped.
  void (*multiply)(size_t n, const T* a, const T* w, T* out, bool swap_in, bool swap_out, T scale);
  void (*filter)(size_t n, const T* a, const T* half, T* out);
  // The same of a row of a grid, in place, whose filter is given as it is, or from its end to its beginning.
  void (*filter_row)(size_t n, T* a, const T* w, bool mirrored);
  // Twiddles of a row of a grid, in place: near and far are those of the row. n is a multiple of the lanes, and so is
  // near_count.
  void (*turn_row)(size_t n, T* a, const T* near, size_t near_count, const T* far);
};

// The engines of an instruction set, widest first; `count` of them.
template <class T>
struct Engines {
  uint32_t count;
  const Engine<T>* engine[3];
};

}  // namespace ewald::fft

#define EWALD_FFT_ENGINES(isa)                          \
  namespace ewald::isa {                                \
  extern const fft::Engines<float> fft_engines_float;   \
  extern const fft::Engines<double> fft_engines_double; \
  }
EWALD_FFT_ENGINES(sse2)
EWALD_FFT_ENGINES(avx2)
EWALD_FFT_ENGINES(avx512)
EWALD_FFT_ENGINES(neon)
EWALD_FFT_ENGINES(simd128)
#undef EWALD_FFT_ENGINES
