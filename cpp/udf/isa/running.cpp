// Sums of each pixel over frames, for integers of up to 16 bits: words are added to words, and added to doubles once
// every 2^15 frames.
#include <type_traits>
#include <utility>

#include "udf/isa/numbers.h"
#include "udf/pass.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::group;
using ewald::udf::Running;
using ewald::udf::Stack;

// Pixels that the loops below process at a time: two vectors of words.
constexpr int step = 2 * width;

// Calls a function for the first frame of each group and its number of frames, as a constant: few frames that are left
// share a pass over the running sums as well, whose order does not matter for whole numbers.
template <class F>
EWALD_INLINE void in_groups(uint32_t count, const F& each) {
  uint32_t f = 0;
  for (; f + group <= count; f += group) each(f, std::integral_constant<uint32_t, group>{});
  if (count - f >= 4) each(std::exchange(f, f + 4), std::integral_constant<uint32_t, 4>{});
  if (count - f >= 2) each(std::exchange(f, f + 2), std::integral_constant<uint32_t, 2>{});
  if (f < count) each(f, std::integral_constant<uint32_t, 1>{});
}

// --- sums, with pixels in their natural order ---

template <class T, uint32_t G>
EWALD_INLINE void add_group(const T* __restrict p, size_t pixels, size_t first, size_t end, uint32_t* __restrict sum) {
  using S = Twice<T>;
  using R = RowSum<T>;
  constexpr int lanes = lanes_of<S>;
  size_t i = first;
  for (; i + lanes <= end; i += lanes) {
    Lanes<S> here = widen<S>(p + i);
    for (uint32_t f = 1; f < G; f++) here += widen<S>(p + f * pixels + i);
    R* to = reinterpret_cast<R*>(sum) + i;
    if constexpr (std::is_same_v<S, R>) {
      store<R, lanes>(to, load<R, lanes>(to) + here);
    } else {
      S halves[lanes];
      store<S, lanes>(halves, here);
      for (int k = 0; k < lanes; k += width) store<R, width>(to + k, load<R, width>(to + k) + widen<R>(halves + k));
    }
  }
  for (; i < end; i++)
    for (uint32_t f = 0; f < G; f++) sum[i] += uint32_t(R(p[f * pixels + i]));
}

template <class T>
void add(const Stack& s, Running running) {
  const T* p = static_cast<const T*>(s.frames);
  in_groups(s.count, [&](uint32_t f, auto frames) {
    add_group<T, frames()>(p + f * s.pixels, s.pixels, s.first, s.end, running.sum);
  });
}

template <class T>
void store_sum(Running running, size_t, size_t first, size_t end, double* sum) {
  for (size_t i = first; i < end; i++) sum[i] += double(RowSum<T>(running.sum[i]));
}

// --- sums and squares: a² + b² of two frames is one instruction for signed numbers of 16 bits, so unsigned ones are
//     taken about 2^15, and pixels stay in the order that the instruction yields: the halves of each 16 bytes are
//     apart ---

template <class T>
constexpr int32_t middle = std::is_same_v<T, uint16_t> ? 32768 : 0;

// `step` pixels as 16-bit numbers about the middle, in two words of 16 bits per lane.
template <class T>
EWALD_INLINE U sixteen(const T* p) {
  if constexpr (sizeof(T) == 1) {
    return (U)widened<int16_t, step>(p);
  } else {
    U v;
    memcpy(&v, p, sizeof v);
    if constexpr (middle<T> != 0) v ^= splat(uint32_t(0x80008000));
    return v;
  }
}

// Σ and Σ² of one vector of pixels.
struct Moments {
  U sum, low, high;
};

template <class T>
EWALD_INLINE void meet(U pair, Moments& m) {
  const U squares = dot16(pair, pair);
  m.sum += dot16(pair, splat(uint32_t(0x00010001)));
  m.low += squares;
  // Squares of 8-bit numbers do not overflow the word.
  if constexpr (sizeof(T) == 2) m.high += squares >> 16;
}

EWALD_INLINE Moments taken(Running r, size_t i) {
  Moments m;
  memcpy(&m.sum, r.sum + i, sizeof m.sum);
  memcpy(&m.low, r.low + i, sizeof m.low);
  memcpy(&m.high, r.high + i, sizeof m.high);
  return m;
}
EWALD_INLINE void put(Running r, size_t i, const Moments& m) {
  store(r.sum + i, m.sum);
  store(r.low + i, m.low);
  store(r.high + i, m.high);
}

template <class T, uint32_t G>
EWALD_INLINE void moments_group(const T* __restrict p, size_t pixels, size_t first, size_t end, Running r) {
  size_t i = first;
  for (; i + step <= end; i += step) {
    Moments a = taken(r, i), b = taken(r, i + width);
    for (uint32_t f = 0; f < G; f += 2) {
      const U one = sixteen<T>(p + f * pixels + i), other = f + 1 < G ? sixteen<T>(p + (f + 1) * pixels + i) : U{};
      meet<T>(interleave_low16(one, other), a);
      meet<T>(interleave_high16(one, other), b);
    }
    put(r, i, a);
    put(r, i + width, b);
  }
  // The last pixels of a frame are in their natural order.
  for (; i < end; i++)
    for (uint32_t f = 0; f < G; f++) {
      const int32_t v = int32_t(p[f * pixels + i]) - middle<T>;
      const uint32_t square = uint32_t(v * v);
      r.sum[i] += uint32_t(v);
      r.low[i] += square;
      if constexpr (sizeof(T) == 2) r.high[i] += square >> 16;
    }
}

template <class T>
void moments(const Stack& s, Running running) {
  const T* p = static_cast<const T*>(s.frames);
  in_groups(s.count, [&](uint32_t f, auto frames) {
    moments_group<T, frames()>(p + f * s.pixels, s.pixels, s.first, s.end, running);
  });
}

// The position of a pixel's sums.
EWALD_INLINE size_t place(size_t i, size_t pixels) {
  if (i >= pixels / step * step) return i;
  const size_t in_step = i % step, piece = in_step / 8, in_piece = in_step % 8;
  return i - in_step + (in_piece / 4) * width + piece * 4 + in_piece % 4;
}

template <class T>
void store_moments(Running r, uint64_t frames, size_t pixels, size_t first, size_t end, double* sum, double* second) {
  constexpr int64_t about = middle<T>;
  for (size_t i = first; i < end; i++) {
    const size_t at = place(i, pixels);
    const int64_t s = int32_t(r.sum[at]);
    // Since the upper halves are known modulo 2^32, so are the lower ones.
    const int64_t squares = int64_t((uint64_t(r.high[at]) << 16) + uint32_t(r.low[at] - (r.high[at] << 16)));
    sum[i] += double(s + about * int64_t(frames));
    second[i] += double(squares + 2 * about * s + about * about * int64_t(frames));
  }
}

}  // namespace

void udf_running(uint32_t dtype, ewald::udf::Kernels& kernels) {
  with_type(dtype, [&](auto number) {
    using T = decltype(number);
    if constexpr (sizeof(T) <= 2) {
      kernels.add_running = add<T>;
      kernels.moments_running = moments<T>;
      kernels.store_sum = store_sum<T>;
      kernels.store_moments = store_moments<T>;
    }
  });
}

}  // namespace ewald::EWALD_ISA
