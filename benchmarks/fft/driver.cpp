// Times the FFT core from the same source natively, together with FFTW, and in wasm under Node. Every case is verified
// before it is timed.
//
//   driver [--seconds S] [--threads N] [--wall] [--wisdom FILE] [--no-fftw] CASE...      CASE = kind:precision:shape,
//   such as c2c:f32:64x64x64
//
// Prints one line of JSON for each case: the CPU time of one transform in microseconds (minimum and median over rounds;
// rounds of ewald and FFTW alternate, so that both see the same load), ratio = FFTW / ewald of the minima. FFTW is
// planned with MEASURE, out of place, on one thread. Kinds: c2c r2c c2r dct2 dst2 ...
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/memory.h"
#include "ewald.h"

#if defined(__EMSCRIPTEN__)
// Imported from Node (wasm.mjs): the CPU clock of the process, in microseconds, and the wall clock.
extern "C" __attribute__((import_module("bench"), import_name("cpu_seconds"))) double cpu_seconds(void);
extern "C" __attribute__((import_module("bench"), import_name("wall_seconds"))) double wall_seconds(void);
#else
#include <ctime>
static double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
static double wall_seconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
#ifndef EWALD_WITHOUT_FFTW
#include <fftw3.h>
#define EWALD_WITH_FFTW 1
#endif
#endif

namespace {

constexpr double pi = 3.14159265358979323846;
double seconds = 0.3;
uint32_t threads = 1;
bool with_fftw = true, by_wall = false;

struct Case {
  std::string id, kind;
  bool f64;
  std::vector<uint32_t> shape;
  uint32_t axes = 0;  // after '#': forced radices, as ewald_fft_descriptor.tune; after a slash: bit mask, all when
                      // absent; not compared with anything
  size_t elements() const {
    size_t n = 1;
    for (uint32_t s : shape) n *= s;
    return n;
  }
};

bool parse(const char* text, Case& c) {
  c.id = text;
  const size_t a = c.id.find(':'), b = c.id.find(':', a + 1);
  if (a == std::string::npos || b == std::string::npos) return false;
  c.kind = c.id.substr(0, a);
  c.f64 = c.id.substr(a + 1, b - a - 1) == "f64";
  for (size_t at = b; at != std::string::npos; at = c.id.find('x', at + 1))
    c.shape.push_back(uint32_t(std::atoll(c.id.c_str() + at + 1)));
  if (const size_t slash = c.id.find('/'); slash != std::string::npos)
    c.axes = uint32_t(std::atoi(c.id.c_str() + slash + 1));
  return true;
}

ewald_fft_descriptor describe(const Case& c) {
  ewald_fft_descriptor d = {};
  d.rank = uint32_t(c.shape.size());
  d.precision = c.f64;
  d.threads = threads;
  for (size_t i = 0; i < c.shape.size(); i++) d.shape[i] = c.shape[i];
  d.axes = c.axes;
  if (const size_t at = c.id.find('#'); at != std::string::npos)
    d.tune = uint32_t(std::strtoul(c.id.c_str() + at + 1, nullptr, 16));
  d.reduced = d.rank - 1;
  static const char* trig[] = {"dct1", "dct2", "dct3", "dct4", "dst1", "dst2", "dst3", "dst4"};
  if (c.kind == "r2c") d.kind = EWALD_FFT_KIND_R2C;
  if (c.kind == "c2r") d.kind = EWALD_FFT_KIND_C2R;
  for (uint32_t k = 0; k < 8; k++)
    if (c.kind == trig[k]) {
      d.kind = EWALD_FFT_KIND_R2R;
      for (uint32_t i = 0; i < d.rank; i++) d.axis_kind[i] = k;
    }
  return d;
}

#if EWALD_WITH_FFTW
template <class T>
struct Fftw;
template <>
struct Fftw<float> {
  fftwf_plan plan = nullptr;
  void make(const ewald_fft_descriptor& d, float* in, float* out) {
    const unsigned flags = FFTW_MEASURE | FFTW_PRESERVE_INPUT;
    int n[8];
    fftw_r2r_kind kinds[8];
    for (uint32_t i = 0; i < d.rank; i++) {
      n[i] = int(d.shape[i]);
      static const fftw_r2r_kind map[] = {FFTW_REDFT00, FFTW_REDFT10, FFTW_REDFT01, FFTW_REDFT11,
                                          FFTW_RODFT00, FFTW_RODFT10, FFTW_RODFT01, FFTW_RODFT11};
      kinds[i] = map[d.axis_kind[i]];
    }
    auto* ci = reinterpret_cast<fftwf_complex*>(in);
    auto* co = reinterpret_cast<fftwf_complex*>(out);
    if (d.kind == EWALD_FFT_KIND_C2C) plan = fftwf_plan_dft(int(d.rank), n, ci, co, FFTW_FORWARD, flags);
    if (d.kind == EWALD_FFT_KIND_R2C) plan = fftwf_plan_dft_r2c(int(d.rank), n, in, co, flags);
    if (d.kind == EWALD_FFT_KIND_C2R)
      plan = fftwf_plan_dft_c2r(int(d.rank), n, ci, out, d.rank > 1 ? unsigned(FFTW_MEASURE) : flags);
    if (d.kind == EWALD_FFT_KIND_R2R) plan = fftwf_plan_r2r(int(d.rank), n, in, out, kinds, flags);
  }
  void run() { fftwf_execute(plan); }
  ~Fftw() {
    if (plan) fftwf_destroy_plan(plan);
  }
};
template <>
struct Fftw<double> {
  fftw_plan plan = nullptr;
  void make(const ewald_fft_descriptor& d, double* in, double* out) {
    const unsigned flags = FFTW_MEASURE | FFTW_PRESERVE_INPUT;
    int n[8];
    fftw_r2r_kind kinds[8];
    for (uint32_t i = 0; i < d.rank; i++) {
      n[i] = int(d.shape[i]);
      static const fftw_r2r_kind map[] = {FFTW_REDFT00, FFTW_REDFT10, FFTW_REDFT01, FFTW_REDFT11,
                                          FFTW_RODFT00, FFTW_RODFT10, FFTW_RODFT01, FFTW_RODFT11};
      kinds[i] = map[d.axis_kind[i]];
    }
    auto* ci = reinterpret_cast<fftw_complex*>(in);
    auto* co = reinterpret_cast<fftw_complex*>(out);
    if (d.kind == EWALD_FFT_KIND_C2C) plan = fftw_plan_dft(int(d.rank), n, ci, co, FFTW_FORWARD, flags);
    if (d.kind == EWALD_FFT_KIND_R2C) plan = fftw_plan_dft_r2c(int(d.rank), n, in, co, flags);
    if (d.kind == EWALD_FFT_KIND_C2R)
      plan = fftw_plan_dft_c2r(int(d.rank), n, ci, out, d.rank > 1 ? unsigned(FFTW_MEASURE) : flags);
    if (d.kind == EWALD_FFT_KIND_R2R) plan = fftw_plan_r2r(int(d.rank), n, in, out, kinds, flags);
  }
  void run() { fftw_execute(plan); }
  ~Fftw() {
    if (plan) fftw_destroy_plan(plan);
  }
};
#endif

// Error of some elements of a c2c or r2c result against the definition in double precision, relative to the root mean
// square of the result.
template <class T>
double sampled_error(const Case& c, const ewald_fft_descriptor& d, const T* in, const T* out) {
  const size_t n = c.elements(), last = c.shape.back();
  const bool real = d.kind == EWALD_FFT_KIND_R2C;
  double error = 0, power = 0;
  for (size_t i = 0; i < n * (real ? 1 : 2); i++) power += double(in[i]) * double(in[i]);
  const double rms = std::sqrt(power);
  uint64_t random = 12345;
  for (int sample = 0; sample < 3; sample++) {
    std::vector<std::vector<double>> root(c.shape.size());
    size_t at = 0;
    for (size_t a = 0; a < c.shape.size(); a++) {
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      const size_t extent = real && a + 1 == c.shape.size() ? last / 2 + 1 : c.shape[a];
      const uint64_t k = (random >> 33) % extent;
      at = at * extent + k;
      root[a].resize(2 * c.shape[a]);
      for (uint64_t j = 0; j < c.shape[a]; j++) {
        const double phase = -2 * pi * double(j * k % c.shape[a]) / c.shape[a];
        root[a][2 * j] = std::cos(phase);
        root[a][2 * j + 1] = std::sin(phase);
      }
    }
    double re = 0, im = 0;
    for (size_t line = 0; line < n / last; line++) {
      double wr = 1, wi = 0;
      size_t rest = line;
      for (size_t a = c.shape.size() - 1; a-- > 0;) {
        const size_t j = rest % c.shape[a];
        rest /= c.shape[a];
        const double r = wr * root[a][2 * j] - wi * root[a][2 * j + 1];
        wi = wr * root[a][2 * j + 1] + wi * root[a][2 * j];
        wr = r;
      }
      double sr = 0, si = 0;
      const double* w = root.back().data();
      for (size_t j = 0; j < last; j++) {
        const double xr = real ? in[line * last + j] : in[2 * (line * last + j)],
                     xi = real ? 0 : in[2 * (line * last + j) + 1];
        sr += xr * w[2 * j] - xi * w[2 * j + 1];
        si += xr * w[2 * j + 1] + xi * w[2 * j];
      }
      re += sr * wr - si * wi;
      im += sr * wi + si * wr;
    }
    error = std::fmax(error, std::hypot(re - out[2 * at], im - out[2 * at + 1]) / rms);
  }
  return error;
}

// Under Node the CPU clock only advances with the scheduler. Rounds much shorter than a time slice are therefore timed
// by the wall clock, whose minimum is free of interference from other processes; longer ones by the CPU clock, over
// many of its ticks.
template <class F>
double time_round(F&& f, size_t count, bool wall = false) {
  wall = wall || by_wall || threads > 1;
  const double begin = wall ? wall_seconds() : cpu_seconds();
  for (size_t i = 0; i < count; i++) f();
  return ((wall ? wall_seconds() : cpu_seconds()) - begin) / double(count);
}

template <class F>
size_t calibrate(F&& f, double round) {
  f();
  size_t count = 1;
  for (;;) {
    const double t = time_round(f, count, true);
    if (t * double(count) > round / 4 || count > (1u << 24))
      return std::max<size_t>(1, size_t(round / std::max(t, 1e-9)));
    count *= 4;
  }
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

template <class T>
int bench(const Case& c) {
  ewald_fft_descriptor d = describe(c);
  ewald_fft* plan = nullptr;
  double create = 1e9, create_first = 0;
  const int creations = c.elements() > 4000000 ? 1 : 3;
  for (int i = 0; i < creations; i++) {
    ewald_fft_destroy(plan);
    const double begin = cpu_seconds();
    if (ewald_fft_create(&d, &plan) != 0) {
      std::printf("{\"case\":\"%s\",\"error\":\"%s\"}\n", c.id.c_str(), ewald_last_error());
      return 1;
    }
    const double took = cpu_seconds() - begin;
    if (i == 0) create_first = took;
    create = std::min(create, took);
  }
  size_t sizes[3];
  ewald_fft_sizes(plan, &sizes[0], &sizes[1], &sizes[2]);
  const size_t numbers_in = sizes[0] * (d.kind == EWALD_FFT_KIND_R2C || d.kind == EWALD_FFT_KIND_R2R ? 1 : 2);
  const size_t numbers_out = sizes[1] * (d.kind == EWALD_FFT_KIND_C2R || d.kind == EWALD_FFT_KIND_R2R ? 1 : 2);
  T* in = static_cast<T*>(ewald_alloc(numbers_in * sizeof(T)));
  T* out = static_cast<T*>(ewald_alloc(numbers_out * sizeof(T)));
  uint64_t random = 1;
  const auto fill = [&] {
    for (size_t i = 0; i < numbers_in; i++) {
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      in[i] = T(double(random >> 40) / 16777216.0 - 0.5);
    }
  };
  const auto ours = [&] { ewald_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in, out, nullptr, 0); };
  std::vector<double> mine, theirs;

#if EWALD_WITH_FFTW
  Fftw<T> fftw;
  // Allocated by the same allocator as ours: large pages and alignment matter as much as instructions.
  T* aligned = with_fftw ? static_cast<T*>(ewald_alloc(numbers_out * sizeof(T))) : nullptr;
  if (with_fftw) fftw.make(d, in, aligned);  // planning overwrites both arrays
#endif
  fill();
  ours();
  double error = -1;
  // a direct sum in double is itself only accurate to about sqrt(N) roundings
  const double reference = c.f64 ? 0x1p-53 * std::sqrt(double(c.elements())) : 0;
  const double bound = reference + 8 * (c.f64 ? 0x1p-53 : 0x1p-24) * 4 * std::sqrt(std::log2(double(c.elements())) + 1);
  if (c.axes == 0 && (d.kind == EWALD_FFT_KIND_C2C || d.kind == EWALD_FFT_KIND_R2C))
    error = sampled_error<T>(c, d, in, out);
#if EWALD_WITH_FFTW
  if (with_fftw && c.axes == 0) {
    fftw.run();
    double e = 0, s = 0;
    for (size_t i = 0; i < numbers_out; i++) {
      e += (double(out[i]) - double(aligned[i])) * (double(out[i]) - double(aligned[i]));
      s += double(aligned[i]) * double(aligned[i]);
    }
    error = std::fmax(error, std::sqrt(e / s));
  }
#endif
  if (!(error <= bound)) {
    std::printf("{\"case\":\"%s\",\"error\":\"wrong result: %.3g, bound %.3g\"}\n", c.id.c_str(), error, bound);
    return 1;
  }

#if defined(__EMSCRIPTEN__)
  const double once = time_round(ours, 1, true);
  const bool wall = once < 0.0005;
  const double round = wall ? 0.0004 : 0.02;
#else
  const bool wall = false;
  const double round = 0.001;
#endif
  const size_t count = calibrate(ours, round);
#if EWALD_WITH_FFTW
  const size_t count2 = with_fftw ? calibrate([&] { fftw.run(); }, round) : 0;
#endif
  const double begin = wall_seconds();
  do {
    mine.push_back(time_round(ours, count, wall));
#if EWALD_WITH_FFTW
    if (with_fftw) theirs.push_back(time_round([&] { fftw.run(); }, count2));
#endif
  } while (wall_seconds() - begin < seconds || mine.size() < 5);
  const double best = *std::min_element(mine.begin(), mine.end());
  std::printf(
      "{\"case\":\"%s\",\"isa\":\"%s\",\"us\":%.4f,\"medianUs\":%.4f,\"rounds\":%zu,\"createMs\":%.3f,"
      "\"createFirstMs\":%.3f,\"relativeError\":%.3g",
      c.id.c_str(), ewald_instruction_set(), best * 1e6, median(mine) * 1e6, mine.size(), create * 1e3,
      create_first * 1e3, error);
#if EWALD_WITH_FFTW
  if (!theirs.empty()) {
    const double fftw_best = *std::min_element(theirs.begin(), theirs.end());
    std::printf(",\"fftw\":\"%s\",\"fftwUs\":%.4f,\"fftwMedianUs\":%.4f,\"ratio\":%.3f", fftwf_version, fftw_best * 1e6,
                median(theirs) * 1e6, fftw_best / best);
  }
#endif
  std::printf("}\n");
  std::fflush(stdout);
  ewald_fft_destroy(plan);
  ewald_free(in);
  ewald_free(out);
#if EWALD_WITH_FFTW
  ewald_free(aligned);
#endif
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const char* wisdom = nullptr;
  std::vector<Case> cases;
  for (int i = 1; i < argc; i++) {
    Case c;
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
      seconds = std::atof(argv[++i]);
    else if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
      threads = uint32_t(std::atoi(argv[++i]));
    else if (std::strcmp(argv[i], "--wisdom") == 0 && i + 1 < argc)
      wisdom = argv[++i];
    else if (std::strcmp(argv[i], "--no-fftw") == 0)
      with_fftw = false;
    else if (std::strcmp(argv[i], "--wall") == 0)
      by_wall = true;
    else if (parse(argv[i], c))
      cases.push_back(c);
    else {
      std::fprintf(stderr, "not a case: %s\n", argv[i]);
      return 2;
    }
  }
  int bad = 0;
#if EWALD_WITH_FFTW
  const std::string single = std::string(wisdom ? wisdom : "") + ".f32",
                    twice = std::string(wisdom ? wisdom : "") + ".f64";
  if (wisdom) {
    fftwf_import_wisdom_from_filename(single.c_str());
    fftw_import_wisdom_from_filename(twice.c_str());
  }
#endif
  for (const Case& c : cases) bad |= c.f64 ? bench<double>(c) : bench<float>(c);
#if EWALD_WITH_FFTW
  if (wisdom && with_fftw) {
    fftwf_export_wisdom_to_filename(single.c_str());
    fftw_export_wisdom_to_filename(twice.c_str());
  }
#else
  (void)wisdom;
#endif
  return bad;
}
