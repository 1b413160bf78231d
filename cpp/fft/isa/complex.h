// W complex numbers as one vector of real and one of imaginary parts, and the permutations between vector orders.
//
// Memory holds complex numbers interleaved (re im re im ..). Two loads and two shuffles that stay inside 128-bit blocks
// split them; this leaves the lanes in the order of lane_column() (fft/kernels.h), which two shuffles of the same kind
// undo at the store. Nothing in between depends on the order of the lanes.
#pragma once
#include "common/simd.h"
#include "common/stream.h"
#include "fft/kernels.h"

namespace ewald::EWALD_ISA {

// W complex numbers.
template <class T, int W>
struct Complex {
  Vec<T, W> re, im;
};

// Numbers 0 .. count-1 as template arguments; our own, so that no std template is instantiated here.
template <int... i>
struct Indices {};
template <int count, int... i>
struct MakeIndices : MakeIndices<count - 1, count - 1, i...> {};
template <int... i>
struct MakeIndices<0, i...> {
  using type = Indices<i...>;
};

template <class T, int W>
constexpr int block_lanes = 16 / int(sizeof(T));  // lanes of a 128-bit block

template <class T, int W, class Pattern, int... i>
EWALD_INLINE Vec<T, W> shuffle(Vec<T, W> a, Vec<T, W> b, Indices<i...>) {
  return __builtin_shufflevector(a, b, Pattern::at(i)...);
}
template <class T, int W, class Pattern>
EWALD_INLINE Vec<T, W> shuffle(Vec<T, W> a, Vec<T, W> b) {
  return shuffle<T, W, Pattern>(a, b, typename MakeIndices<W>::type{});
}

// Inside each 128-bit block of L lanes: the even or odd lanes of a, then those of b.
template <int W, int L, int odd>
struct Split {
  static constexpr int at(int lane) {
    const int block = lane / L, i = lane % L;
    return (i < L / 2 ? 0 : W) + block * L + 2 * (i % (L / 2)) + odd;
  }
};
// Inside each block: lanes of the low or high half of a and b in turn (the unpack instructions).
template <int W, int L, int high>
struct Unpack {
  static constexpr int at(int lane) {
    const int block = lane / L, i = lane % L;
    return (i % 2 ? W : 0) + block * L + high * (L / 2) + i / 2;
  }
};
// The same with pairs of lanes.
template <int W, int high>
struct UnpackPairs {
  static constexpr int at(int lane) {
    const int block = lane / 4, i = lane % 4;
    return (i / 2 ? W : 0) + block * 4 + high * 2 + i % 2;
  }
};
// Whole blocks: the even or odd ones of a, then those of b.
template <int W, int L, int odd>
struct SplitBlocks {
  static constexpr int at(int lane) {
    const int block = lane / L, i = lane % L, blocks = W / L;
    return (block < blocks / 2 ? 0 : W) + (2 * (block % (blocks / 2)) + odd) * L + i;
  }
};
// From memory order to the lanes of lane_column().
template <class T, int W>
struct ToLanes {
  static constexpr int at(int lane) { return int(fft::lane_column<T>(lane, W)); }
};
template <class T, int W>
struct FromLanes {
  static constexpr int at(int column) {
    int lane = 0;
    while (int(fft::lane_column<T>(lane, W)) != column) lane++;
    return lane;
  }
};
// The vector whose lane l holds what the lane of column W - 1 - lane_column(l) held.
template <class T, int W>
struct Mirror {
  static constexpr int at(int lane) { return FromLanes<T, W>::at(W - 1 - int(fft::lane_column<T>(lane, W))); }
};

template <class T, int W>
EWALD_INLINE Vec<T, W> to_lanes(Vec<T, W> v) {
  return shuffle<T, W, ToLanes<T, W>>(v, v);
}
template <class T, int W>
EWALD_INLINE Vec<T, W> from_lanes(Vec<T, W> v) {
  return shuffle<T, W, FromLanes<T, W>>(v, v);
}

// Lane l of the result: what `Pattern` picks for the lane that mirrors it.
template <class T, int W, class Pattern>
struct Mirrored {
  static constexpr int at(int lane) { return Pattern::at(Mirror<T, W>::at(lane)); }
};

// W interleaved complex numbers; `swap` exchanges real and imaginary part, which turns a forward transform into a
// backward one.
template <class T, int W, bool swap>
EWALD_INLINE Complex<T, W> load_interleaved(const T* p) {
  constexpr int L = block_lanes<T, W>;
  const Vec<T, W> a = load<T, W>(p), b = load<T, W>(p + W);
  const Vec<T, W> even = shuffle<T, W, Split<W, L, 0>>(a, b), odd = shuffle<T, W, Split<W, L, 1>>(a, b);
  if constexpr (swap) return {odd, even};
  return {even, odd};
}
// The same in reverse order.
template <class T, int W>
EWALD_INLINE Complex<T, W> load_mirrored(const T* p) {
  constexpr int L = block_lanes<T, W>;
  const Vec<T, W> a = load<T, W>(p), b = load<T, W>(p + W);
  return {shuffle<T, W, Mirrored<T, W, Split<W, L, 0>>>(a, b), shuffle<T, W, Mirrored<T, W, Split<W, L, 1>>>(a, b)};
}
// With `past`, past the cache.
template <class T, int W, bool swap, bool past = false>
EWALD_INLINE void store_interleaved(T* p, Complex<T, W> c) {
  constexpr int L = block_lanes<T, W>;
  const Vec<T, W> even = swap ? c.im : c.re, odd = swap ? c.re : c.im;
  const Vec<T, W> low = shuffle<T, W, Unpack<W, L, 0>>(even, odd), high = shuffle<T, W, Unpack<W, L, 1>>(even, odd);
  if constexpr (past) {
    stream<T, W>(p, low);
    stream<T, W>(p + W, high);
  } else {
    store<T, W>(p, low);
    store<T, W>(p + W, high);
  }
}

// Which lane of real parts (or W + lane of imaginary parts) goes where when W complex numbers are stored in reverse
// order.
template <class T, int W, int high>
struct UnpackMirrored {
  static constexpr int at(int lane) { return (lane % 2) * W + FromLanes<T, W>::at(W - 1 - (high * W + lane) / 2); }
};
template <class T, int W>
EWALD_INLINE void store_mirrored(T* p, Complex<T, W> c) {
  store<T, W>(p, shuffle<T, W, UnpackMirrored<T, W, 0>>(c.re, c.im));
  store<T, W>(p + W, shuffle<T, W, UnpackMirrored<T, W, 1>>(c.re, c.im));
}

// Scratch memory: real parts, then imaginary parts of W complex numbers.
template <class T, int W>
EWALD_INLINE Complex<T, W> load_complex(const T* p) {
  return {load<T, W>(p), load<T, W>(p + W)};
}
template <class T, int W>
EWALD_INLINE void store_complex(T* p, Complex<T, W> c) {
  store<T, W>(p, c.re);
  store<T, W>(p + W, c.im);
}

template <class T, int W>
EWALD_INLINE Complex<T, W> operator+(Complex<T, W> a, Complex<T, W> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class T, int W>
EWALD_INLINE Complex<T, W> operator-(Complex<T, W> a, Complex<T, W> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class T, int W>
EWALD_INLINE Complex<T, W> scaled(Complex<T, W> a, Vec<T, W> s) {
  return {a.re * s, a.im * s};
}
template <class T, int W>
EWALD_INLINE Complex<T, W> times(Complex<T, W> a, Vec<T, W> re, Vec<T, W> im) {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}
template <class T, int W>
EWALD_INLINE Complex<T, W> times_conjugate(Complex<T, W> a, Vec<T, W> re, Vec<T, W> im) {
  return {a.re * re + a.im * im, a.im * re - a.re * im};
}
// a times the one complex number at w.
template <class T, int W>
EWALD_INLINE Complex<T, W> times(Complex<T, W> a, const T* w) {
  return times<T, W>(a, splat<T, W>(w[0]), splat<T, W>(w[1]));
}
template <class T, int W>
EWALD_INLINE Complex<T, W> times_conjugate(Complex<T, W> a, const T* w) {
  return times_conjugate<T, W>(a, splat<T, W>(w[0]), splat<T, W>(w[1]));
}

// Numbers k and h - k of the half-length trick, h half the length of a real line, w = exp(-i pi k / h).
template <class T, int W>
struct Halves {
  Complex<T, W> low, high;
};
// Twice the transform of a real line from that of its packed complex line.
template <class T, int W>
EWALD_INLINE Halves<T, W> unpacked(Complex<T, W> x, Complex<T, W> y, Vec<T, W> re, Vec<T, W> im) {
  const Complex<T, W> e = {x.re + y.re, x.im - y.im}, o = times<T, W>({x.im + y.im, y.re - x.re}, re, im);
  return {e + o, {e.re - o.re, o.im - e.im}};
}
// And back, without the half.
template <class T, int W>
EWALD_INLINE Halves<T, W> packed(Complex<T, W> x, Complex<T, W> y, Vec<T, W> re, Vec<T, W> im) {
  const Complex<T, W> e = {x.re + y.re, x.im - y.im}, d = times_conjugate<T, W>({x.re - y.re, x.im + y.im}, re, im);
  return {{e.re - d.im, e.im + d.re}, {e.re + d.im, d.re - e.im}};
}

// Transposes the blocks of 128 bits of vectors `step` apart, as many as a vector has blocks: block b of vector c
// becomes block c of vector b.
template <class T, int W, int step>
EWALD_INLINE void transpose_blocks(const Vec<T, W>* t, Vec<T, W>* r) {
  constexpr int L = block_lanes<T, W>, blocks = W / L;
  if constexpr (blocks == 1) {
    r[0] = t[0];
  } else if constexpr (blocks == 2) {
    r[0] = shuffle<T, W, SplitBlocks<W, L, 0>>(t[0], t[step]);
    r[step] = shuffle<T, W, SplitBlocks<W, L, 1>>(t[0], t[step]);
  } else {
    static_assert(blocks == 4);
    const Vec<T, W> a = shuffle<T, W, SplitBlocks<W, L, 0>>(t[0], t[step]),
                    b = shuffle<T, W, SplitBlocks<W, L, 1>>(t[0], t[step]);
    const Vec<T, W> c = shuffle<T, W, SplitBlocks<W, L, 0>>(t[2 * step], t[3 * step]);
    const Vec<T, W> d = shuffle<T, W, SplitBlocks<W, L, 1>>(t[2 * step], t[3 * step]);
    r[0] = shuffle<T, W, SplitBlocks<W, L, 0>>(a, c);
    r[2 * step] = shuffle<T, W, SplitBlocks<W, L, 1>>(a, c);
    r[step] = shuffle<T, W, SplitBlocks<W, L, 0>>(b, d);
    r[3 * step] = shuffle<T, W, SplitBlocks<W, L, 1>>(b, d);
  }
}

// Transposes W vectors of W lanes: lane l of row c becomes lane c of row l. Blocks of 128 bits first, then the blocks
// among each other.
template <class T, int W>
EWALD_INLINE void transpose(Vec<T, W>* r) {
  constexpr int L = block_lanes<T, W>;
  Vec<T, W> t[W];
#pragma GCC unroll 16
  for (int g = 0; g < W; g += L) {
    if constexpr (L == 2) {
      t[g] = shuffle<T, W, Unpack<W, 2, 0>>(r[g], r[g + 1]);
      t[g + 1] = shuffle<T, W, Unpack<W, 2, 1>>(r[g], r[g + 1]);
    } else {
      const Vec<T, W> a = shuffle<T, W, Unpack<W, 4, 0>>(r[g], r[g + 1]),
                      b = shuffle<T, W, Unpack<W, 4, 1>>(r[g], r[g + 1]);
      const Vec<T, W> c = shuffle<T, W, Unpack<W, 4, 0>>(r[g + 2], r[g + 3]),
                      d = shuffle<T, W, Unpack<W, 4, 1>>(r[g + 2], r[g + 3]);
      t[g] = shuffle<T, W, UnpackPairs<W, 0>>(a, c);
      t[g + 1] = shuffle<T, W, UnpackPairs<W, 1>>(a, c);
      t[g + 2] = shuffle<T, W, UnpackPairs<W, 0>>(b, d);
      t[g + 3] = shuffle<T, W, UnpackPairs<W, 1>>(b, d);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < L; i++) transpose_blocks<T, W, L>(t + i, r + i);
}

// Transposes R = W / 2 vectors and does butterflies of radix 2 on the way: column j of vector i becomes the sum of
// columns i and R + i of vector j, and column R + j their difference. (Columns as in lane_column.)
template <class T, int W>
EWALD_INLINE void transpose_halves(Vec<T, W>* r) {
  constexpr int L = block_lanes<T, W>;
  Vec<T, W> t[W / 2];
#pragma GCC unroll 8
  for (int j = 0; j < W / 2; j += 2) {
    const Vec<T, W> low = shuffle<T, W, Unpack<W, L, 0>>(r[j], r[j + 1]),
                    high = shuffle<T, W, Unpack<W, L, 1>>(r[j], r[j + 1]);
    const Vec<T, W> sum = low + high, difference = low - high;
    if constexpr (L == 2) {
      t[j] = shuffle<T, W, Unpack<W, 2, 0>>(sum, difference);
      t[j + 1] = shuffle<T, W, Unpack<W, 2, 1>>(sum, difference);
    } else {
      t[j] = shuffle<T, W, UnpackPairs<W, 0>>(sum, difference);
      t[j + 1] = shuffle<T, W, UnpackPairs<W, 1>>(sum, difference);
    }
  }
#pragma GCC unroll 2
  for (int i = 0; i < L / 2; i++) transpose_blocks<T, W, L / 2>(t + i, r + i);
}

}  // namespace ewald::EWALD_ISA
