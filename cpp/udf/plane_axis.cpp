#include "udf/plane_axis.h"

#include <cmath>

namespace ewald::udf {

bool split(uint32_t length, Axis& axis) {
  axis = {};
  axis.length = length;
  uint32_t rest = length;
  for (uint32_t radix = 4; rest > 1; radix = radix == 4 ? 2 : radix == 2 ? 3 : radix + 2) {
    if (radix > most_radix) return false;
    while (rest % radix == 0) {
      axis.radix[axis.steps++] = radix;
      rest /= radix;
    }
  }
  return true;
}

size_t table_floats(const Axis& axis) {
  size_t floats = 0, done = 1;
  for (uint32_t s = 0; s < axis.steps; s++) {
    const size_t radix = axis.radix[s];
    floats += 2 * done * radix + 2 * radix * radix;
    done *= radix;
  }
  return floats;
}

void fill_tables(Axis& axis, float* memory) {
  const auto put = [&memory](uint32_t k, uint32_t n) {
    const double angle = -2 * M_PI * double(k) / double(n);
    *memory++ = float(std::cos(angle));
    *memory++ = float(std::sin(angle));
  };
  uint32_t done = 1;
  for (uint32_t s = 0; s < axis.steps; s++) {
    const uint32_t radix = axis.radix[s];
    axis.table[s] = memory;
    for (uint32_t j = 0; j < done; j++)
      for (uint32_t q = 0; q < radix; q++) put(j * q, done * radix);
    for (uint32_t q = 0; q < radix; q++)
      for (uint32_t k = 0; k < radix; k++) put(q * k % radix, radix);
    done *= radix;
  }
}

}  // namespace ewald::udf
