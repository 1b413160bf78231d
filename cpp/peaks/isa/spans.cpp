// Sums of stretches of rows: short pieces, whose sums the compiler adds in vectors. Everything is a whole number, so that
// every instruction set has the same result.
#include <algorithm>
#include <cmath>
#include <limits>

#include "peaks/spans.h"

namespace ewald::EWALD_ISA {
namespace {

using peaks::Spans, peaks::span_words;
__extension__ typedef __int128 Int128;

// Pixels of a piece, and the counts whose squares of a whole piece fit 32 bits, and 64.
constexpr uint32_t piece_pixels = 128;
constexpr int64_t small_count = 1 << 12, usual_count = 1 << 28;

struct Places {
  int16_t at[piece_pixels];
};
constexpr Places places_of_piece() {
  Places places{};
  for (uint32_t i = 0; i < piece_pixels; i++) places.at[i] = int16_t(i);
  return places;
}
constexpr Places places = places_of_piece();

// Stretches are far apart in a frame: those that follow are fetched while one is summed.
constexpr uint32_t ahead = 8;
constexpr size_t cache_line = 64;

// What counts: the range of counts, and up to where they are not saturated; `saturation` is of the first pixel, or NULL.
struct Usable {
  int64_t low, high, limit;
  const float* saturation;
};

// The sums of a piece; `moment` is of counts times their distance from its first pixel.
struct PieceSums {
  int64_t pixels, most, sum, moment;
  Int128 squares;
};

// Sums of counts all of which are used, in numbers that hold them.
template <class Number, class Total, class T>
PieceSums sum_all(const T* value, uint32_t count, int64_t most) {
  Total sum = 0, moment = 0, squares = 0;
  for (uint32_t i = 0; i < count; i++) {
    const Number one = Number(value[i]);
    sum += one;
    moment += Total(one) * places.at[i];
    squares += Total(one) * one;
  }
  return {count, most, sum, moment, squares};
}

template <class T>
PieceSums sum_judged(const T* value, uint32_t count, const Usable& usable) {
  PieceSums sums = {0, std::numeric_limits<int64_t>::min(), 0, 0, 0};
  for (uint32_t i = 0; i < count; i++) {
    const int64_t one = value[i];
    if (one < usable.low || one > usable.high) continue;
    sums.most = std::max(sums.most, one);
    if (one > usable.limit || (usable.saturation && double(one) > double(usable.saturation[i]))) continue;
    sums.pixels++;
    sums.sum += one;
    sums.moment += one * i;
    sums.squares += Int128(one) * one;
  }
  return sums;
}

template <class T>
PieceSums sum_piece(const T* value, uint32_t count, const Usable& usable) {
  if (usable.saturation) return sum_judged(value, count, usable);
  T least = value[0], most = value[0];
  for (uint32_t i = 0; i < count; i++) {
    const T one = value[i];
    least = one < least ? one : least;
    most = one > most ? one : most;
  }
  const int64_t low = least, high = most, size = std::max(high, -low);
  if (low < usable.low || high > std::min(usable.high, usable.limit)) return sum_judged(value, count, usable);
  if (sizeof(T) <= 2 && size < small_count) return sum_all<int16_t, int32_t>(value, count, high);
  return size < usual_count ? sum_all<int64_t, int64_t>(value, count, high) : sum_judged(value, count, usable);
}

// Adds to a number of 128 bits in two words.
void add_wide(int64_t* words, Int128 value) {
  const Int128 total = (Int128(words[1]) << 64) + Int128(uint64_t(words[0])) + value;
  words[0] = int64_t(total);
  words[1] = int64_t(total >> 64);
}

template <class T>
void sum_typed(const Spans& all) {
  const auto* const frame = static_cast<const T*>(all.frame);
  for (uint32_t k = 0; k < all.params->spans; k++) {
    const ewald_span& span = all.spans[k];
    if (k + ahead < all.params->spans) {
      const ewald_span& later = all.spans[k + ahead];
      const auto* const line = reinterpret_cast<const char*>(frame + size_t(later.ss) * all.params->width + later.fs);
      for (size_t at = 0; at < later.count * sizeof(T); at += cache_line) __builtin_prefetch(line + at);
    }
    const double limit = std::floor(std::clamp(all.limits[k], -0x1p33, 0x1p33));
    const size_t first = size_t(span.ss) * all.params->width + span.fs;
    Usable usable = {all.low, all.high, int64_t(limit), nullptr};
    PieceSums sums = {0, std::numeric_limits<int64_t>::min(), 0, 0, 0};
    for (uint32_t at = 0; at < span.count; at += piece_pixels) {
      if (all.saturation) usable.saturation = all.saturation + first + at;
      const PieceSums piece = sum_piece(frame + first + at, std::min(piece_pixels, span.count - at), usable);
      sums.pixels += piece.pixels;
      sums.most = std::max(sums.most, piece.most);
      sums.sum += piece.sum;
      sums.moment += piece.moment + at * piece.sum;
      sums.squares += piece.squares;
    }
    int64_t* const words = all.sums + size_t(span_words) * span.region;
    words[0] += sums.pixels;
    words[1] = std::max(words[1], sums.most);
    words[2] += sums.sum;
    add_wide(words + 3, Int128(sums.sum) * span.fs + sums.moment);
    add_wide(words + 5, Int128(sums.sum) * span.ss);
    add_wide(words + 7, sums.squares);
  }
}

}  // namespace

void sum_spans(const Spans& all) {
  switch (all.params->dtype) {
    case EWALD_NUMBER_U8:
      return sum_typed<uint8_t>(all);
    case EWALD_NUMBER_I8:
      return sum_typed<int8_t>(all);
    case EWALD_NUMBER_U16:
      return sum_typed<uint16_t>(all);
    case EWALD_NUMBER_I16:
      return sum_typed<int16_t>(all);
    case EWALD_NUMBER_U32:
      return sum_typed<uint32_t>(all);
    default:
      return sum_typed<int32_t>(all);
  }
}

}  // namespace ewald::EWALD_ISA
