// Sums of each frame over a mask of single pixels: a warp handles a part of a frame. Integers are added as integers;
// reals four at a time in float32, then in doubles.
#include "../common/check.h"
#include "quads.cuh"

namespace ewald::cuda::udf {
namespace {

// One weighted pixel; four of them; and sums of many.
template <class T>
using Pixel = std::conditional_t<kReal<T>, float, std::conditional_t<kNarrow<T>, int, long long>>;
template <class T>
using Sum = std::conditional_t<kReal<T>, double, long long>;
// 64 bits hold only squares of narrow numbers.
template <class T>
using Squares = std::conditional_t<kNarrow<T>, unsigned long long, double>;

template <class T>
__global__ __launch_bounds__(kThreads) void add_spans(Frames<T> frames, std::uint32_t kind, const std::uint32_t* marks,
                                                      std::uint32_t parts, double* sums) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint64_t item = std::uint64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (item >= std::uint64_t(frames.count) * parts) return;
  const T* const frame = frames.of(std::uint32_t(item / parts));
  const std::uint32_t begin = std::uint32_t(item % parts) * kPartPixels;
  const std::uint32_t end = min(frames.pixels, begin + kPartPixels);
  const bool squares = kind == EWALD_UDF_STEP_KIND_SQUARES_OF, com = kind == EWALD_UDF_STEP_KIND_COM;
  const std::uint32_t width = frames.width, rows = kStride / width, columns = kStride % width;
  Sum<T> total = 0, by_y = 0, by_x = 0;
  Squares<T> square = 0;
  std::uint32_t y = (begin + kQuad * lane) / width, x = (begin + kQuad * lane) % width;
  for (std::uint32_t p = begin + kQuad * lane; p < end; p += kStride) {
    const std::uint32_t wanted = marks[p / 32] >> (p % 32) & 15;
    // Pixels outside the mask are not read.
    if (wanted != 0) {
      const Quad<T> quad = quad_at(frame + p, frames.pixels - p, frames);
      const Pixel<T> v[kQuad] = {Pixel<T>(wanted & 1 ? quad.x : T(0)), Pixel<T>(wanted & 2 ? quad.y : T(0)),
                                 Pixel<T>(wanted & 4 ? quad.z : T(0)), Pixel<T>(wanted & 8 ? quad.w : T(0))};
      const Pixel<T> four = (v[0] + v[1]) + (v[2] + v[3]);
      total += four;
      if (squares) {
#pragma unroll
        for (unsigned i = 0; i < kQuad; ++i) {
          if constexpr (kNarrow<T>)
            square += unsigned(v[i]) * unsigned(v[i]);
          else
            square += double(v[i]) * double(v[i]);
        }
      }
      if (com) {
        if (x + kQuad <= width) {
          by_y += Sum<T>(y) * Sum<T>(four);
          by_x += Sum<T>(x) * Sum<T>(four) + Sum<T>(v[1] + 2 * v[2] + 3 * v[3]);
        } else {
          // Crosses the end of one row, or of several.
#pragma unroll
          for (unsigned i = 0; i < kQuad; ++i) {
            by_y += Sum<T>((p + i) / width) * Sum<T>(v[i]);
            by_x += Sum<T>((p + i) % width) * Sum<T>(v[i]);
          }
        }
      }
    }
    y += rows;
    x += columns;
    if (x >= width) {
      x -= width;
      ++y;
    }
  }
  __syncwarp();
  total = warpSum(total);
  if (squares) square = warpSum(square);
  if (com) {
    by_y = warpSum(by_y);
    by_x = warpSum(by_x);
  }
  if (lane != 0) return;
  double* const out = sums + item * (com ? 3 : squares ? 2 : 1);
  out[0] = double(total);
  if (squares) out[1] = double(square);
  if (com) {
    out[1] = double(by_y);
    out[2] = double(by_x);
  }
}

}  // namespace

template <class T>
void launch_spans(cudaStream_t stream, const Frames<T>& frames, std::uint32_t kind, const std::uint32_t* marks,
                  double* sums) {
  const std::uint32_t parts = parts_of(frames.pixels);
  EWALD_LAUNCH((add_spans<T>), blocks_of(std::uint64_t(frames.count) * parts, kWarps), kThreads, 0, stream, frames,
               kind, marks, parts, sums);
  EWALD_CUDA(cudaGetLastError());
}

#define EWALD_INSTANCE(T) \
  template void launch_spans<T>(cudaStream_t, const Frames<T>&, std::uint32_t, const std::uint32_t*, double*);
EWALD_CUDA_UDF_TYPES(EWALD_INSTANCE)
#undef EWALD_INSTANCE

}  // namespace ewald::cuda::udf
