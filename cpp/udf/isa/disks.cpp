// Disk finding with planes as lanes: logarithm, correlation by transform, maximum, refinement and elevation of as many
// disks as a vector has lanes, twice: real planes are transformed in pairs, as real and imaginary part, and since the
// pattern is real they need not be separated. Planes are divided by a power of two beforehand, see `unit_of`.
//
// The definitions are those of LiberTEM-blobfinder (Weber et al., https://doi.org/10.5281/zenodo.3663437): `fast` and
// `full` correlation, refinement by centre of mass and by upsampling, and elevation, the slope of the steepest cone
// that lies above the correlation.
#include "udf/disks.h"

#include <cmath>
#include <type_traits>

#include "common/simd.h"
#include "udf/isa/numbers.h"
#include "udf/isa/plane_transform.h"

namespace ewald::EWALD_ISA {
namespace {

using ewald::udf::Disks;
using ewald::udf::DisksRun;
using ewald::udf::samples;
using ewald::udf::upsampling;

constexpr uint32_t planes = 2 * width;
// Squared distance from the refined position at which elevation begins to be measured.
constexpr float near2 = 2.25f;

EWALD_INLINE I choose_int(M m, I yes, I no) { return bits(choose(m, from_bits(yes), from_bits(no))); }

template <class T>
EWALD_INLINE float logarithm(const Disks& disks, T value, T least) {
  if constexpr (sizeof(T) <= 2)
    return disks.logs[uint32_t(int32_t(value) - int32_t(least)) + 1];
  else
    return float(std::log(double(value) - double(least) + 1));
}

// The power of two at or below the logarithm of the largest number of a plane, by which the plane is divided; 0 for a
// plane of equal numbers, whose logarithms are 0. Planes that share a complex one are then of one size, so that the
// rounding errors of none are large beside the other.
template <class T>
float unit_of(const Disks& disks, T least, T greatest) {
  const float high = logarithm(disks, greatest, least);
  return high > 0 ? std::ldexp(1.0f, std::ilogb(high)) : 0;
}

// ln(v - minimum + 1) of the rows x columns pixels from (top, left), 0 outside the frame, over `unit_of` them, to every
// `planes`-th float; returns that unit, or NaN if one is not finite.
template <class T>
float fill(const Disks& disks, const T* frame, int64_t top, int64_t left, int64_t rows, int64_t columns, float* to) {
  const int64_t height = disks.d.height, wide = disks.d.width;
  const bool inside = top >= 0 && left >= 0 && top + rows <= height && left + columns <= wide;
  if (inside) {
    T least = frame[top * wide + left], greatest = least;
    for (int64_t y = 0; y < rows; y++) {
      const T* row = frame + (top + y) * wide + left;
      if constexpr (std::is_floating_point_v<T>) {
        // A difference with itself is 0 for finite numbers only.
        T broken = 0;
        for (int64_t x = 0; x < columns; x++) broken += row[x] - row[x];
        if (!(broken == 0)) return NAN;
      }
      for (int64_t x = 0; x < columns; x++) {
        least = row[x] < least ? row[x] : least;
        greatest = greatest < row[x] ? row[x] : greatest;
      }
    }
    const float unit = unit_of(disks, least, greatest), factor = unit > 0 ? 1 / unit : 0;
    for (int64_t y = 0; y < rows; y++) {
      const T* row = frame + (top + y) * wide + left;
      for (int64_t x = 0; x < columns; x++, to += planes) *to = factor * logarithm(disks, row[x], least);
    }
    return unit;
  }
  const auto at = [&](int64_t y, int64_t x) -> T {
    return y >= 0 && x >= 0 && y < height && x < wide ? frame[y * wide + x] : T(0);
  };
  T least = 0, greatest = 0;
  for (int64_t y = top; y < top + rows; y++)
    for (int64_t x = left; x < left + columns; x++) {
      const T value = at(y, x);
      if (!(value - value == 0)) return NAN;
      least = value < least ? value : least;
      greatest = greatest < value ? value : greatest;
    }
  const float unit = unit_of(disks, least, greatest), factor = unit > 0 ? 1 / unit : 0;
  for (int64_t y = top; y < top + rows; y++)
    for (int64_t x = left; x < left + columns; x++, to += planes) *to = factor * logarithm(disks, at(y, x), least);
  return unit;
}

float fill(const Disks& disks, const char* frame, int64_t top, int64_t left, int64_t rows, int64_t columns, float* to) {
  float unit = 0;
  with_type(disks.d.dtype, [&](auto number) {
    unit = fill(disks, reinterpret_cast<const decltype(number)*>(frame), top, left, rows, columns, to);
  });
  if (std::isnan(unit))
    for (int64_t i = 0; i < rows * columns; i++) to[i * planes] = 0;
  return unit;
}

// Where the plane of a lane is after `convolve`, which leaves real and imaginary parts exchanged.
EWALD_INLINE uint32_t lane_of(uint32_t plane) { return (plane + width) % planes; }

// The cyclic convolution of all planes with the pattern, the exchange of real and imaginary parts aside.
const float* convolve(const Disks& disks, float* scratch) {
  const size_t pixels = size_t(disks.y.length) * disks.x.length;
  C *a = reinterpret_cast<C*>(scratch), *b = a + pixels;
  C* s = transform_planes(disks.y, disks.x, a, b);
  for (size_t i = 0; i < pixels; i++) {
    const C product = times(s[i], disks.spectrum[2 * i], disks.spectrum[2 * i + 1]);
    s[i] = {product.i, product.r};
  }
  return reinterpret_cast<const float*>(transform_planes(disks.y, disks.x, s, s == a ? b : a));
}

// A correlation of side x side: pixel (y, x) is at the cyclic place (y + shift, x + shift).
struct Map {
  const float* vectors;
  uint32_t side, shift;
  inline const float* at(uint32_t y, uint32_t x) const {
    const uint32_t row = y + shift < side ? y + shift : y + shift - side;
    const uint32_t column = x + shift < side ? x + shift : x + shift - side;
    return vectors + size_t(row * side + column) * planes;
  }
};

// The position of one lane's maximum, refined; (y, x) is the maximum.
struct Position {
  float y, x;
};

Position centre_of_mass(const Map& map, uint32_t lane, uint32_t y, uint32_t x, uint32_t radius) {
  float least = map.at(y, x)[lane], sum = 0, sum_y = 0, sum_x = 0;
  const int32_t r = int32_t(radius);
  for (int32_t j = -r; j <= r; j++)
    for (int32_t k = -r; k <= r; k++) {
      const float v = map.at(y + j, x + k)[lane];
      if (v < least) least = v;
    }
  for (int32_t j = -r; j <= r; j++)
    for (int32_t k = -r; k <= r; k++) {
      const float v = map.at(y + j, x + k)[lane] - least;
      sum += v;
      sum_y += v * float(j + r);
      sum_x += v * float(k + r);
    }
  // Nothing but the minimum: a flat correlation has no centre.
  if (!(sum > 0)) return {float(y), float(x)};
  return {float(y) + sum_y / sum - float(r), float(x) + sum_x / sum - float(r)};
}

// The vertex of the parabola through three values, the middle one of which is the largest.
float vertex(float before, float middle, float after) {
  const float curvature = 4 * middle - 2 * before - 2 * after;
  return curvature > 0 ? (after - before) / curvature : 0;
}

// The largest of the magnitudes of the upsampled correlation around its maximum, by a matrix product along each axis.
Position upsampled(const Disks& disks, const Map& map, uint32_t lane, uint32_t y, uint32_t x, float* scratch) {
  const uint32_t side = map.side;
  // Along x: [side][samples] complex.
  for (uint32_t j = 0; j < side; j++)
    for (uint32_t s = 0; s < samples; s++) {
      const float* phase = disks.phases_x + 2 * (size_t(s) * 2 * side + side - x);
      float re = 0, im = 0;
      for (uint32_t k = 0; k < side; k++) {
        const float v = map.at(j, k)[lane];
        re += v * phase[2 * k];
        im += v * phase[2 * k + 1];
      }
      scratch[2 * (j * samples + s)] = re;
      scratch[2 * (j * samples + s) + 1] = im;
    }
  float best = -1;
  uint32_t best_y = 0, best_x = 0;
  for (uint32_t t = 0; t < samples; t++) {
    const float* phase = disks.phases_y + 2 * (size_t(t) * 2 * side + side - y);
    for (uint32_t s = 0; s < samples; s++) {
      float re = 0, im = 0;
      for (uint32_t j = 0; j < side; j++) {
        const float c = phase[2 * j], d = phase[2 * j + 1], *v = scratch + 2 * (j * samples + s);
        re += v[0] * c - v[1] * d;
        im += v[0] * d + v[1] * c;
      }
      const float magnitude = re * re + im * im;
      if (magnitude > best) {
        best = magnitude;
        best_y = t;
        best_x = s;
      }
    }
  }
  const auto moved = [](uint32_t at, uint32_t sample) {
    return float(at) + (float(sample) - float(samples / 2)) / float(upsampling);
  };
  return {moved(y, best_y), moved(x, best_x)};
}

// The position that elevation is measured from: with upsampling it is the centre of mass, as in blobfinder.
Position refined(const Disks& disks, const Map& map, uint32_t lane, uint32_t y, uint32_t x) {
  uint32_t radius = 2;
  for (const uint32_t edge : {y, x, map.side - 1 - y, map.side - 1 - x}) radius = edge < radius ? edge : radius;
  if (radius == 0) return {float(y), float(x)};
  if (disks.d.refine != EWALD_DISKS_REFINE_PARABOLA) return centre_of_mass(map, lane, y, x, radius);
  const float middle = map.at(y, x)[lane];
  return {float(y) + vertex(map.at(y - 1, x)[lane], middle, map.at(y + 1, x)[lane]),
          float(x) + vertex(map.at(y, x - 1)[lane], middle, map.at(y, x + 1)[lane])};
}

// What a vector of correlations yields: one lane a disk.
struct Found {
  int32_t y[width], x[width];
  float fine_y[width], fine_x[width], height[width], elevation[width];
};

// The lanes first_lane .. first_lane + width of a map.
void evaluate(const Disks& disks, Map map, uint32_t first_lane, Found& found, float* scratch) {
  map.vectors += first_lane;
  const uint32_t side = map.side;
  F best = splat(-INFINITY);
  I where = izero();
  for (uint32_t y = 0; y < side; y++)
    for (uint32_t x = 0; x < side; x++) {
      const F v = load(map.at(y, x));
      const M more = lt(best, v);
      best = choose(more, v, best);
      where = choose_int(more, splat(int32_t(y * side + x)), where);
    }
  for (int lane = 0; lane < width; lane++) {
    const uint32_t y = uint32_t(where[lane]) / side, x = uint32_t(where[lane]) % side;
    const Position fine = refined(disks, map, uint32_t(lane), y, x);
    found.y[lane] = int32_t(y);
    found.x[lane] = int32_t(x);
    found.fine_y[lane] = fine.y;
    found.fine_x[lane] = fine.x;
  }
  store(found.height, best);
  const F fine_y = load(found.fine_y), fine_x = load(found.fine_x), none = splat(INFINITY);
  F least = none;
  for (uint32_t y = 0; y < side; y++) {
    const F dy = splat(float(y)) - fine_y, dy2 = dy * dy;
    for (uint32_t x = 0; x < side; x++) {
      const F dx = splat(float(x)) - fine_x, distance2 = fma(dx, dx, dy2);
      const F slope = (best - load(map.at(y, x))) / sqrt(distance2);
      least = min(least, choose(lt(distance2, splat(near2)), none, slope));
    }
  }
  store(found.elevation, max(least, zero()));
  if (disks.d.refine == EWALD_DISKS_REFINE_DFT)
    for (int lane = 0; lane < width; lane++) {
      const Position fine =
          upsampled(disks, map, uint32_t(lane), uint32_t(found.y[lane]), uint32_t(found.x[lane]), scratch);
      found.fine_y[lane] = fine.y;
      found.fine_x[lane] = fine.x;
    }
}

// Writes disk `index` of the run, whose correlation began at (top, left). Nothing is found in a plane of equal numbers,
// whose correlation has only rounding errors of its neighbour.
void write(const DisksRun& run, uint64_t index, const Found& found, int lane, int32_t top, int32_t left, float unit) {
  const bool flat = !(unit > 0), finite = !std::isnan(unit);
  run.centers[2 * index] = top + (flat ? 0 : found.y[lane]);
  run.centers[2 * index + 1] = left + (flat ? 0 : found.x[lane]);
  run.refineds[2 * index] = finite ? float(top) + (flat ? 0 : found.fine_y[lane]) : NAN;
  run.refineds[2 * index + 1] = finite ? float(left) + (flat ? 0 : found.fine_x[lane]) : NAN;
  run.heights[index] = unit * found.height[lane];
  run.elevations[index] = unit * found.elevation[lane];
}

size_t plane_floats(const Disks& disks) { return 2 * size_t(disks.y.length) * disks.x.length * planes; }
// Crops of a map for whole frames, and rows of upsampling.
size_t crop_floats(const Disks& disks) {
  return size_t(disks.side) * disks.side * planes + size_t(disks.side) * samples * 2;
}
size_t scratch_floats(const Disks& disks) { return 2 * plane_floats(disks) + crop_floats(disks); }

void crops(const Disks& disks, const DisksRun& run, uint64_t first, uint32_t count, float* scratch) {
  const uint32_t peaks = disks.d.peaks, half = disks.d.search;
  float units[planes] = {};
  const auto peak = [&](uint64_t index) { return run.peaks + index / peaks * run.peak_stride + index % peaks * 2; };
  for (uint32_t k = 0; k < planes; k++) {
    // Idle lanes repeat the first disk: numbers left by another run could be NaN, which is slow.
    const uint64_t index = first + (k < count ? k : 0);
    const int32_t* p = peak(index);
    units[k] = fill(disks, run.frames + index / peaks * disks.frame_bytes, int64_t(p[0]) - half, int64_t(p[1]) - half,
                     disks.side, disks.side, scratch + k);
  }
  const Map map{convolve(disks, scratch), disks.side, half};
  Found found;
  float* rest = scratch + 2 * plane_floats(disks);
  for (uint32_t k = 0; k < count; k += width) {
    evaluate(disks, map, lane_of(k), found, rest);
    for (uint32_t l = 0; l < width && k + l < count; l++) {
      const int32_t* p = peak(first + k + l);
      write(run, first + k + l, found, int(l), p[0] - int32_t(half), p[1] - int32_t(half), units[k + l]);
    }
  }
}

void frames(const Disks& disks, const DisksRun& run, uint64_t first, uint32_t count, float* scratch) {
  const uint32_t rows = disks.y.length, columns = disks.x.length, side = disks.side;
  const int32_t half = int32_t(disks.d.search);
  float units[planes] = {};
  for (uint32_t k = 0; k < planes; k++) {
    const uint64_t index = first + (k < count ? k : 0);
    units[k] = fill(disks, run.frames + index * disks.frame_bytes, 0, 0, rows, columns, scratch + k);
  }
  const float* whole = convolve(disks, scratch);
  float *crop = scratch + 2 * plane_floats(disks), *rest = crop + size_t(side) * side * planes;
  const Map map{crop, side, 0};
  Found found;
  for (uint32_t p = 0; p < disks.d.peaks; p++) {
    for (uint32_t k = 0; k < planes; k++) {
      const int32_t* peak = run.peaks + (first + (k < count ? k : 0)) * run.peak_stride + 2 * p;
      const int64_t top = int64_t(peak[0]) - half, left = int64_t(peak[1]) - half;
      float* to = crop + k;
      for (int64_t y = top; y < top + side; y++)
        for (int64_t x = left; x < left + side; x++, to += planes) {
          const bool inside = y >= 0 && x >= 0 && y < int64_t(rows) && x < int64_t(columns);
          const size_t at = inside ? size_t((y + rows / 2) % rows) * columns + size_t((x + columns / 2) % columns) : 0;
          *to = inside ? whole[at * planes + lane_of(k)] : 0;
        }
    }
    for (uint32_t k = 0; k < count; k += width) {
      evaluate(disks, map, k, found, rest);
      for (uint32_t l = 0; l < width && k + l < count; l++) {
        const int32_t* peak = run.peaks + (first + k + l) * run.peak_stride + 2 * p;
        write(run, (first + k + l) * disks.d.peaks + p, found, int(l), peak[0] - half, peak[1] - half, units[k + l]);
      }
    }
  }
}

void spectrum(const Disks& disks, const float* plane, float* scratch, float* out) {
  const size_t pixels = size_t(disks.y.length) * disks.x.length;
  C *a = reinterpret_cast<C*>(scratch), *b = a + pixels;
  for (size_t i = 0; i < pixels; i++) a[i] = {splat(plane[i] / float(pixels)), zero()};
  const C* s = transform_planes(disks.y, disks.x, a, b);
  for (size_t i = 0; i < pixels; i++) {
    out[2 * i] = s[i].r[0];
    out[2 * i + 1] = s[i].i[0];
  }
}

}  // namespace

void udf_disks(ewald::udf::DisksKernels& kernels) { kernels = {planes, scratch_floats, spectrum, crops, frames}; }

}  // namespace ewald::EWALD_ISA
