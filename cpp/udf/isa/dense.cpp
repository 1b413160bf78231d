// Frames times masks, a matrix product of [frames, pixels] and [pixels, masks] in float32: a block of pixels at a time,
// in which F frames meet K masks in registers; blocks are added in doubles.
#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::block;
using ewald::udf::tile;

// Frames and masks whose products fit the registers.
#if defined(__AVX512F__)
constexpr uint32_t F_most = 4, K_most = 4;
#else
constexpr uint32_t F_most = 2, K_most = 4;
#endif

// n is a whole number of vectors; rows of frames are `stride` floats apart, those of masks `pixels`.
template <uint32_t Fs, uint32_t Ks>
EWALD_INLINE void product(const float* frames, size_t stride, const float* masks, size_t pixels, uint32_t n,
                          double* out, size_t columns) {
  F sums[Fs][Ks];
  for (uint32_t f = 0; f < Fs; f++)
    for (uint32_t k = 0; k < Ks; k++) sums[f][k] = zero();
  for (uint32_t i = 0; i < n; i += width) {
    F weights[Ks];
    for (uint32_t k = 0; k < Ks; k++) weights[k] = load(masks + k * pixels + i);
    for (uint32_t f = 0; f < Fs; f++) {
      const F v = load(frames + f * stride + i);
      for (uint32_t k = 0; k < Ks; k++) sums[f][k] = fma(v, weights[k], sums[f][k]);
    }
  }
  for (uint32_t f = 0; f < Fs; f++)
    for (uint32_t k = 0; k < Ks; k++) out[f * columns + k] += sum(sums[f][k]);
}

template <uint32_t Fs>
EWALD_INLINE void masks_of(const float* frames, size_t stride, const float* masks, size_t pixels, uint32_t mask_count,
                           uint32_t n, double* out, size_t columns) {
  uint32_t k = 0;
  for (; k + K_most <= mask_count; k += K_most)
    product<Fs, K_most>(frames, stride, masks + k * pixels, pixels, n, out + k, columns);
  for (; k < mask_count; k++) product<Fs, 1>(frames, stride, masks + k * pixels, pixels, n, out + k, columns);
}

template <class T>
void dense(const void* stack, uint32_t count, size_t pixels, const float* masks, uint32_t mask_count, float* scratch,
           double* out, size_t columns) {
  const T* frames = static_cast<const T*>(stack);
  for (size_t first = 0; first < pixels; first += block) {
    const uint32_t here = uint32_t(first + block < pixels ? block : pixels - first), n = here / width * width;
    const float* rows = scratch;
    size_t stride = block;
    if constexpr (std::is_same_v<T, float>) {
      rows = frames + first;
      stride = pixels;
    } else {
      for (uint32_t f = 0; f < count; f++) {
        const T* __restrict p = frames + f * pixels + first;
        float* __restrict to = scratch + f * block;
        for (uint32_t i = 0; i < here; i++) to[i] = float(p[i]);
      }
    }
    uint32_t f = 0;
    for (; f + F_most <= count; f += F_most)
      masks_of<F_most>(rows + f * stride, stride, masks + first, pixels, mask_count, n, out + f * columns, columns);
    for (; f < count; f++)
      masks_of<1>(rows + f * stride, stride, masks + first, pixels, mask_count, n, out + f * columns, columns);
    // The last pixels of a frame that is no whole number of vectors.
    for (f = 0; n < here && f < count; f++)
      for (uint32_t k = 0; k < mask_count; k++)
        for (uint32_t i = n; i < here; i++)
          out[f * columns + k] += double(rows[f * stride + i]) * double(masks[k * pixels + first + i]);
  }
}

}  // namespace

void udf_dense(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) { kernels.dense = dense<decltype(number)>; });
}

}  // namespace ewald::EWALD_ISA
