// Tests passes over frames on the GPU against the C++ core: every step, every type of numbers, host frames in several
// chunks and frames in device memory. Integers must be equal; products and reals must meet the bounds of the case
// tables.
#include "check.h"

#include <cmath>
#include <cstring>
#include <random>

namespace ewald::check {
namespace {

struct Pass {
  ewald_udf_descriptor d{};
  std::vector<ewald_udf_step> steps;
  std::vector<uint32_t> indices;
  std::vector<float> weights;
  uint32_t columns = 0, planes = 0;

  size_t pixels() const { return size_t(d.width) * d.height; }
  void add(uint32_t kind, uint32_t count, uint32_t own_columns, uint32_t own_planes) {
    steps.push_back({kind, uint32_t(indices.size()), uint32_t(weights.size()), count, columns, planes, 0, 0});
    columns += own_columns, planes += own_planes;
  }
};

struct Sums {
  std::vector<double> nav, sig;
  std::string wrong;
};

constexpr uint32_t masks = 5, entries = 40;

// Runs of a lens shape: rows of different lengths, every third with two runs.
std::vector<uint32_t> spansOf(uint32_t width, uint32_t height) {
  std::vector<uint32_t> spans;
  for (uint32_t y = 0; y < height; ++y) {
    const uint32_t half = width / 2 * (y * 7 % 11) / 11, first = y * width + width / 2 - half;
    if (half < 2) continue;
    if (y % 3 == 0)
      spans.insert(spans.end(), {first, first + half - 1, first + half, first + 2 * half});
    else
      spans.insert(spans.end(), {first, first + 2 * half});
  }
  return spans;
}

Pass allSteps(uint32_t width, uint32_t height, uint32_t dtype) {
  Pass pass;
  pass.d.width = width, pass.d.height = height, pass.d.dtype = dtype, pass.d.threads = 1;
  const std::vector<uint32_t> spans = spansOf(width, height);
  const size_t pixels = pass.pixels();
  for (uint32_t columns = 1; columns <= 3; ++columns) {
    const uint32_t kinds[] = {EWALD_UDF_STEP_KIND_SUM_OF, EWALD_UDF_STEP_KIND_SQUARES_OF, EWALD_UDF_STEP_KIND_COM};
    pass.add(kinds[columns - 1], uint32_t(spans.size() / 2), columns, 0);
    pass.indices.insert(pass.indices.end(), spans.begin(), spans.end());
  }
  pass.add(EWALD_UDF_STEP_KIND_DENSE, masks, masks, 0);
  for (size_t i = 0; i < masks * pixels; ++i) pass.weights.push_back(float(std::sin(1.0 + double(i)) + 0.1));
  pass.add(EWALD_UDF_STEP_KIND_SPARSE, 2, 2, 0);
  pass.indices.insert(pass.indices.end(), {0, 0, entries});
  for (uint32_t e = 0; e < entries; ++e) {
    pass.indices.push_back(uint32_t((e * size_t(7919) + pixels - 1) % pixels));
    pass.weights.push_back(float(std::cos(double(e))));
  }
  pass.add(EWALD_UDF_STEP_KIND_SUM, 0, 0, 1);
  pass.add(EWALD_UDF_STEP_KIND_MOMENTS, 0, 0, 2);
  pass.add(EWALD_UDF_STEP_KIND_LOG_SUM, 0, 0, 1);
  pass.d.steps = uint32_t(pass.steps.size());
  pass.d.indices = uint32_t(pass.indices.size()), pass.d.weights = uint32_t(pass.weights.size());
  return pass;
}

Sums room(const Pass& pass, uint32_t frames) {
  return {std::vector<double>(size_t(frames) * pass.columns, NAN),
          std::vector<double>(pass.planes * pass.pixels(), NAN), ""};
}

Sums onCore(const Pass& pass, const void* frames, uint32_t count) {
  Sums sums = room(pass, count);
  ewald_udf* udf = nullptr;
  if (ewald_udf_create(&pass.d, pass.steps.data(), pass.indices.data(), pass.weights.data(), &udf) != EWALD_STATUS_OK ||
      ewald_udf_begin(udf) != EWALD_STATUS_OK ||
      ewald_udf_run(udf, frames, count, sums.nav.data()) != EWALD_STATUS_OK ||
      ewald_udf_end(udf, sums.sig.data()) != EWALD_STATUS_OK)
    sums.wrong = std::string("the core says: ") + ewald_last_error();
  ewald_udf_destroy(udf);
  return sums;
}

Sums onCard(Report& report, const Pass& pass, const void* frames, uint32_t count, uint64_t bytes, bool there) {
  Sums sums = room(pass, count);
  ewald_cuda_udf* udf = nullptr;
  ewald_cuda_array* array = nullptr;
  const auto failed = [](int32_t status) { return status != EWALD_STATUS_OK; };
  if (failed(ewald_cuda_udf_create(report.context, &pass.d, pass.steps.data(), pass.indices.data(), pass.weights.data(),
                                   &udf)) ||
      (there && (failed(ewald_cuda_array_create(report.context, bytes, &array)) ||
                 failed(ewald_cuda_array_write(array, 0, frames, bytes)))) ||
      failed(ewald_cuda_udf_run(udf, there ? ewald_cuda_array_memory(array) : frames, there, count, sums.nav.data(),
                                sums.sig.data())))
    sums.wrong = ewald_cuda_last_error();
  if (array) ewald_cuda_array_destroy(array);
  ewald_cuda_udf_destroy(udf);
  return sums;
}

// Frames over the whole range of a type; reals are about 1000.
template <class T>
std::vector<T> made(size_t numbers) {
  std::mt19937 random(7);
  std::vector<T> frames(numbers);
  for (T& value : frames) {
    const uint32_t bits = uint32_t(random());
    if constexpr (std::is_floating_point_v<T>)
      value = T(872 + bits / 16777216.0);
    else
      value = T(bits);
  }
  return frames;
}

// The differences, in words. `sizes` are the sums of the magnitudes of the terms; where they are 0, results must be
// exact.
std::string difference(const char* what, const std::vector<double>& found, const std::vector<double>& expected,
                       const std::vector<double>& bounds) {
  for (size_t i = 0; i < expected.size(); ++i)
    if (!(std::fabs(found[i] - expected[i]) <= bounds[i]))
      return std::string(what) + " " + std::to_string(i) + " is " + std::to_string(found[i]) + ", expected " +
             std::to_string(expected[i]);
  return "";
}

template <class T>
void compare(Report& report, const char* type, uint32_t dtype, uint32_t width, uint32_t height, uint32_t count) {
  const Pass pass = allSteps(width, height, dtype);
  const size_t pixels = pass.pixels();
  const std::vector<T> frames = made<T>(pixels * count);
  constexpr bool real = std::is_floating_point_v<T>, narrow = sizeof(T) <= 2;
  // Columns: Σ | Σ, Σ² | Σ, Σy, Σx | products | few pixels. Squares of 32-bit numbers exceed the precision of a double.
  std::vector<double> columns, planes(pass.planes * pixels);
  for (uint32_t f = 0; f < count; ++f) {
    double product = 0;
    for (size_t p = 0; p < pixels; ++p) product += 1.1 * std::fabs(double(frames[f * pixels + p]));
    const double single = 4e-6 * product;
    const double square = narrow ? 0 : 4e-6 * product * 4294967296.0;
    // Sums of integers are exact as long as a double holds them; above, each part of a frame rounds once.
    const auto sum = [&](double size) { return real ? 4e-6 * size : size < 9007199254740992.0 ? 0 : 1e-15 * size; };
    columns.insert(columns.end(), {sum(product), sum(product), square, sum(product), sum(product * height),
                                   sum(product * width)});
    columns.insert(columns.end(), masks, single);
    columns.insert(columns.end(), 2, 1e-9 * product);
  }
  const Sums expected = onCore(pass, frames.data(), count);
  for (size_t i = 0; i < planes.size(); ++i) {
    const size_t plane = i / pixels;
    const bool exact = plane == 0 || plane == 1 ? !real : plane == 2 && narrow;
    planes[i] = exact ? 0 : 1e-9 * std::fabs(expected.sig[i]);
  }
  for (const bool there : {false, true}) {
    const std::string name = std::string(type) + ", " + std::to_string(count) + " frames of " + std::to_string(height) +
                             " x " + std::to_string(width) + (there ? " on the card" : " of the host");
    const uint64_t bytes = frames.size() * sizeof(T);
    const Sums found = onCard(report, pass, frames.data(), count, bytes, there);
    const Sums again = onCard(report, pass, frames.data(), count, bytes, there);
    std::string wrong = expected.wrong + found.wrong;
    if (wrong.empty()) wrong = difference("number", found.nav, expected.nav, columns);
    if (wrong.empty()) wrong = difference("pixel", found.sig, expected.sig, planes);
    report.add(name, wrong);
    const bool same = !std::memcmp(found.nav.data(), again.nav.data(), found.nav.size() * sizeof(double)) &&
                      !std::memcmp(found.sig.data(), again.sig.data(), found.sig.size() * sizeof(double));
    report.add(name + ", twice the same bytes", same ? "" : "the bytes differ");
  }
}

template <class T>
void sizes(Report& report, const char* type, uint32_t dtype) {
  compare<T>(report, type, dtype, 53, 37, 19);
  if (report.quick) return;
  compare<T>(report, type, dtype, 1, 301, 5);
  compare<T>(report, type, dtype, 3, 3, 701);
  // More than a chunk of 16 MiB.
  compare<T>(report, type, dtype, 512, 512, 70);
}

}  // namespace

void udf(Report& report) {
  sizes<uint8_t>(report, "u8", EWALD_NUMBER_U8);
  sizes<int8_t>(report, "i8", EWALD_NUMBER_I8);
  sizes<uint16_t>(report, "u16", EWALD_NUMBER_U16);
  sizes<int16_t>(report, "i16", EWALD_NUMBER_I16);
  sizes<uint32_t>(report, "u32", EWALD_NUMBER_U32);
  sizes<int32_t>(report, "i32", EWALD_NUMBER_I32);
  sizes<float>(report, "f32", EWALD_NUMBER_F32);
  Pass beyond = allSteps(8, 8, EWALD_NUMBER_U16);
  beyond.indices[1] = 65;
  const uint16_t frame[64] = {};
  report.add("a span beyond the frame is refused",
             onCard(report, beyond, frame, 1, sizeof frame, false).wrong.empty() ? "it was accepted" : "");
}

}  // namespace ewald::check
