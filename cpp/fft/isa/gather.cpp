// Copies lines of memory, in any layout, into the lanes of a block of scratch, and back.
//
// Three ways: neighbouring lines (vector loads), contiguous lines (vector loads and a transpose of W x W squares), and
// anything else number by number. Lanes beyond the last line are zero.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {
namespace {

template <class T, int W>
EWALD_INLINE size_t column_of(int lane) {
  return fft::lane_column<T>(uint32_t(lane), W);
}

// Copies parts of a complex line (2 numbers per element), or of one real line at a time, into one plane of the block.
// `plane` is 0 for real and 1 for imaginary parts; `first` is the first line of the vector.
template <class T, int W, int numbers>
void gather_scalar(T* a, size_t vectors, const T* in, size_t n, Strides s, size_t lines, size_t v, size_t first,
                   int plane, int part) {
  for (int l = 0; l < W; l++) {
    const size_t line = first + column_of<T, W>(l);
    T* to = a + v * 2 * W + size_t(plane) * W + size_t(l);
    if (line >= lines) {
      for (size_t j = 0; j < n; j++) to[j * vectors * 2 * W] = T(0);
    } else {
      const T* from = in + numbers * (line * s.lane) + part;
      for (size_t j = 0; j < n; j++) to[j * vectors * 2 * W] = from[numbers * (j * s.line)];
    }
  }
}

template <class T, int W, int numbers>
void scatter_scalar(const T* a, size_t vectors, T* out, size_t n, Strides s, size_t lines, size_t v, size_t first,
                    int plane, int part, T scale) {
  for (int l = 0; l < W; l++) {
    const size_t line = first + column_of<T, W>(l);
    if (line >= lines) continue;
    const T* from = a + v * 2 * W + size_t(plane) * W + size_t(l);
    T* to = out + numbers * (line * s.lane) + part;
    for (size_t j = 0; j < n; j++) to[numbers * (j * s.line)] = scale * from[j * vectors * 2 * W];
  }
}

// A call of memcpy costs more than copying the few numbers here.
template <class T, int W>
EWALD_INLINE void copy_part(const T* from, T* to, size_t count) {
  for (size_t i = 0; i < count; i += 2) {
    to[i] = from[i];
    to[i + 1] = from[i + 1];
  }
}

// Neighbouring lines that do not fill a vector.
template <class T, int W, bool swap>
void gather_part(T* a, size_t vectors, const T* in, size_t n, Strides s, size_t first, size_t count, size_t v) {
  const size_t width = vectors * 2 * W;
  T part[2 * W] = {};
  for (size_t j = 0; j < n; j++) {
    copy_part<T, W>(in + 2 * (first + j * s.line), part, 2 * count);
    store_complex<T, W>(a + v * 2 * W + j * width, load_interleaved<T, W, swap>(part));
  }
}
template <class T, int W, bool swap>
void scatter_part(const T* a, size_t vectors, T* out, size_t n, Strides s, size_t first, size_t count, size_t v,
                  T scale) {
  const size_t width = vectors * 2 * W;
  const Vec<T, W> factor = splat<T, W>(scale);
  T part[2 * W];
  for (size_t j = 0; j < n; j++) {
    store_interleaved<T, W, swap>(part, scaled<T, W>(load_complex<T, W>(a + v * 2 * W + j * width), factor));
    copy_part<T, W>(part, out + 2 * (first + j * s.line), 2 * count);
  }
}

// Half a spectrum is often one number longer than whole vectors: this number is copied alone, without a separate
// square.
template <int W>
EWALD_INLINE bool one_more(size_t n) {
  return n > W && n % W == 1;
}

// W whole contiguous lines of n complex numbers that begin `lane` numbers apart.
template <class T, int W, bool swap>
void gather_squares(T* to, size_t width, const T* in, size_t n, size_t lane) {
  for (size_t start = 0; start < n; start += W) {
    const size_t j = start + W <= n ? start : n - W;
    Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) {
      const Complex<T, W> c = load_interleaved<T, W, swap>(in + column_of<T, W>(l) * lane + 2 * j);
      re[l] = c.re;
      im[l] = c.im;
    }
    transpose<T, W>(re);
    transpose<T, W>(im);
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) store_complex<T, W>(to + (j + column_of<T, W>(l)) * width, {re[l], im[l]});
  }
}
template <class T, int W, bool swap>
void scatter_squares(const T* from, size_t width, T* out, size_t n, size_t lane, Vec<T, W> factor) {
  for (size_t start = 0; start < n; start += W) {
    const size_t j = start + W <= n ? start : n - W;
    Vec<T, W> re[W], im[W];
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) {
      const Complex<T, W> c = scaled<T, W>(load_complex<T, W>(from + (j + column_of<T, W>(l)) * width), factor);
      re[l] = c.re;
      im[l] = c.im;
    }
    transpose<T, W>(re);
    transpose<T, W>(im);
#pragma GCC unroll 16
    for (int l = 0; l < W; l++)
      store_interleaved<T, W, swap>(out + column_of<T, W>(l) * lane + 2 * j, {re[l], im[l]});
  }
}

// W whole complex lines from `first`, neighbours or contiguous.
template <class T, int W, bool swap>
void gather_complex(T* a, size_t vectors, const T* in, size_t n, Strides s, size_t first, size_t v) {
  const size_t width = vectors * 2 * W;
  T* to = a + v * 2 * W;
  if (s.lane == 1) {
    const T* from = in + 2 * first;
    for (size_t j = 0; j < n; j++)
      store_complex<T, W>(to + j * width, load_interleaved<T, W, swap>(from + 2 * j * s.line));
    return;
  }
  const size_t squares = one_more<W>(n) ? n - 1 : n;
  if (squares < n) {
    gather_scalar<T, W, 2>(a + squares * width, vectors, in + 2 * squares, 1, s, first + W, v, first, 0, swap);
    gather_scalar<T, W, 2>(a + squares * width, vectors, in + 2 * squares, 1, s, first + W, v, first, 1, 1 - swap);
  }
  gather_squares<T, W, swap>(to, width, in + 2 * first * s.lane, squares, 2 * s.lane);
}

template <class T, int W, bool swap>
void scatter_complex(const T* a, size_t vectors, T* out, size_t n, Strides s, size_t first, size_t v, T scale) {
  const size_t width = vectors * 2 * W;
  const Vec<T, W> factor = splat<T, W>(scale);
  const T* from = a + v * 2 * W;
  if (s.lane == 1) {
    T* to = out + 2 * first;
    for (size_t j = 0; j < n; j++)
      store_interleaved<T, W, swap>(to + 2 * j * s.line, scaled<T, W>(load_complex<T, W>(from + j * width), factor));
    return;
  }
  const size_t squares = one_more<W>(n) ? n - 1 : n;
  if (squares < n) {
    scatter_scalar<T, W, 2>(a + squares * width, vectors, out + 2 * squares, 1, s, first + W, v, first, 0, swap, scale);
    scatter_scalar<T, W, 2>(a + squares * width, vectors, out + 2 * squares, 1, s, first + W, v, first, 1, 1 - swap,
                            scale);
  }
  scatter_squares<T, W, swap>(from, width, out + 2 * first * s.lane, squares, 2 * s.lane, factor);
}

// W whole real lines from `first` into the real parts.
template <class T, int W>
void gather_real(T* a, size_t vectors, const T* in, size_t n, Strides s, size_t first, size_t v) {
  const size_t width = vectors * 2 * W;
  T* to = a + v * 2 * W;
  if (s.lane == 1) {
    for (size_t j = 0; j < n; j++) store<T, W>(to + j * width, to_lanes<T, W>(load<T, W>(in + first + j * s.line)));
    return;
  }
  for (size_t start = 0; start < n; start += W) {
    const size_t j = start + W <= n ? start : n - W;
    Vec<T, W> r[W];
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) r[l] = load<T, W>(in + (first + column_of<T, W>(l)) * s.lane + j);
    transpose<T, W>(r);
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) store<T, W>(to + (j + size_t(l)) * width, r[l]);
  }
}

template <class T, int W>
void scatter_real(const T* a, size_t vectors, T* out, size_t n, Strides s, size_t first, size_t v, int plane, T scale) {
  const size_t width = vectors * 2 * W;
  const Vec<T, W> factor = splat<T, W>(scale);
  const T* from = a + v * 2 * W + size_t(plane) * W;
  if (s.lane == 1) {
    for (size_t j = 0; j < n; j++)
      store<T, W>(out + first + j * s.line, from_lanes<T, W>(factor * load<T, W>(from + j * width)));
    return;
  }
  for (size_t start = 0; start < n; start += W) {
    const size_t j = start + W <= n ? start : n - W;
    Vec<T, W> r[W];
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) r[l] = factor * load<T, W>(from + (j + size_t(l)) * width);
    transpose<T, W>(r);
#pragma GCC unroll 16
    for (int l = 0; l < W; l++) store<T, W>(out + (first + column_of<T, W>(l)) * s.lane + j, r[l]);
  }
}

// Copies `whole` vectors of neighbouring lines, one row of memory at a time: the rows lie far apart, often at a power
// of two, and a vector may be less than what a cache fetches.
template <class T, int W, bool swap>
void gather_rows(T* a, size_t vectors, const T* in, size_t n, size_t line, size_t whole) {
  for (size_t j = 0; j < n; j++)
    for (size_t v = 0; v < whole; v++)
      store_complex<T, W>(a + (j * vectors + v) * 2 * W, load_interleaved<T, W, swap>(in + 2 * (j * line + v * W)));
}
template <class T, int W, bool swap>
void scatter_rows(const T* a, size_t vectors, T* out, size_t n, size_t line, size_t whole, T scale) {
  const Vec<T, W> factor = splat<T, W>(scale);
  for (size_t j = 0; j < n; j++)
    for (size_t v = 0; v < whole; v++)
      store_interleaved<T, W, swap>(out + 2 * (j * line + v * W),
                                    scaled<T, W>(load_complex<T, W>(a + (j * vectors + v) * 2 * W), factor));
}
// The same for real lines.
template <class T, int W>
void gather_real_rows(T* a, size_t vectors, const T* in, size_t n, size_t line, size_t whole) {
  for (size_t j = 0; j < n; j++)
    for (size_t v = 0; v < whole; v++)
      store<T, W>(a + (j * vectors + v) * 2 * W, to_lanes<T, W>(load<T, W>(in + j * line + v * W)));
}
template <class T, int W>
void scatter_real_rows(const T* a, size_t vectors, T* out, size_t n, size_t line, size_t whole, size_t plane, T scale) {
  const Vec<T, W> factor = splat<T, W>(scale);
  for (size_t j = 0; j < n; j++)
    for (size_t v = 0; v < whole; v++)
      store<T, W>(out + j * line + v * W,
                  from_lanes<T, W>(factor * load<T, W>(a + ((j * vectors + v) * 2 + plane) * W)));
}

// Number m of packed lines; those of vector v are 2 v W further.
template <class T, int W>
EWALD_INLINE size_t packed_at(size_t vectors, size_t m) {
  return (m / 2 * vectors * 2 + m % 2) * W;
}

// Numbers first .. first + n - 1 of the packed lines of a vector, one by one.
template <class T, int W>
void gather_packed_scalar(T* a, size_t vectors, const T* in, size_t first, size_t n, Strides s, size_t lines) {
  for (int l = 0; l < W; l++) {
    const size_t line = column_of<T, W>(l);
    for (size_t m = 0; m < n; m++)
      a[packed_at<T, W>(vectors, first + m) + size_t(l)] = line < lines ? in[line * s.lane + m * s.line] : T(0);
  }
}
template <class T, int W>
void scatter_packed_scalar(const T* a, size_t vectors, T* out, size_t first, size_t n, Strides s, size_t lines,
                           T scale) {
  for (int l = 0; l < W; l++) {
    const size_t line = column_of<T, W>(l);
    if (line >= lines) continue;
    for (size_t m = 0; m < n; m++)
      out[line * s.lane + m * s.line] = scale * a[packed_at<T, W>(vectors, first + m) + size_t(l)];
  }
}

}  // namespace

template <class T, int W>
void gather(T* a, size_t vectors, const T* in, size_t n, Strides s, size_t lines, Form form) {
  const bool fast = s.lane == 1 || (s.line == 1 && n >= W), two = form == Form::complex || form == Form::swapped;
  size_t done = 0;
  if (s.lane == 1) {
    done = lines / W < vectors ? lines / W : vectors;
    if (!two)
      gather_real_rows<T, W>(a, vectors, in, n, s.line, done);
    else if (form == Form::swapped)
      gather_rows<T, W, true>(a, vectors, in, n, s.line, done);
    else
      gather_rows<T, W, false>(a, vectors, in, n, s.line, done);
  }
  for (size_t v = done; v < vectors; v++) {
    const size_t first = v * W;
    const int swap = form == Form::swapped;
    if (!two) {
      if (fast && first + W <= lines)
        gather_real<T, W>(a, vectors, in, n, s, first, v);
      else
        gather_scalar<T, W, 1>(a, vectors, in, n, s, lines, v, first, 0, 0);
    } else if (fast && first + W <= lines) {
      if (swap)
        gather_complex<T, W, true>(a, vectors, in, n, s, first, v);
      else
        gather_complex<T, W, false>(a, vectors, in, n, s, first, v);
    } else if (s.lane == 1 && first < lines) {
      if (swap)
        gather_part<T, W, true>(a, vectors, in, n, s, first, lines - first, v);
      else
        gather_part<T, W, false>(a, vectors, in, n, s, first, lines - first, v);
    } else {
      gather_scalar<T, W, 2>(a, vectors, in, n, s, lines, v, first, 0, swap);
      gather_scalar<T, W, 2>(a, vectors, in, n, s, lines, v, first, 1, 1 - swap);
    }
  }
  if (two) return;
  for (size_t j = 0; j < n; j++)
    for (size_t v = 0; v < vectors; v++) store<T, W>(a + ((j * vectors + v) * 2 + 1) * W, splat<T, W>(T(0)));
}

template <class T, int W>
void scatter(const T* a, size_t vectors, T* out, size_t n, Strides s, size_t lines, Form form, T scale) {
  const bool fast = s.lane == 1 || (s.line == 1 && n >= W), two = form == Form::complex || form == Form::swapped;
  const int plane = form == Form::imaginary ? 1 : 0;
  size_t done = 0;
  if (s.lane == 1) {
    done = lines / W < vectors ? lines / W : vectors;
    if (!two)
      scatter_real_rows<T, W>(a, vectors, out, n, s.line, done, size_t(plane), scale);
    else if (form == Form::swapped)
      scatter_rows<T, W, true>(a, vectors, out, n, s.line, done, scale);
    else
      scatter_rows<T, W, false>(a, vectors, out, n, s.line, done, scale);
  }
  for (size_t v = done; v < vectors; v++) {
    const size_t first = v * W;
    const int swap = form == Form::swapped;
    if (!two) {
      if (fast && first + W <= lines)
        scatter_real<T, W>(a, vectors, out, n, s, first, v, plane, scale);
      else
        scatter_scalar<T, W, 1>(a, vectors, out, n, s, lines, v, first, plane, 0, scale);
    } else if (fast && first + W <= lines) {
      if (swap)
        scatter_complex<T, W, true>(a, vectors, out, n, s, first, v, scale);
      else
        scatter_complex<T, W, false>(a, vectors, out, n, s, first, v, scale);
    } else if (s.lane == 1 && first < lines) {
      if (swap)
        scatter_part<T, W, true>(a, vectors, out, n, s, first, lines - first, v, scale);
      else
        scatter_part<T, W, false>(a, vectors, out, n, s, first, lines - first, v, scale);
    } else {
      scatter_scalar<T, W, 2>(a, vectors, out, n, s, lines, v, first, 0, swap, scale);
      scatter_scalar<T, W, 2>(a, vectors, out, n, s, lines, v, first, 1, 1 - swap, scale);
    }
  }
}

// Pairs of neighbours of a contiguous line are complex numbers of memory, but for one at either end.
template <class T, int W>
void gather_packed(T* a, size_t vectors, const T* in, size_t first, size_t n, Strides s, size_t lines) {
  const size_t whole = lines / W < vectors ? lines / W : vectors, head = first % 2 < n ? first % 2 : n,
               pairs = (n - head) / 2;
  if (s.lane == 1) {
    for (size_t m = 0; m < n; m++)
      for (size_t v = 0; v < whole; v++)
        store<T, W>(a + v * 2 * W + packed_at<T, W>(vectors, first + m),
                    to_lanes<T, W>(load<T, W>(in + m * s.line + v * W)));
  }
  const bool squares = s.line == 1 && pairs >= W;
  for (size_t v = s.lane == 1 ? whole : 0; v < vectors; v++) {
    T* to = a + v * 2 * W;
    const T* from = in + v * W * s.lane;
    const size_t left = lines > v * W ? lines - v * W : 0;
    if (!squares || left < W) {
      gather_packed_scalar<T, W>(to, vectors, from, first, n, s, left);
      continue;
    }
    gather_packed_scalar<T, W>(to, vectors, from, first, head, s, left);
    gather_squares<T, W, false>(to + packed_at<T, W>(vectors, first + head), vectors * 2 * W, from + head, pairs,
                                s.lane);
    const size_t done = head + 2 * pairs;
    gather_packed_scalar<T, W>(to, vectors, from + done, first + done, n - done, s, left);
  }
}

template <class T, int W>
void scatter_packed(const T* a, size_t vectors, T* out, size_t first, size_t n, Strides s, size_t lines, T scale) {
  const size_t whole = lines / W < vectors ? lines / W : vectors, head = first % 2 < n ? first % 2 : n,
               pairs = (n - head) / 2;
  const Vec<T, W> factor = splat<T, W>(scale);
  if (s.lane == 1) {
    for (size_t m = 0; m < n; m++)
      for (size_t v = 0; v < whole; v++)
        store<T, W>(out + m * s.line + v * W,
                    from_lanes<T, W>(factor * load<T, W>(a + v * 2 * W + packed_at<T, W>(vectors, first + m))));
  }
  const bool squares = s.line == 1 && pairs >= W;
  for (size_t v = s.lane == 1 ? whole : 0; v < vectors; v++) {
    const T* from = a + v * 2 * W;
    T* to = out + v * W * s.lane;
    const size_t left = lines > v * W ? lines - v * W : 0;
    if (!squares || left < W) {
      scatter_packed_scalar<T, W>(from, vectors, to, first, n, s, left, scale);
      continue;
    }
    scatter_packed_scalar<T, W>(from, vectors, to, first, head, s, left, scale);
    scatter_squares<T, W, false>(from + packed_at<T, W>(vectors, first + head), vectors * 2 * W, to + head, pairs,
                                 s.lane, factor);
    const size_t done = head + 2 * pairs;
    scatter_packed_scalar<T, W>(from, vectors, to + done, first + done, n - done, s, left, scale);
  }
}

#define EWALD_INSTANTIATE(T, W)                                                           \
  template void gather<T, W>(T*, size_t, const T*, size_t, Strides, size_t, Form);        \
  template void scatter<T, W>(const T*, size_t, T*, size_t, Strides, size_t, Form, T);    \
  template void gather_packed<T, W>(T*, size_t, const T*, size_t, size_t, Strides, size_t); \
  template void scatter_packed<T, W>(const T*, size_t, T*, size_t, size_t, Strides, size_t, T);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
