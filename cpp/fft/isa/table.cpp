// The table of kernels of this instruction set.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

// Engines of JavaScript compile a wasm module in one quick pass and spill around radix 8 (benchmarks/fft: radix 4 takes
// 0.7 of the time); g++ and clang do not.
#if defined(__wasm_simd128__)
constexpr uint32_t largest = 4;
#else
constexpr uint32_t largest = 8;
#endif

#if defined(__wasm_simd128__)
template <class T, int W>
constexpr decltype(fft::Engine<T>::real_row) folding = nullptr;
template <class T, int W>
constexpr decltype(fft::Engine<T>::row_to_vectors) row_keeping = row_to_vectors<T, W>;
template <class T, int W>
constexpr decltype(fft::Engine<T>::vector_columns) columns_keeping = vector_columns<T, W>;
#else
template <class T, int W>
constexpr decltype(fft::Engine<T>::real_row) folding = real_row<T, W>;
template <class T, int W>
constexpr decltype(fft::Engine<T>::row_to_vectors) row_keeping = nullptr;
template <class T, int W>
constexpr decltype(fft::Engine<T>::vector_columns) columns_keeping = nullptr;
#endif

template <class T, int W>
constexpr fft::Engine<T> engine = {
    W,
    largest,
    largest_short_first,
    streams<T, W>,
    row<T, W>,
    short_row<T, W>,
    folding<T, W>,
    columns<T, W>,
    row_keeping<T, W>,
    columns_keeping<T, W>,
    transform<T, W>,
    gather<T, W>,
    scatter<T, W>,
    gather_packed<T, W>,
    scatter_packed<T, W>,
    copy_past<T, W>,
    end_past,
    split_first<T, W>,
    split_second<T, W>,
    unpack<T, W>,
    pack<T, W>,
    unfold<T, W>,
    trig_before<T, W>,
    trig_after<T, W>,
    line_before<T, W>,
    line_after<T, W>,
    half_after<T, W>,
    half_before<T, W>,
    multiply<T, W>,
    filter<T, W>,
    filter_row<T, W>,
    turn_row<T, W>,
};

}  // namespace

#if defined(__AVX512F__)
const fft::Engines<float> fft_engines_float = {3, {&engine<float, 16>, &engine<float, 8>, &engine<float, 4>}};
const fft::Engines<double> fft_engines_double = {3, {&engine<double, 8>, &engine<double, 4>, &engine<double, 2>}};
#elif defined(__AVX2__)
const fft::Engines<float> fft_engines_float = {2, {&engine<float, 8>, &engine<float, 4>}};
const fft::Engines<double> fft_engines_double = {2, {&engine<double, 4>, &engine<double, 2>}};
#else
const fft::Engines<float> fft_engines_float = {1, {&engine<float, 4>}};
const fft::Engines<double> fft_engines_double = {1, {&engine<double, 2>}};
#endif

}  // namespace ewald::EWALD_ISA
