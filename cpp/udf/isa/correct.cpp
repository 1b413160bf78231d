// Dark frame and gain of several frames, a block of pixels at a time, so that the tables stay in the nearest cache; and
// the search for values that are bad in themselves. The loops are simple enough for the compiler to make vectors.
#include "udf/correction.h"
#include "udf/isa/numbers.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::CorrectionKernels;
using ewald::udf::CorrectionTables;

// Pixels of a block: three tables of floats take 24 kB.
constexpr size_t at_once = 2048;
// Pixels that are searched for bad values together.
constexpr size_t searched = 256;

template <class T, class O, bool rests>
EWALD_INLINE void correct(const T* __restrict frame, size_t n, const O* __restrict dark, const O* __restrict rest,
                          const O* __restrict gain, O* __restrict out) {
  for (size_t i = 0; i < n; i++) {
    const O above = O(frame[i]) - dark[i];
    out[i] = (rests ? above - rest[i] : above) * gain[i];
  }
}

template <class T, class O>
void values(const CorrectionTables& t, const void* frames, uint32_t count, void* out) {
  const T* from = static_cast<const T*>(frames);
  const O *dark = static_cast<const O*>(t.dark), *rest = static_cast<const O*>(t.rest),
          *gain = static_cast<const O*>(t.gain);
  O* to = static_cast<O*>(out);
  for (size_t first = 0; first < t.pixels; first += at_once) {
    const size_t n = t.pixels - first < at_once ? t.pixels - first : at_once;
    for (uint32_t f = 0; f < count; f++) {
      const size_t at = f * t.pixels + first;
      if (rest != nullptr)
        correct<T, O, true>(from + at, n, dark + first, rest + first, gain + first, to + at);
      else
        correct<T, O, false>(from + at, n, dark + first, nullptr, gain + first, to + at);
    }
  }
}

// Whether a value is bad: as an integer, so that the compiler can make vectors of a loop that collects it.
template <class T, class O>
EWALD_INLINE uint32_t outside(T number, O most, O least, bool nan_is_bad) {
  const O value = O(number);
  const uint32_t limited = uint32_t(value > most) | uint32_t(value < least);
  if constexpr (std::is_floating_point_v<T>) return limited | (uint32_t(value != value) & uint32_t(nan_is_bad));
  return limited;
}

template <class T, class O>
bool marks(const CorrectionTables& t, const void* given, uint8_t* marked) {
  const T* frame = static_cast<const T*>(given);
  const O* limits = static_cast<const O*>(t.limits);
  const O most = limits[0], least = limits[1];
  bool found = false;
  for (size_t first = 0; first < t.pixels; first += searched) {
    const size_t end = t.pixels - first < searched ? t.pixels : first + searched;
    uint32_t any = 0;
    for (size_t i = first; i < end; i++) any |= outside<T, O>(frame[i], most, least, t.nan_is_bad);
    for (uint32_t m = 0; m < t.markers; m++) {
      const O marker = limits[2 + m];
      for (size_t i = first; i < end; i++) any |= uint32_t(O(frame[i]) == marker);
    }
    if (any == 0) continue;
    if (!found) memcpy(marked, t.mask, t.pixels);
    found = true;
    for (size_t i = first; i < end; i++) {
      marked[i] |= uint8_t(outside<T, O>(frame[i], most, least, t.nan_is_bad));
      for (uint32_t m = 0; m < t.markers; m++) marked[i] |= uint8_t(O(frame[i]) == limits[2 + m]);
    }
  }
  return found;
}

}  // namespace

void udf_correct(uint32_t dtype, uint32_t wide, CorrectionKernels& kernels) {
  with_type(dtype, [&](auto number) {
    using T = decltype(number);
    if (wide) {
      kernels.values = values<T, double>;
      kernels.marks = marks<T, double>;
    } else {
      kernels.values = values<T, float>;
      kernels.marks = marks<T, float>;
    }
  });
}

}  // namespace ewald::EWALD_ISA
