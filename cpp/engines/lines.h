// Walks over the elements of a transform's side, or of two sides at once, line by line along the last dimension.
#pragma once
#include <cstddef>

#include "fft/plan.h"

namespace ewald::engines {

using fft::max_dims;

// Calls f(a, b) with the offsets of the first element of every line, in elements of two layouts of the same counts.
template <class F>
void for_lines(const size_t* count, const size_t* a, const size_t* b, uint32_t dims, F&& f) {
  size_t index[max_dims] = {}, at_a = 0, at_b = 0;
  for (;;) {
    f(at_a, at_b);
    uint32_t d = dims - 1;
    for (;;) {
      if (d == 0) return;
      d--;
      at_a += a[d], at_b += b[d];
      if (++index[d] < count[d]) break;
      at_a -= a[d] * count[d], at_b -= b[d] * count[d];
      index[d] = 0;
    }
  }
}

// Copies the elements of one layout to another; `width` numbers an element, a missing imaginary part is zero, a
// superfluous one is dropped.
template <class T>
void copy_elements(const T* from, const size_t* from_stride, size_t from_width, T* to, const size_t* to_stride,
                   size_t to_width, const size_t* count, uint32_t dims) {
  const size_t n = count[dims - 1], step_from = from_stride[dims - 1] * from_width,
               step_to = to_stride[dims - 1] * to_width;
  for_lines(count, from_stride, to_stride, dims, [&](size_t a, size_t b) {
    const T* source = from + a * from_width;
    T* target = to + b * to_width;
    for (size_t i = 0; i < n; i++, source += step_from, target += step_to) {
      target[0] = source[0];
      if (to_width == 2) target[1] = from_width == 2 ? source[1] : T(0);
    }
  });
}

// Scales the elements of a side, but not the memory between them.
template <class T>
void scale_elements(T* data, const fft::Side& side, uint32_t dims, T factor) {
  const size_t width = side.complex ? 2 : 1;
  size_t elements = 1;
  for (uint32_t d = 0; d < dims; d++) elements *= side.count[d];
  if (elements == side.size) {
    for (size_t i = 0; i < elements * width; i++) data[i] *= factor;
    return;
  }
  const size_t n = side.count[dims - 1], step = side.stride[dims - 1] * width;
  for_lines(side.count, side.stride, side.stride, dims, [&](size_t at, size_t) {
    T* element = data + at * width;
    for (size_t i = 0; i < n; i++, element += step)
      for (size_t part = 0; part < width; part++) element[part] *= factor;
  });
}

// The scale factor of a run.
double scale_factor(uint32_t scale, double logical);

}  // namespace ewald::engines
