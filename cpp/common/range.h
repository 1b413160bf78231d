// The valid ranges of a descriptor's fields; the tables are generated from src/compute/layout (generated/ranges.h). For
// host code only.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

namespace ewald {

struct Range {
  const char* name;
  size_t offset;
  bool real;         // float, else uint32_t
  double low, high;  // both are valid, except with `above`
  bool above;        // `low` itself is invalid
  bool zero;         // 0 is also valid, with a special meaning
};

// What is wrong with a structure; no error if `name` is null.
struct Complaint {
  const char* name;
  double value;
  char wanted[80];
};

// The first field that is outside its range. A NaN is outside.
template <size_t N>
static inline Complaint first_outside(const void* values, const Range (&ranges)[N]) {
  for (const Range& r : ranges) {
    const char* at = static_cast<const char*>(values) + r.offset;
    float number;
    uint32_t integer;
    memcpy(&number, at, 4);
    memcpy(&integer, at, 4);
    const double value = r.real ? double(number) : double(integer);
    // A float represents the decimal number it was made from: 0.87f is slightly more than 0.87.
    const double low = r.real ? double(float(r.low)) : r.low, high = r.real ? double(float(r.high)) : r.high;
    if ((value >= low && value <= high && !(r.above && value == low)) || (r.zero && value == 0)) continue;
    Complaint wrong{r.name, value, {}};
    snprintf(wrong.wanted, sizeof wrong.wanted, "%s%s%.9g to %.9g", r.zero ? "0 or " : "", r.above ? "above " : "",
             r.low, r.high);
    return wrong;
  }
  return {nullptr, 0, {}};
}

}  // namespace ewald
