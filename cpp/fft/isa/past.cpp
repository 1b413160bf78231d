// Copies of finished results to memory past the cache.
#include "fft/isa/engine.h"

namespace ewald::EWALD_ISA {

// Whole cache lines are stored past the cache, the numbers before the first and after the last one plainly.
template <class T, int W>
void copy_past(const T* in, T* out, size_t count) {
  constexpr size_t line = 64 / sizeof(T);
  const size_t place = reinterpret_cast<uintptr_t>(out) % 64 / sizeof(T), before = (line - place) % line;
  const size_t head = before < count ? before : count;
  size_t i = 0;
  for (; i < head; i++) out[i] = in[i];
  for (; i + line <= count; i += line)
#pragma GCC unroll 4
    for (size_t k = 0; k < line; k += W) stream<T, W>(out + i + k, load<T, W>(in + i + k));
  for (; i < count; i++) out[i] = in[i];
}

void end_past() { end_stream(); }

#define EWALD_INSTANTIATE(T, W) template void copy_past<T, W>(const T*, T*, size_t);
EWALD_FFT_WIDTHS(EWALD_INSTANTIATE)
#undef EWALD_INSTANTIATE

}  // namespace ewald::EWALD_ISA
