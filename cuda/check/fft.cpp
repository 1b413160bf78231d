// Tests transforms on the GPU against the C++ core: every path through the kernels, forward and backward, between guard
// words, and in device memory. The bytes moved by passes are counted for the shapes of the project's goal.
#include "check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

#include "../fft/fixed.h"

namespace ewald::check {
namespace {

constexpr size_t guard = 16;  // numbers before and after every array
constexpr double mark = -12345.5;

ewald_fft_descriptor of(uint32_t kind, std::vector<uint32_t> shape, uint32_t precision = EWALD_FFT_PRECISION_F32) {
  ewald_fft_descriptor d{};
  d.rank = uint32_t(shape.size());
  d.kind = kind;
  d.precision = precision;
  d.batch = d.threads = 1;
  d.reduced = d.rank - 1;
  for (size_t i = 0; i < shape.size(); i++) d.shape[i] = shape[i];
  return d;
}

std::string nameOf(const ewald_fft_descriptor& d) {
  static const char* const kinds[] = {"c2c", "r2c", "c2r", "real", "r2r"};
  std::string name = std::string(kinds[d.kind]) + (d.precision == EWALD_FFT_PRECISION_F64 ? " f64 " : " f32 ");
  for (uint32_t i = 0; i < d.rank; i++)
    name += (i ? "x" : "") + std::to_string(d.shape[i]) +
            (d.kind == EWALD_FFT_KIND_R2R ? "k" + std::to_string(d.axis_kind[i]) : "");
  if (d.flags & EWALD_FFT_FLAG_IN_PLACE) name += " in place";
  if (d.batch > 1) name += " batch " + std::to_string(d.batch);
  if (d.in_stride[0] || d.out_stride[0]) name += " strided";
  return name;
}

// An array between guard words.
template <class T>
struct Guarded {
  explicit Guarded(size_t count) : all(count + 2 * guard, T(mark)), count(count) {}
  T* data() { return all.data() + guard; }
  const T* data() const { return all.data() + guard; }
  bool whole() const {
    for (size_t i = 0; i < guard; i++)
      if (all[i] != T(mark) || all[guard + count + i] != T(mark)) return false;
    return true;
  }
  std::vector<T> all;
  size_t count;
};

template <class T>
std::string difference(const Guarded<T>& found, const Guarded<T>& expected, double elements) {
  if (!found.whole()) return "guard words were overwritten";
  double error = 0, norm = 0;
  for (size_t i = 0; i < expected.count; i++) {
    const double d = double(found.data()[i]) - double(expected.data()[i]);
    error += d * d;
    norm += double(expected.data()[i]) * double(expected.data()[i]);
  }
  // Both sides may have the error bound of the conformance tables, and four times that with a convolution.
  const double unit = sizeof(T) == 4 ? std::ldexp(1.0, -24) : std::ldexp(1.0, -53),
               limit = 2 * 4 * 2 * unit * std::sqrt(std::log2(elements) + 1);
  const double relative = norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
  if (relative <= limit) return "";
  char text[96];
  std::snprintf(text, sizeof text, "relative difference %.3g, at most %.3g", relative, limit);
  return text;
}

template <class T>
struct Case {
  Report& report;
  ewald_fft_descriptor descriptor;
  ewald_fft* core = nullptr;
  ewald_cuda_fft* card = nullptr;
  size_t numbers[2] = {};  // of the input and output
  double elements = 1;

  Case(Report& report, const ewald_fft_descriptor& d) : report(report), descriptor(d) {}
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
  ~Case() {
    ewald_fft_destroy(core);
    ewald_cuda_fft_destroy(card);
  }

  bool onCore(uint32_t direction, const Guarded<T>& in, Guarded<T>& out) {
    return ewald_fft_execute(core, direction, in.data(), out.data(), nullptr, EWALD_FFT_SCALE_SYMMETRIC) ==
           EWALD_STATUS_OK;
  }
  bool onCard(uint32_t direction, const Guarded<T>& in, Guarded<T>& out) {
    return ewald_cuda_fft_execute(card, direction, in.data(), out.data(), 0, EWALD_FFT_SCALE_SYMMETRIC) ==
           EWALD_STATUS_OK;
  }

  // From device memory to device memory, with the same bytes as result.
  bool onArrays(const Guarded<T>& in, Guarded<T>& out) {
    ewald_cuda_array *from = nullptr, *to = nullptr;
    const bool place = (descriptor.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
    bool right = ewald_cuda_array_create(report.context, in.count * sizeof(T), &from) == EWALD_STATUS_OK &&
                 ewald_cuda_array_create(report.context, out.count * sizeof(T), &to) == EWALD_STATUS_OK &&
                 ewald_cuda_array_write(from, 0, in.data(), in.count * sizeof(T)) == EWALD_STATUS_OK &&
                 ewald_cuda_array_write(to, 0, out.data(), out.count * sizeof(T)) == EWALD_STATUS_OK;
    ewald_cuda_array* const result = place ? from : to;
    right = right &&
            ewald_cuda_fft_execute(card, EWALD_FFT_DIRECTION_FORWARD, ewald_cuda_array_memory(from),
                                   ewald_cuda_array_memory(result),
                                   EWALD_CUDA_INPUT_ON_DEVICE | EWALD_CUDA_OUTPUT_ON_DEVICE,
                                   EWALD_FFT_SCALE_SYMMETRIC) == EWALD_STATUS_OK &&
            ewald_cuda_array_read(result, 0, out.data(), out.count * sizeof(T)) == EWALD_STATUS_OK;
    ewald_cuda_array_destroy(from);
    ewald_cuda_array_destroy(to);
    return right;
  }

  void run() {
    const std::string name = nameOf(descriptor);
    if (ewald_fft_create(&descriptor, &core) != EWALD_STATUS_OK)
      return report.add(name, std::string("the core says: ") + ewald_last_error());
    if (ewald_cuda_fft_create(report.context, &descriptor, &card) != EWALD_STATUS_OK)
      return report.add(name, ewald_cuda_last_error());
    ewald_cuda_fft_info info;
    ewald_cuda_fft_describe(report.context, &descriptor, &info);
    size_t sizes[2];
    ewald_fft_sizes(core, &sizes[0], &sizes[1], nullptr);
    numbers[0] = size_t(info.input_bytes / sizeof(T));
    numbers[1] = size_t(info.output_bytes / sizeof(T));
    elements = double(std::max(sizes[0], sizes[1])) + 1;
    const bool place = (descriptor.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
    const size_t both = std::max(numbers[0], numbers[1]);

    std::mt19937 random(99);
    std::uniform_real_distribution<double> uniform(-1, 1);
    Guarded<T> input(place ? both : numbers[0]);
    for (size_t i = 0; i < input.count; i++) input.data()[i] = T(uniform(random));
    Guarded<T> expected(place ? both : numbers[1]), found = expected, there = expected;
    if (place) expected = found = there = input;
    if (!onCore(EWALD_FFT_DIRECTION_FORWARD, place ? expected : input, expected))
      return report.add(name, std::string("the core says: ") + ewald_last_error());
    const Guarded<T> before = input;
    if (!onCard(EWALD_FFT_DIRECTION_FORWARD, place ? found : input, found))
      return report.add(name, ewald_cuda_last_error());
    report.add(name + ", forward", difference(found, expected, elements));
    report.add(name + ", the input stays", place || before.all == input.all ? "" : "it was changed");
    if (!onArrays(input, there)) return report.add(name, ewald_cuda_last_error());
    report.add(
        name + ", on the card the same bytes",
        std::memcmp(there.all.data(), found.all.data(), found.all.size() * sizeof(T)) == 0 ? "" : "the bytes differ");

    Guarded<T> back(place ? both : numbers[0]), mine = back;
    if (place) back = mine = expected;
    if (!onCore(EWALD_FFT_DIRECTION_BACKWARD, place ? back : expected, back) ||
        !onCard(EWALD_FFT_DIRECTION_BACKWARD, place ? mine : expected, mine))
      return report.add(name, std::string(ewald_last_error()) + ewald_cuda_last_error());
    report.add(name + ", backward", difference(mine, back, elements));
  }
};

void compare(Report& report, const ewald_fft_descriptor& d) {
  if (d.precision == EWALD_FFT_PRECISION_F64)
    Case<double>(report, d).run();
  else
    Case<float>(report, d).run();
}

// Bytes moved by a shape of c2c in single precision, in round trips; at most 1.2 times three for three axes.
void traffic(Report& report, uint32_t n) {
  const ewald_fft_descriptor d = of(EWALD_FFT_KIND_C2C, {n, n, n});
  ewald_cuda_fft_info info;
  const std::string name = std::to_string(n) + "^3, bytes moved";
  if (ewald_cuda_fft_describe(report.context, &d, &info) != EWALD_STATUS_OK)
    return report.add(name, ewald_cuda_last_error());
  const double trips = double(info.bytes_read[0] + info.bytes_written[0]) / (16.0 * n * n * n);
  char text[64];
  std::snprintf(text, sizeof text, "%.3f round trips, at most 3.6", trips);
  report.add(name, trips >= 3 && trips <= 3.6 ? "" : text);
}

void refused(Report& report) {
  ewald_cuda_fft* plan = nullptr;
  ewald_fft_descriptor d = of(EWALD_FFT_KIND_C2C, {1u << 27, 1u << 12});
  report.equal("a transform that fits on no card is refused",
               uint64_t(ewald_cuda_fft_create(report.context, &d, &plan)),
               EWALD_STATUS_LIMIT);
  d = of(EWALD_FFT_KIND_C2C, {16, 16});
  d.in_count[1] = 17;
  report.equal("more numbers than the axis has are refused", uint64_t(ewald_cuda_fft_create(report.context, &d, &plan)),
               EWALD_STATUS_INVALID_ARGUMENT);
  d.in_count[1] = 0;
  d.rank = 9;
  report.equal("nine axes are refused", uint64_t(ewald_cuda_fft_create(report.context, &d, &plan)),
               EWALD_STATUS_INVALID_ARGUMENT);
  d = of(EWALD_FFT_KIND_R2C, {16});
  ewald_cuda_array* array = nullptr;
  ewald_cuda_array_create(report.context, 4096, &array);
  ewald_cuda_fft_create(report.context, &d, &plan);
  char* const memory = static_cast<char*>(ewald_cuda_array_memory(array));
  report.equal("real lines that begin between complex numbers are refused",
               uint64_t(ewald_cuda_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, memory + 4, memory + 2048,
                                               EWALD_CUDA_INPUT_ON_DEVICE | EWALD_CUDA_OUTPUT_ON_DEVICE,
                                               EWALD_FFT_SCALE_NONE)),
               EWALD_STATUS_INVALID_ARGUMENT);
  ewald_cuda_fft_destroy(plan);
  ewald_cuda_array_destroy(array);
}

}  // namespace

void fft(Report& report) {
  for (const uint32_t precision : {EWALD_FFT_PRECISION_F32, EWALD_FFT_PRECISION_F64}) {
    for (const uint32_t n : {1u, 2u, 3u, 7u, 16u, 17u, 60u, 143u, 256u, 1009u, 1024u, 4096u, 5000u, 5003u, 20011u})
      compare(report, of(EWALD_FFT_KIND_C2C, {n}, precision));
    compare(report, of(EWALD_FFT_KIND_C2C, {12, 20, 18}, precision));
    compare(report, of(EWALD_FFT_KIND_C2C, {2, 3, 2, 1, 5, 2, 4, 3}, precision));
    for (const uint32_t n : {15u, 16u, 34u, 9000u, 9001u}) {
      compare(report, of(EWALD_FFT_KIND_R2C, {3, n}, precision));
      compare(report, of(EWALD_FFT_KIND_REAL_C2C, {3, n}, precision));
    }
    for (uint32_t kind = 0; kind < 8; kind++)
      for (const uint32_t n : {2u, 9u, 10u, 33u, 5000u}) {
        ewald_fft_descriptor d = of(EWALD_FFT_KIND_R2R, {n, 3}, precision);
        d.axis_kind[0] = kind;
        d.axis_kind[1] = 7 - kind;
        compare(report, d);
      }
    ewald_fft_descriptor d = of(EWALD_FFT_KIND_R2C, {9, 15}, precision);
    d.flags = EWALD_FFT_FLAG_IN_PLACE;
    d.batch = 3;
    compare(report, d);
    d = of(EWALD_FFT_KIND_C2C, {24, 16}, precision);
    d.flags = EWALD_FFT_FLAG_IN_PLACE;
    d.in_stride[0] = 16, d.in_stride[1] = 1, d.out_stride[0] = 1, d.out_stride[1] = 24;
    compare(report, d);
    d = of(EWALD_FFT_KIND_C2C, {6, 10}, precision);
    d.in_stride[0] = 20, d.in_stride[1] = 2, d.out_stride[0] = 1, d.out_stride[1] = 7, d.batch = 4;
    compare(report, d);
  }
  // Kernels of one length: along, across and real lines, in blocks that are not full.
  for (const ewald::cuda::fft::Fixed& fixed : ewald::cuda::fft::fixed_lengths) {
    compare(report, of(EWALD_FFT_KIND_C2C, {fixed.length, 17}));
    if (fixed.length <= 2048) compare(report, of(EWALD_FFT_KIND_R2C, {9, 2 * fixed.length}));
  }
  // Primes through a convolution of each power of two, across, and 17 along.
  for (const uint32_t prime : {31u, 61u, 127u, 251u, 509u, 1021u, 2039u})
    compare(report, of(EWALD_FFT_KIND_C2C, {prime, 17}));
  if (!report.quick) {
    compare(report, of(EWALD_FFT_KIND_C2C, {128, 128, 128}));
    compare(report, of(EWALD_FFT_KIND_C2C, {1u << 20}, EWALD_FFT_PRECISION_F64));
    compare(report, of(EWALD_FFT_KIND_R2C, {100, 100, 100}));
  }
  for (const uint32_t n : {256u, 512u}) traffic(report, n);
  refused(report);
}

}  // namespace ewald::check
