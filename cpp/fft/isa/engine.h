// The functions of the table in fft/kernels.h, and their vector widths for each instruction set.
#pragma once
#include "fft/isa/complex.h"

namespace ewald::EWALD_ISA {
using fft::ColumnPlan;
using fft::Form;
using fft::RowPlan;
using fft::SplitPlan;
using fft::Stage;
using fft::Strides;
using fft::Trig;

// Where the vectors of a row lie in memory, in numbers: the first one begins and the last one ends with the row, and
// those between lie `shift` numbers further to the front than in scratch. The first and the last one may overlap their
// neighbours, so that rows need not be a whole number of vectors, nor begin where a cache line does.
struct Placement {
  size_t shift = 0, limit = size_t(-1);
  inline __attribute__((always_inline)) size_t operator()(size_t q) const {
    const size_t place = q > shift ? q - shift : 0;
    return place < limit ? place : limit;
  }
  // Vectors follow each other without overlap.
  bool plain() const { return shift == 0 && limit == size_t(-1); }
};

// columns.cpp
template <class T, int W>
T* transform(const ColumnPlan<T>& plan, T* a, T* b, size_t vectors);
template <class T, int W>
void columns(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride, size_t lanes, T* work,
             bool swap, T scale, bool past, size_t head);
// Passes over scratch, the first pass from rows of interleaved numbers (false when that radix has none), and the last
// pass from scratch to rows of interleaved numbers, with `past` past the cache where a vector begins a cache line. The
// strides of rows are in numbers, not complex ones.
template <class T, int W>
void inner_stage(const Stage<T>& stage, size_t vectors, const T* x, T* y);
template <class T, int W>
bool first_stage(const Stage<T>& stage, size_t vectors, const T* in, size_t in_stride, Placement place, T* y,
                 bool swap);
template <class T, int W>
void last_stage(const Stage<T>& stage, size_t vectors, const T* x, T* out, size_t out_stride, Placement place,
                bool swap, T scale, bool past = false);

// rows.cpp
template <class T, int W>
void row(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale);
template <class T, int W>
void short_row(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap, T scale);
// All passes but the last one; returns the half of `work` that holds their results.
template <class T, int W>
T* row_passes(const RowPlan<T>& plan, const T* in, T* work, bool swap);

// The largest first radix of a short row: as many complex vectors as registers hold.
#if defined(__AVX512F__)
constexpr int largest_short_first = 16;
#elif defined(__wasm_simd128__)
constexpr int largest_short_first = 4;
#else
constexpr int largest_short_first = 8;
#endif

// fold.cpp
template <class T, int W>
void real_row(const RowPlan<T>& plan, const T* table, const T* in, T* out, T* work, T scale);

// vectors.cpp
template <class T, int W>
void row_to_vectors(const RowPlan<T>& plan, const T* in, T* out, T* work, bool swap);
template <class T, int W>
void vector_columns(const ColumnPlan<T>& plan, const T* in, size_t in_stride, T* out, size_t out_stride, size_t lanes,
                    T* work, bool from_vectors, bool to_vectors, bool swap, T scale);

// gather.cpp
template <class T, int W>
void gather(T* a, size_t vectors, const T* in, size_t n, Strides strides, size_t lines, Form form);
template <class T, int W>
void scatter(const T* a, size_t vectors, T* out, size_t n, Strides strides, size_t lines, Form form, T scale);
template <class T, int W>
void gather_packed(T* a, size_t vectors, const T* in, size_t first, size_t n, Strides strides, size_t lines);
template <class T, int W>
void scatter_packed(const T* a, size_t vectors, T* out, size_t first, size_t n, Strides strides, size_t lines, T scale);

// past.cpp
template <class T, int W>
void copy_past(const T* in, T* out, size_t count);
void end_past();

// split.cpp
template <class T, int W>
void split_first(const SplitPlan<T>& plan, const T* in, T* mid, size_t block, T* work, bool swap);
template <class T, int W>
void split_second(const SplitPlan<T>& plan, const T* mid, T* out, size_t block, T* work, bool swap, T scale);

// real.cpp
template <class T, int W>
void unpack(size_t half, const T* roots, T* a, size_t vectors);
template <class T, int W>
void pack(size_t half, const T* roots, T* a, size_t vectors);
template <class T, int W>
void unfold(size_t n, T* a, size_t vectors);
template <class T, int W>
void half_after(size_t half, const T* table, T* z);
template <class T, int W>
void half_before(size_t half, const T* table, const T* in, T* z);
template <class T, int W>
void multiply(size_t n, const T* a, const T* w, T* out, bool swap_in, bool swap_out, T scale);
template <class T, int W>
void filter(size_t n, const T* a, const T* half, T* out);
template <class T, int W>
void filter_row(size_t n, T* a, const T* w, bool mirrored);
template <class T, int W>
void turn_row(size_t n, T* a, const T* near, size_t near_count, const T* far);

// trig.cpp
template <class T, int W>
void trig_before(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors);
template <class T, int W>
void trig_after(Trig kind, size_t n, const T* table, const T* a, T* b, size_t vectors);

// trig_line.cpp
template <class T, int W>
void line_before(Trig kind, size_t n, const T* turn, const T* half, const T* x, T* a, T* b);
template <class T, int W>
void line_after(Trig kind, size_t n, const T* turn, const T* half, T* a, T* y);

#if defined(__AVX512F__)
#define EWALD_FFT_WIDTHS(X) X(float, 16) X(float, 8) X(float, 4) X(double, 8) X(double, 4) X(double, 2)
#elif defined(__AVX2__)
#define EWALD_FFT_WIDTHS(X) X(float, 8) X(float, 4) X(double, 4) X(double, 2)
#else
#define EWALD_FFT_WIDTHS(X) X(float, 4) X(double, 2)
#endif

}  // namespace ewald::EWALD_ISA
