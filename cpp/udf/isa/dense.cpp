// Frames times masks, a matrix product of [frames, pixels] and [pixels, masks] in the type of the masks, float32 or
// float64: a block of pixels at a time, in which F frames are multiplied with K masks in registers; blocks are added in
// doubles.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::block;
using ewald::udf::tile;

// Number of frames and masks whose products fit into the registers.
#if defined(__AVX512F__)
constexpr uint32_t F_most = 4, K_most = 4;
#else
constexpr uint32_t F_most = 2, K_most = 4;
#endif

// Numbers of a vector of weights, and pixels of a block: converted frames take as many bytes of either type.
template <class W>
constexpr uint32_t lanes_of_weights = 4 * width / sizeof(W);
template <class W>
constexpr uint32_t pixels_of = block * sizeof(float) / sizeof(W);
template <class W>
using VectorOf = std::conditional_t<std::is_same_v<W, float>, F, D>;

// n is a whole number of vectors; rows of frames are `stride` numbers apart, those of masks `pixels`.
template <class W, uint32_t Fs, uint32_t Ks>
EWALD_INLINE void product(const W* frames, size_t stride, const W* masks, size_t pixels, uint32_t n, double* out,
                          size_t columns) {
  using V = VectorOf<W>;
  V sums[Fs][Ks];
  for (uint32_t f = 0; f < Fs; f++)
    for (uint32_t k = 0; k < Ks; k++) sums[f][k] = V{};
  for (uint32_t i = 0; i < n; i += lanes_of_weights<W>) {
    V weights[Ks];
    for (uint32_t k = 0; k < Ks; k++) weights[k] = load(masks + k * pixels + i);
    for (uint32_t f = 0; f < Fs; f++) {
      const V v = load(frames + f * stride + i);
      for (uint32_t k = 0; k < Ks; k++) sums[f][k] = fma(v, weights[k], sums[f][k]);
    }
  }
  for (uint32_t f = 0; f < Fs; f++)
    for (uint32_t k = 0; k < Ks; k++) out[f * columns + k] += sum(sums[f][k]);
}

template <class W, uint32_t Fs>
EWALD_INLINE void masks_of(const W* frames, size_t stride, const W* masks, size_t pixels, uint32_t mask_count,
                           uint32_t n, double* out, size_t columns) {
  uint32_t k = 0;
  for (; k + K_most <= mask_count; k += K_most)
    product<W, Fs, K_most>(frames, stride, masks + k * pixels, pixels, n, out + k, columns);
  for (; k < mask_count; k++) product<W, Fs, 1>(frames, stride, masks + k * pixels, pixels, n, out + k, columns);
}

// Scratch has 64-byte lines, and room for `tile` blocks of floats.
template <class T, class W>
void dense(const void* stack, uint32_t count, size_t pixels, const W* masks, uint32_t mask_count, float* scratch,
           double* out, size_t columns) {
  constexpr uint32_t step = pixels_of<W>;
  const T* frames = static_cast<const T*>(stack);
  for (size_t first = 0; first < pixels; first += step) {
    const uint32_t here = uint32_t(first + step < pixels ? step : pixels - first);
    const uint32_t n = here / lanes_of_weights<W> * lanes_of_weights<W>;
    const W* rows;
    size_t stride = step;
    if constexpr (std::is_same_v<T, W>) {
      rows = frames + first;
      stride = pixels;
    } else {
      W* const converted = reinterpret_cast<W*>(scratch);
      rows = converted;
      for (uint32_t f = 0; f < count; f++) {
        const T* __restrict p = frames + f * pixels + first;
        W* __restrict to = converted + f * step;
        for (uint32_t i = 0; i < here; i++) to[i] = W(p[i]);
      }
    }
    uint32_t f = 0;
    for (; f + F_most <= count; f += F_most)
      masks_of<W, F_most>(rows + f * stride, stride, masks + first, pixels, mask_count, n, out + f * columns, columns);
    for (; f < count; f++)
      masks_of<W, 1>(rows + f * stride, stride, masks + first, pixels, mask_count, n, out + f * columns, columns);
    // The last pixels of a frame that is not a whole number of vectors.
    for (f = 0; n < here && f < count; f++)
      for (uint32_t k = 0; k < mask_count; k++)
        for (uint32_t i = n; i < here; i++)
          out[f * columns + k] += double(rows[f * stride + i]) * double(masks[k * pixels + first + i]);
  }
}

}  // namespace

void udf_dense(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) {
    kernels.dense = dense<decltype(number), float>;
    kernels.dense_double = dense<decltype(number), double>;
  });
}

}  // namespace ewald::EWALD_ISA
