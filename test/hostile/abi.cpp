// Hostile arguments for every function of cpp/include/ewald.h. A row passes if the function refuses the arguments, or
// accesses only the memory it was given: arrays have exactly the length that the header states, so that an address
// sanitizer, or the guard bytes around them, detect any access beyond. Prints the errors and the number of rows.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "ewald.h"

namespace {

int rows = 0, wrong = 0;
char place[200];

void expect(bool fine, const char* what) {
  rows++;
  if (fine) return;
  wrong++;
  printf("%s: %s (last error: %s)\n", place, what, ewald_last_error());
}
void refused(int32_t status, const char* what) { expect(status != EWALD_STATUS_OK, what); }

constexpr uint32_t counts[] = {0, 1, 3, 5, 255, 65537, (1u << 20) + 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
const float numbers[] = {0, -0.f, 1, -1, 1e-38f, 1e-45f, 1e38f, -1e38f, INFINITY, -INFINITY, NAN};

// An array followed by guard bytes, for builds without a sanitizer.
template <class T>
struct Exact {
  static constexpr size_t guard = 64;
  explicit Exact(size_t count) : bytes(count * sizeof(T)), data(static_cast<T*>(malloc(bytes + tail()))) {
    memset(static_cast<void*>(data), 0, bytes);
    memset(reinterpret_cast<char*>(data) + bytes, 0x5a, tail());
  }
  ~Exact() {
    for (size_t i = 0; i < tail(); i++)
      if (reinterpret_cast<unsigned char*>(data)[bytes + i] != 0x5a) {
        expect(false, "bytes behind an array were written");
        break;
      }
    free(data);
  }
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t tail() { return 0; }
#else
  static constexpr size_t tail() { return guard; }
#endif
  size_t bytes;
  T* data;
};

void memory() {
  snprintf(place, sizeof place, "ewald_alloc");
  for (const size_t less : {0, 1, 63, 64, 65, 127, 128, 129, 4096, 1 << 20, (2 << 20) + 127})
    expect(ewald_alloc(size_t(-1) - less) == nullptr, "more than there can be was given");
  const size_t before = ewald_live_bytes();
  for (const size_t bytes : {0, 1, 64, 65, 1 << 22, (1 << 22) + 1}) {
    char* data = static_cast<char*>(ewald_alloc(bytes));
    expect(data != nullptr, "no memory was given");
    if (data != nullptr && bytes > 0) data[0] = data[bytes - 1] = 1;
    ewald_free(data);
  }
  ewald_free(nullptr);
  expect(ewald_live_bytes() == before, "memory stayed");
}

void pi() {
  snprintf(place, sizeof place, "ewald_pi_count");
  ewald_pi_params params{};
  uint64_t hits = 0;
  params.points_lo = 1000;
  refused(ewald_pi_count(nullptr, &hits), "null params");
  refused(ewald_pi_count(&params, nullptr), "null hits");
  for (const uint32_t threads : counts) {
    params.threads = threads;
    expect(ewald_pi_count(&params, &hits) == EWALD_STATUS_OK && hits <= 1000, "an odd wish for threads");
  }
  params.points_hi = 0xffffffff;
  params.first_hi = 1;
  refused(ewald_pi_count(&params, &hits), "first + points beyond 2^64");
  params = {};
  params.first_lo = params.first_hi = 0xffffffff;
  expect(ewald_pi_count(&params, &hits) == EWALD_STATUS_OK, "no points at the end of the stream");
}

ewald_indexer_descriptor indexer_descriptor() {
  ewald_indexer_descriptor d{};
  d.max_spots = 32;
  d.max_input_cells = 2;
  d.max_output_cells = 4;
  d.batch = 2;
  d.max_sample_points = 1024;
  d.max_angle_points = 1024;
  d.threads = 1;
  return d;
}
ewald_indexer_params indexer_params() {
  ewald_indexer_params p{};
  p.length_threshold = 1e-9f;
  p.trim_low = 0.001f;
  p.trim_high = 0.3f;
  p.delta = 0.1f;
  p.plane_distance = 0.2f;
  p.node_distance = 0.15f;
  p.min_spots = 6;
  p.max_crystals = 2;
  p.refinement = EWALD_REFINEMENT_IFSSR;
  p.contraction = 0.8f;
  p.max_distance = 0.00075f;
  p.refine_min_spots = 8;
  p.refine_iterations = 8;
  p.accept_log10 = -6;
  return p;
}

// One run of two images with arrays of the length that the header states.
struct Run {
  static constexpr uint32_t images = 2, spots = 24;
  ewald_indexer* indexer;
  ewald_indexer_descriptor d;
  ewald_indexer_params params = indexer_params();
  Exact<float> at{3 * spots}, cells;
  Exact<uint32_t> offsets{images + 1};
  Exact<ewald_indexed_cell> found;
  Exact<ewald_image_result> results{images};
  Exact<uint8_t> assignment{spots};
  uint32_t cell_count = 1;
  Run(ewald_indexer* i, const ewald_indexer_descriptor& descriptor)
      : indexer(i), d(descriptor), cells(9 * descriptor.max_input_cells), found(images * descriptor.max_output_cells) {
    for (uint32_t k = 0; k < spots; k++) {
      at.data[3 * k] = float(int(k % 4) - 2) / 50;
      at.data[3 * k + 1] = float(int(k / 4 % 3) - 1) / 60;
      at.data[3 * k + 2] = float(int(k / 12) + 1) / 70;
    }
    offsets.data[1] = 20;
    offsets.data[2] = spots;
    cells.data[0] = 50, cells.data[4] = 60, cells.data[8] = 70;
  }
  int32_t go(uint32_t how_many = images) {
    return ewald_indexer_run(indexer, &params, at.data, offsets.data, how_many, cells.data, cell_count, found.data,
                             results.data, assignment.data);
  }
  int32_t name() {
    return ewald_indexer_name(indexer, &params, at.data, offsets.data, images, cells.data, cell_count, found.data,
                              results.data, assignment.data);
  }
};

void indexer_create() {
  ewald_indexer_descriptor d = indexer_descriptor();
  ewald_indexer* indexer = nullptr;
  snprintf(place, sizeof place, "ewald_indexer_create");
  refused(ewald_indexer_create(nullptr, &indexer), "null descriptor");
  refused(ewald_indexer_create(&d, nullptr), "null handle");
  for (const uint32_t method : {EWALD_METHOD_FAST, EWALD_METHOD_EXHAUSTIVE, EWALD_METHOD_TURBO})
    for (size_t field = 0; field < sizeof d / 4; field++)
      for (const uint32_t value : counts) {
        d = indexer_descriptor();
        d.method = method;
        memcpy(reinterpret_cast<char*>(&d) + 4 * field, &value, 4);
        snprintf(place, sizeof place, "ewald_indexer_create, method %u, word %zu is %u", method, field, value);
        const size_t before = ewald_live_bytes();
        const int32_t status = ewald_indexer_create(&d, &indexer);
        expect((status == EWALD_STATUS_OK) == (indexer != nullptr), "status and handle disagree");
        if (indexer != nullptr) {
          if (value < 1000) Run(indexer, d).go(d.batch < Run::images ? d.batch : Run::images);
          ewald_indexer_destroy(indexer);
        }
        expect(ewald_live_bytes() == before, "memory stayed");
      }
  ewald_indexer_destroy(nullptr);
  expect(ewald_indexer_bytes(nullptr) == 0, "bytes of no indexer");
}

void indexer_run(uint32_t method) {
  ewald_indexer_descriptor d = indexer_descriptor();
  d.method = method;
  d.debug = 1;
  ewald_indexer* indexer = nullptr;
  snprintf(place, sizeof place, "ewald_indexer_run, method %u", method);
  if (ewald_indexer_create(&d, &indexer) != EWALD_STATUS_OK) return expect(false, "no indexer");
  expect(Run(indexer, d).go() == EWALD_STATUS_OK, "a plain run is refused");
  for (size_t field = 0; field < sizeof(ewald_indexer_params) / 4; field++) {
    for (const uint32_t value : counts) {
      Run run(indexer, d);
      memcpy(reinterpret_cast<char*>(&run.params) + 4 * field, &value, 4);
      snprintf(place, sizeof place, "ewald_indexer_run, method %u, parameter word %zu is %u", method, field, value);
      run.go();
      rows++;
    }
    for (const float value : numbers) {
      Run run(indexer, d);
      memcpy(reinterpret_cast<char*>(&run.params) + 4 * field, &value, 4);
      snprintf(place, sizeof place, "ewald_indexer_run, method %u, parameter word %zu is %g", method, field,
               double(value));
      run.go();
      rows++;
    }
  }
  snprintf(place, sizeof place, "ewald_indexer_run, method %u", method);
  for (const uint32_t value : {0x80000000u, 0xffffffffu}) {
    Run run(indexer, d);
    run.params.refine_min_spots = value;
    refused(run.go(), "refine_min_spots beyond 2^31");
    run.params = indexer_params();
    run.params.min_spots = value;
    refused(run.go(), "min_spots beyond 2^31");
  }
  for (size_t at = 0; at < 9; at++)
    for (const float value : numbers) {
      Run run(indexer, d);
      run.cells.data[at] = value;
      snprintf(place, sizeof place, "ewald_indexer_run, method %u, number %zu of the cell is %g", method, at,
               double(value));
      run.go();
      rows++;
    }
  for (const float value : numbers)
    for (const size_t step : {1, 2, 7}) {
      Run run(indexer, d);
      for (size_t i = 0; i < 3 * Run::spots; i += step) run.at.data[i] = value;
      snprintf(place, sizeof place, "ewald_indexer_run, method %u, every %zu. number of the spots is %g", method, step,
               double(value));
      run.go();
      rows++;
    }
  // Whatever an implementation elsewhere says that it has found; 50 and 50.2 are nearly equal axes.
  for (const uint32_t value : counts)
    for (size_t word = 0; word < sizeof(ewald_image_result) / 4; word++) {
      Run run(indexer, d);
      run.cells.data[4] = 50.2f;
      run.go();
      snprintf(place, sizeof place, "ewald_indexer_name, method %u, result word %zu is %u", method, word, value);
      memcpy(reinterpret_cast<char*>(run.results.data) + 4 * word, &value, 4);
      run.name();
      rows++;
    }
  for (const float value : numbers) {
    Run run(indexer, d);
    run.cells.data[4] = 50.2f;
    run.go();
    snprintf(place, sizeof place, "ewald_indexer_name, method %u, found cells hold %g", method, double(value));
    run.results.data[0].cells = run.results.data[0].crystals = 1;
    for (size_t word = 0; word < 9; word += 2) memcpy(reinterpret_cast<char*>(run.found.data) + 4 * word, &value, 4);
    run.name();
    rows++;
  }
  snprintf(place, sizeof place, "ewald_indexer_run, method %u", method);
  Run run(indexer, d);
  for (const uint32_t images : {3u, 0x7fffffffu, 0xffffffffu}) refused(run.go(images), "too many images");
  for (const uint32_t count : {0u, 3u, 0x80000000u, 0xffffffffu}) {
    run.cell_count = count;
    refused(run.go(), "a number of cells that is out of range");
  }
  run.cell_count = 1;
  for (const uint32_t last : {19u, 0x80000000u, 0xffffffffu}) {
    run.offsets.data[2] = last;
    refused(run.go(), "offsets that fall, or are beyond what a run takes");
  }
  run.offsets.data[2] = Run::spots;
  const auto with = [&](int missing) {
    return ewald_indexer_run(missing == 0 ? nullptr : indexer, missing == 1 ? nullptr : &run.params,
                             missing == 2 ? nullptr : run.at.data, missing == 3 ? nullptr : run.offsets.data, 2,
                             missing == 4 ? nullptr : run.cells.data, 1, missing == 5 ? nullptr : run.found.data,
                             missing == 6 ? nullptr : run.results.data, run.assignment.data);
  };
  for (int missing = 0; missing < 7; missing++) refused(with(missing), "a null pointer");
  expect(run.go(0) == EWALD_STATUS_OK, "no images are refused");
  expect(run.go() == EWALD_STATUS_OK, "it does not work any more");

  snprintf(place, sizeof place, "ewald_indexer_stage, method %u", method);
  size_t bytes = 0;
  refused(ewald_indexer_stage(nullptr, 0, nullptr, 0, &bytes), "null indexer");
  refused(ewald_indexer_stage(indexer, 0, nullptr, 0, nullptr), "null bytes");
  for (const uint32_t stage : counts) {
    const int32_t status = ewald_indexer_stage(indexer, stage, nullptr, size_t(-1), &bytes);
    expect((status == EWALD_STATUS_OK) == (stage <= EWALD_STAGE_CELLS), "a stage that there is not");
    if (status != EWALD_STATUS_OK) continue;
    Exact<char> all(bytes), few(bytes / 2);
    expect(ewald_indexer_stage(indexer, stage, all.data, size_t(-1), &bytes) == EWALD_STATUS_OK, "a stage");
    expect(ewald_indexer_stage(indexer, stage, few.data, few.bytes, &bytes) == EWALD_STATUS_OK, "part of a stage");
  }
  ewald_indexer_destroy(indexer);
}

ewald_fft_descriptor fft_descriptor(uint32_t kind, uint32_t precision) {
  ewald_fft_descriptor d{};
  d.rank = 2;
  d.kind = kind;
  d.precision = precision;
  d.reduced = 1;
  d.threads = 1;
  d.shape[0] = 6;
  d.shape[1] = 10;
  return d;
}

// Runs a plan in both directions on arrays of the length that ewald_fft_sizes returns.
void both_ways(ewald_fft* plan, const ewald_fft_descriptor& d) {
  size_t sizes[3] = {0, 0, 0};
  expect(ewald_fft_sizes(plan, &sizes[0], &sizes[1], &sizes[2]) == EWALD_STATUS_OK, "no sizes");
  const size_t number = d.precision == EWALD_FFT_PRECISION_F64 ? 8 : 4;
  const bool real_in =
      d.kind == EWALD_FFT_KIND_R2C || d.kind == EWALD_FFT_KIND_REAL_C2C || d.kind == EWALD_FFT_KIND_R2R;
  const bool real_out = d.kind == EWALD_FFT_KIND_C2R || d.kind == EWALD_FFT_KIND_R2R;
  const bool in_place = (d.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
  size_t in_bytes = sizes[0] * number * (real_in ? 1 : 2), out_bytes = sizes[1] * number * (real_out ? 1 : 2);
  if (in_bytes > (1 << 22) || out_bytes > (1 << 22)) return;
  if (in_place) in_bytes = out_bytes = in_bytes > out_bytes ? in_bytes : out_bytes;
  Exact<char> in(in_bytes), out(in_place ? 0 : out_bytes), work(sizes[2] * number * 2);
  void* const second = in_place ? in.data : out.data;
  for (const uint32_t scale : {EWALD_FFT_SCALE_NONE, EWALD_FFT_SCALE_FULL, EWALD_FFT_SCALE_SYMMETRIC}) {
    expect(ewald_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in.data, second, work.data, scale) == EWALD_STATUS_OK,
           "forward");
    expect(ewald_fft_execute(plan, EWALD_FFT_DIRECTION_BACKWARD, second, in.data, work.data, scale) == EWALD_STATUS_OK,
           "backward");
  }
  for (const uint32_t odd : {3u, 0x80000000u, 0xffffffffu}) {
    refused(ewald_fft_execute(plan, odd, in.data, second, work.data, 0), "a direction");
    refused(ewald_fft_execute(plan, 0, in.data, second, work.data, odd), "a scale");
  }
  refused(ewald_fft_execute(nullptr, 0, in.data, second, work.data, 0), "null plan");
  refused(ewald_fft_execute(plan, 0, nullptr, second, work.data, 0), "null input");
  refused(ewald_fft_execute(plan, 0, in.data, nullptr, work.data, 0), "null output");
  refused(ewald_fft_execute(plan, 0, in.data, in_place ? in.data + number : in.data, work.data, 0), "an overlap");
  if (!in_place) refused(ewald_fft_execute(plan, 0, in.data + 1, second, work.data, 0), "input out of line");
  if ((d.flags & EWALD_FFT_FLAG_USER_WORKSPACE) && sizes[2] > 0)
    refused(ewald_fft_execute(plan, 0, in.data, second, nullptr, 0), "no workspace");
}

void fft_fields(uint32_t kind, uint32_t precision) {
  // The words before `shape`, one word of each array after it, then all eight words of each array.
  const size_t first = offsetof(ewald_fft_descriptor, shape) / 4, words = sizeof(ewald_fft_descriptor) / 4;
  for (size_t word = 0; word < words; word++)
    for (const uint32_t value : counts)
      for (const bool all : {false, true}) {
        if (all && (word < first || (word - first) % 8 != 0)) continue;
        if (!all && word >= first && (word - first) % 8 > 2) continue;
        ewald_fft_descriptor d = fft_descriptor(kind, precision);
        if (all) d.rank = 8;
        for (size_t i = 2; all && i < 8; i++) d.shape[i] = 1;
        for (size_t i = 0; i < (all ? 8 : 1); i++) memcpy(reinterpret_cast<char*>(&d) + 4 * (word + i), &value, 4);
        // A length with this many elements is valid, but too large for this machine.
        if (word == first && !all && value > 1 << 17) continue;
        if (word == first + 1 && !all && value > 1 << 17) continue;
        if (all && word == first && (value == 3 || value == 5)) continue;
        snprintf(place, sizeof place, "ewald_fft_create, kind %u, precision %u, word %zu%s is %u", kind, precision,
                 word, all ? " and seven more" : "", value);
        ewald_fft* plan = nullptr;
        const size_t before = ewald_live_bytes();
        const int32_t status = ewald_fft_create(&d, &plan);
        expect((status == EWALD_STATUS_OK) == (plan != nullptr), "status and handle disagree");
        if (plan != nullptr) {
          both_ways(plan, d);
          ewald_fft_destroy(plan);
        }
        expect(ewald_live_bytes() == before, "memory stayed");
      }
}

void fft() {
  ewald_fft* plan = nullptr;
  snprintf(place, sizeof place, "ewald_fft");
  ewald_fft_descriptor d = fft_descriptor(EWALD_FFT_KIND_C2C, EWALD_FFT_PRECISION_F32);
  refused(ewald_fft_create(nullptr, &plan), "null descriptor");
  refused(ewald_fft_create(&d, nullptr), "null handle");
  refused(ewald_fft_sizes(nullptr, nullptr, nullptr, nullptr), "null plan");
  ewald_fft_destroy(nullptr);
  expect(ewald_fft_bytes(nullptr) == 0, "bytes of no plan");
  for (uint32_t kind = 0; kind <= EWALD_FFT_KIND_R2R; kind++)
    for (uint32_t precision = 0; precision < 2; precision++) {
      for (const uint32_t flags : {0, 1, 2, 3})
        for (const uint32_t length : {1, 2, 7, 10, 64, 97, 360, 4099}) {
          d = fft_descriptor(kind, precision);
          d.flags = flags;
          d.shape[1] = length;
          snprintf(place, sizeof place, "ewald_fft, kind %u, precision %u, flags %u, 6 x %u", kind, precision, flags,
                   length);
          if (ewald_fft_create(&d, &plan) != EWALD_STATUS_OK) continue;
          both_ways(plan, d);
          ewald_fft_destroy(plan);
        }
      fft_fields(kind, precision);
    }
}

void fft_watch() {
  snprintf(place, sizeof place, "ewald_fft_stop");
  ewald_fft_stop(nullptr, 1);
  expect(ewald_fft_done(nullptr) == 0, "no plan is done");
  ewald_fft_descriptor d = fft_descriptor(EWALD_FFT_KIND_C2C, EWALD_FFT_PRECISION_F32);
  d.shape[0] = 64, d.shape[1] = 32;
  ewald_fft* plan = nullptr;
  expect(ewald_fft_create(&d, &plan) == EWALD_STATUS_OK, "no plan");
  if (plan == nullptr) return;
  size_t elements = 0;
  ewald_fft_sizes(plan, &elements, nullptr, nullptr);
  Exact<float> in(2 * elements), out(2 * elements);
  for (size_t i = 0; i < 2 * elements; i++) in.data[i] = 1, out.data[i] = -7;
  for (const uint32_t on : {1u, 0xffffffffu}) {
    ewald_fft_stop(plan, on);
    expect(ewald_fft_execute(plan, 0, in.data, out.data, nullptr, 0) == EWALD_STATUS_OK, "stopped, not well");
    expect(ewald_fft_done(plan) < 1, "stopped and done");
    expect(out.data[2 * elements - 1] == -7, "stopped and written to the end");
  }
  ewald_fft_stop(plan, 0);
  expect(ewald_fft_execute(plan, 0, in.data, out.data, nullptr, 0) == EWALD_STATUS_OK, "not well after a stop");
  expect(ewald_fft_done(plan) == 1 && out.data[2 * elements - 1] != -7, "not whole after a stop");
  ewald_fft_destroy(plan);
}

void peaks_run(const ewald_peaks_descriptor& d, ewald_peaks* peaks) {
  const size_t pixels = size_t(d.width) * d.height, bytes[] = {1, 1, 2, 2, 4, 4, 4};
  Exact<uint8_t> frame(pixels * bytes[d.dtype]), bad(pixels);
  for (size_t i = 0; i < frame.bytes; i++) frame.data[i] = uint8_t(i * 37);
  const uint32_t rings = ewald_peaks_bins(peaks);
  const ewald_peak* found = nullptr;
  Exact<float> limits(4 * size_t(rings));
  uint32_t count = 0;
  const ewald_peaks_params usual = {20, 1, 1, 200, 3, -1000, 0xffffffff, -1e30f, 1e30f, 0,
                                    5,  2, 3, 4,   1, 2,     1,          1,      2,     0};
  Exact<double> sums(2 * size_t(rings) + 1025);
  // Only peakfinder8 has rings, and only a search limits of them.
  float* const rings_of = d.finder == EWALD_FINDER_PEAKFINDER8 && !d.sums_only ? limits.data : nullptr;
  double* const sums_of = d.finder == EWALD_FINDER_PEAKFINDER8 || d.sums_only ? sums.data : nullptr;
  if (!sums_of)
    refused(ewald_peaks_run(peaks, &usual, frame.data, bad.data, &found, &count, nullptr, sums.data),
            "sums of another finder");
  if (!rings_of)
    refused(ewald_peaks_run(peaks, &usual, frame.data, bad.data, &found, &count, limits.data, nullptr),
            "limits of another finder");
  const auto run = [&](const ewald_peaks_params& params) {
    const int32_t status = ewald_peaks_run(peaks, &params, frame.data, bad.data, &found, &count, rings_of, sums_of);
    expect(status != EWALD_STATUS_OK || count == 0 || found != nullptr, "peaks without a list");
    expect(status != EWALD_STATUS_OK || count <= pixels, "more peaks than pixels");
    // Reads every byte of the list.
    for (uint32_t k = 0; status == EWALD_STATUS_OK && k < count; k++)
      expect(found[k].panel < d.panels, "a peak of no panel");
  };
  run(usual);
  for (size_t word = 0; word < sizeof usual / 4; word++) {
    for (const uint32_t value : counts) {
      ewald_peaks_params params = usual;
      memcpy(reinterpret_cast<char*>(&params) + 4 * word, &value, 4);
      run(params);
    }
    for (const float value : numbers) {
      ewald_peaks_params params = usual;
      memcpy(reinterpret_cast<char*>(&params) + 4 * word, &value, 4);
      run(params);
    }
  }
  refused(ewald_peaks_run(nullptr, &usual, frame.data, nullptr, &found, &count, nullptr, nullptr), "null peaks");
  refused(ewald_peaks_run(peaks, nullptr, frame.data, nullptr, &found, &count, nullptr, nullptr), "null params");
  refused(ewald_peaks_run(peaks, &usual, nullptr, nullptr, &found, &count, nullptr, nullptr), "null frame");
  refused(ewald_peaks_run(peaks, &usual, frame.data, nullptr, nullptr, &count, nullptr, nullptr), "null found");
  refused(ewald_peaks_run(peaks, &usual, frame.data, nullptr, &found, nullptr, nullptr, nullptr), "null count");
}

void peaks() {
  constexpr uint32_t width = 9, height = 7;
  Exact<uint16_t> bins(width * height);
  for (uint32_t i = 0; i < width * height; i++) bins.data[i] = i % 11 == 0 ? 0xffff : uint16_t(i % 5);
  const ewald_peaks_descriptor usual = {width, height, 1, 2, 0, 0, 0, 0};
  const ewald_peaks_panel panel = {0, 0, width, height};
  ewald_peaks* peaks = nullptr;
  snprintf(place, sizeof place, "ewald_peaks");
  refused(ewald_peaks_create(nullptr, &panel, bins.data, &peaks), "null descriptor");
  refused(ewald_peaks_create(&usual, nullptr, bins.data, &peaks), "null panels");
  refused(ewald_peaks_create(&usual, &panel, nullptr, &peaks), "null bins");
  refused(ewald_peaks_create(&usual, &panel, bins.data, nullptr), "null handle");
  ewald_peaks_destroy(nullptr);
  expect(ewald_peaks_bytes(nullptr) == 0, "bytes of no peaks");
  // Width and height determine the length of `bins`, so a wrong value cannot be detected.
  for (size_t word = 2; word < sizeof usual / 4; word++)
    for (const uint32_t value : counts) {
      ewald_peaks_descriptor d = usual;
      memcpy(reinterpret_cast<char*>(&d) + 4 * word, &value, 4);
      if (word == 2 && value > 1) d.panels = value > (1u << 14) ? value : 1;
      snprintf(place, sizeof place, "ewald_peaks, word %zu is %u", word, value);
      peaks = nullptr;
      if (ewald_peaks_create(&d, &panel, bins.data, &peaks) != EWALD_STATUS_OK) {
        expect(peaks == nullptr, "refused, and a handle all the same");
        continue;
      }
      peaks_run(d, peaks);
      ewald_peaks_destroy(peaks);
    }
  snprintf(place, sizeof place, "ewald_peaks, panels");
  for (size_t word = 0; word < 4; word++)
    for (const uint32_t value : counts) {
      ewald_peaks_panel odd = panel;
      memcpy(reinterpret_cast<char*>(&odd) + 4 * word, &value, 4);
      peaks = nullptr;
      const bool fits = odd.fs < odd.end_fs && odd.ss < odd.end_ss && odd.end_fs <= width && odd.end_ss <= height;
      expect((ewald_peaks_create(&usual, &odd, bins.data, &peaks) == EWALD_STATUS_OK) == fits, "a panel");
      ewald_peaks_destroy(peaks);
    }
  const ewald_peaks_panel twice[] = {panel, panel};
  ewald_peaks_descriptor two = usual;
  two.panels = 2;
  refused(ewald_peaks_create(&two, twice, bins.data, &peaks), "two panels on one pixel");
}

void spans() {
  constexpr uint32_t width = 9, height = 7, count = 3, regions = 2;
  const ewald_spans_params usual = {width, height, EWALD_NUMBER_U16, count, regions, 0, 0, 0};
  Exact<uint32_t> frame(width * height);
  for (size_t i = 0; i < frame.bytes / 4; i++) frame.data[i] = uint32_t(i) * 2654435761u;
  Exact<ewald_span> list(count);
  Exact<double> range(2), limits(count);
  Exact<float> saturation(width * height);
  Exact<int64_t> sums(9 * regions);
  const ewald_span stretches[count] = {{0, 0, 0, 9}, {1, 6, 8, 1}, {1, 3, 9, 0}};
  for (uint32_t k = 0; k < count; k++) list.data[k] = stretches[k];
  snprintf(place, sizeof place, "ewald_spans_sum");
  const auto sum = [&](const ewald_spans_params& params, const float* saturated = nullptr) {
    return ewald_spans_sum(&params, frame.data, list.data, range.data, limits.data, saturated, sums.data);
  };
  refused(ewald_spans_sum(nullptr, frame.data, list.data, range.data, limits.data, nullptr, sums.data), "null params");
  refused(ewald_spans_sum(&usual, nullptr, list.data, range.data, limits.data, nullptr, sums.data), "null frame");
  refused(ewald_spans_sum(&usual, frame.data, nullptr, range.data, limits.data, nullptr, sums.data), "null spans");
  refused(ewald_spans_sum(&usual, frame.data, list.data, nullptr, limits.data, nullptr, sums.data), "null range");
  refused(ewald_spans_sum(&usual, frame.data, list.data, range.data, nullptr, nullptr, sums.data), "null limits");
  refused(ewald_spans_sum(&usual, frame.data, list.data, range.data, limits.data, nullptr, nullptr), "null sums");
  for (uint32_t dtype = 0; dtype <= EWALD_NUMBER_I32; dtype++)
    for (const float number : numbers) {
      ewald_spans_params params = usual;
      params.dtype = dtype;
      range.data[0] = double(number), range.data[1] = -double(number);
      for (uint32_t k = 0; k < count; k++) limits.data[k] = double(number);
      for (uint32_t i = 0; i < width * height; i++) saturation.data[i] = number;
      expect(sum(params) == EWALD_STATUS_OK && sum(params, saturation.data) == EWALD_STATUS_OK, "odd limits");
    }
  for (const uint32_t value : counts) {
    ewald_spans_params params = usual;
    params.dtype = value;
    if (value > EWALD_NUMBER_I32) refused(sum(params), "an odd type");
    params = usual;
    params.width = value;
    if (value < width || value > 1u << 16) refused(sum(params), "rows of another length");
    params = usual;
    params.height = value;
    if (value < height) refused(sum(params), "too few rows");
    for (size_t word = 0; value >= 255 && word < 4; word++) {
      memcpy(reinterpret_cast<char*>(list.data) + 4 * word, &value, 4);
      refused(sum(usual), "a stretch beyond the frame, or of no region");
      list.data[0] = stretches[0];
    }
  }
}

void cells() {
  Exact<float> spots(3 * 60), found(9 * 4);
  Exact<uint32_t> explained(4);
  for (size_t i = 0; i < 180; i++) spots.data[i] = 0.05f * float(int(i * 7919 % 11) - 5);
  uint32_t count = 0;
  const auto propose = [&](uint32_t n, float least, float most, uint32_t room) {
    return ewald_cells_propose(spots.data, n, least, most, room, found.data, explained.data, &count);
  };
  snprintf(place, sizeof place, "ewald_cells_propose");
  for (const uint32_t n : {0u, 1u, 2u, 4u, 5u, 60u})
    expect(propose(n, 3, 30, 4) != EWALD_STATUS_OK || count <= 4, "more cells than there is room for");
  for (const uint32_t n : {(1u << 20) + 1, 0x7fffffffu, 0xffffffffu}) refused(propose(n, 3, 30, 4), "spots");
  for (const uint32_t room : {0u, 65u, 0x80000000u, 0xffffffffu}) refused(propose(60, 3, 30, room), "a capacity");
  for (const float length : numbers) {
    expect(propose(60, length, 30, 4) != EWALD_STATUS_OK || count <= 4, "a shortest edge");
    expect(propose(60, 3, length, 4) != EWALD_STATUS_OK || count <= 4, "a longest edge");
    spots.data[100] = length;
    expect(propose(60, 3, 30, 4) != EWALD_STATUS_OK || count <= 4, "a spot");
    spots.data[100] = 0.1f;
  }
  refused(propose(60, 30, 3, 4), "edges the wrong way round");
  refused(ewald_cells_propose(nullptr, 60, 3, 30, 4, found.data, explained.data, &count), "null spots");
  refused(ewald_cells_propose(spots.data, 60, 3, 30, 4, nullptr, explained.data, &count), "null cells");
  refused(ewald_cells_propose(spots.data, 60, 3, 30, 4, found.data, explained.data, nullptr), "null count");
}

// One run of few spots: two images of 5 and 3 spots.
void few() {
  constexpr uint32_t images = 2, spots = 8;
  ewald_few* handle = nullptr;
  snprintf(place, sizeof place, "ewald_few_run");
  refused(ewald_few_create(1, nullptr), "null handle");
  refused(ewald_few_create(0xffffffffu, &handle), "threads");
  if (ewald_few_create(2, &handle) != EWALD_STATUS_OK) return expect(false, "no handle");
  ewald_few_params params{};
  Exact<float> at(3 * spots), wavelengths(images), cells(18);
  Exact<uint32_t> offsets(images + 1);
  Exact<ewald_image_result> results(images);
  Exact<uint8_t> assignment(spots);
  Exact<ewald_indexed_cell> found(images * 4);
  const auto reset = [&] {
    params = {0.0004f, 0.001f, 0.0015f, 0.0003f, -3.5f, 2, 4, 32};
    memset(cells.data, 0, cells.bytes);
    for (int c = 0; c < 2; c++)
      for (int i = 0; i < 3; i++) cells.data[9 * c + 4 * i] = float(6 + 3 * i + c);
    for (uint32_t k = 0; k < spots; k++) {
      const float x = float(int(k % 3) - 1) / 6, y = float(int(k / 3) - 1) / 9;
      at.data[3 * k] = x, at.data[3 * k + 1] = y, at.data[3 * k + 2] = -(x * x + y * y) / 2;
    }
    offsets.data[1] = 5, offsets.data[2] = spots;
    wavelengths.data[0] = wavelengths.data[1] = 1;
  };
  const auto run = [&](uint32_t count = 2, uint32_t cell_count = 2) {
    rows++;
    return ewald_few_run(handle, &params, at.data, offsets.data, wavelengths.data, count, cells.data, cell_count,
                         found.data, results.data, assignment.data);
  };
  reset();
  expect(run() == EWALD_STATUS_OK, "a plain run is refused");
  for (size_t word = 0; word < sizeof params / 4; word++)
    for (size_t n = 0; n < sizeof counts / 4 + sizeof numbers / 4; n++) {
      reset();
      const bool whole = n < sizeof counts / 4;
      const void* value = whole ? static_cast<const void*>(&counts[n]) : &numbers[n - sizeof counts / 4];
      // More cells than there is room for are the caller's word.
      if (word == offsetof(ewald_few_params, max_output_cells) / 4 && !(whole && counts[n] <= 3)) continue;
      memcpy(reinterpret_cast<char*>(&params) + 4 * word, value, 4);
      snprintf(place, sizeof place, "ewald_few_run, parameter word %zu, value %zu", word, n);
      run();
    }
  for (const float value : numbers) {
    snprintf(place, sizeof place, "ewald_few_run, a number is %g", double(value));
    for (Exact<float>* array : {&at, &wavelengths, &cells})
      for (size_t i = 0; i < array->bytes / 4; i++) {
        reset();
        array->data[i] = value;
        run();
      }
  }
  reset();
  snprintf(place, sizeof place, "ewald_few_run");
  for (const uint32_t count : {65537u, 0x7fffffffu, 0xffffffffu}) refused(run(count), "images");
  for (const uint32_t count : {0u, 65u, 0xffffffffu}) refused(run(images, count), "cells");
  offsets.data[1] = 9;
  refused(run(), "offsets that descend");
  reset();
  refused(ewald_few_run(handle, &params, nullptr, offsets.data, wavelengths.data, images, cells.data, 1, found.data,
                        results.data, assignment.data),
          "null spots");
  expect(ewald_few_run(handle, &params, at.data, offsets.data, wavelengths.data, images, cells.data, 1, found.data,
                       results.data, nullptr) == EWALD_STATUS_OK,
         "no assignment is asked for");
  ewald_few_destroy(handle);
  ewald_few_destroy(nullptr);
  expect(ewald_few_bytes(nullptr) == 0, "bytes of no handle");
}

void raw_words() {
  snprintf(place, sizeof place, "ewald_convert_words");
  constexpr size_t n = 70;
  Exact<uint16_t> words(n);
  Exact<float> pedestals(3 * n), factors(3 * n);
  Exact<int16_t> out(n);
  size_t bad = 0;
  const auto run = [&](uint32_t stages, size_t count) {
    return ewald_convert_words(words.data, pedestals.data, factors.data, stages, count, out.data, &bad);
  };
  for (const uint16_t code : {0, 0x4000, 0x8000, 0xffff})
    for (const float value : {0.0f, -1.0f / 0.0f, 0.0f / 0.0f, 3e38f})
      for (const uint32_t stages : {0u, 1u, 5u, 7u, 0xffffffffu}) {
        for (size_t i = 0; i < n; i++) words.data[i] = uint16_t(code + i);
        for (size_t i = 0; i < 3 * n; i++) pedestals.data[i] = factors.data[i] = value;
        expect(run(stages, n) == EWALD_STATUS_OK && bad <= n, "a word is outside");
      }
  refused(run(7, SIZE_MAX / 8), "more words than there is memory");
  refused(ewald_convert_words(nullptr, pedestals.data, factors.data, 7, n, out.data, &bad), "null words");
  refused(ewald_convert_words(words.data, pedestals.data, factors.data, 7, n, out.data, nullptr), "null result");
}

void codecs() {
  constexpr size_t most = 200;
  uint32_t random = 12345;
  for (uint32_t codec = 0; codec <= EWALD_CODEC_ZLIB + 2; codec++)
    for (const uint32_t size : {0u, 1u, 2u, 3u, 4u, 8u, 16u, 256u, 0x80000000u, 0xffffffffu})
      for (const uint32_t parameter : {0u, 1u, 6u, 8u, 12u, 64u, 0x80000000u, 0xffffffffu}) {
        snprintf(place, sizeof place, "codec %u, elements of %u, parameter %u", codec, size, parameter);
        for (const size_t in_bytes : {size_t(0), size_t(1), size_t(7), size_t(12), size_t(16), size_t(64), most}) {
          Exact<uint8_t> in(in_bytes);
          for (size_t i = 0; i < in_bytes; i++) in.data[i] = uint8_t((random = random * 1664525 + 1013904223) >> 24);
          for (const size_t out_bytes : {size_t(0), size_t(8), size_t(64), most}) {
            Exact<uint8_t> out(out_bytes);
            // Whatever the function returns, the guard bytes must be intact.
            ewald_codec_decode(codec, size, parameter, in.data, in_bytes, out.data, out_bytes);
            rows++;
            size_t written = 0;
            const int32_t status =
                ewald_codec_encode(codec, size, parameter, in.data, in_bytes, out.data, out_bytes, &written);
            expect(status != EWALD_STATUS_OK || written <= out_bytes, "more was written than there is room for");
          }
        }
        Exact<uint8_t> out(8);
        refused(ewald_codec_decode(codec, size, parameter, nullptr, 8, out.data, 8), "null input");
        refused(ewald_codec_decode(codec, size, parameter, out.data, 8, nullptr, 8), "null output");
        expect(ewald_codec_bound(codec, size, parameter, SIZE_MAX) == 0, "a bound of what cannot be");
      }
  snprintf(place, sizeof place, "ewald_swap_bytes");
  Exact<uint8_t> bytes(24);
  for (const uint32_t size : {0u, 1u, 2u, 3u, 4u, 8u, 16u, 0xffffffffu})
    expect((ewald_swap_bytes(bytes.data, bytes.data, 24, size) == EWALD_STATUS_OK) ==
               (size == 2 || size == 4 || size == 8),
           "a size of numbers");
  refused(ewald_swap_bytes(bytes.data, bytes.data, 23, 2), "half a number");
  refused(ewald_swap_bytes(nullptr, bytes.data, 24, 2), "null input");
  ewald_fletcher32(bytes.data, 0);
  raw_words();
}

// Columns of three crystals, the middle one without reflections, with every possible error.
void merging() {
  snprintf(place, sizeof place, "ewald_merging");
  constexpr uint32_t crystals = 3, observations = 9, unique = 4;
  Exact<int16_t> h(observations), k(observations), l(observations);
  Exact<float> intensity(observations), sigma(observations);
  Exact<uint32_t> ids(observations), offsets(crystals + 1), compared(crystals);
  Exact<double> reciprocal(9 * crystals), wavelengths(crystals), bandwidths(crystals), weights(crystals);
  Exact<double> parameters(EWALD_MERGING_PARAMETERS * crystals), model(unique), numerator(unique), information(unique);
  Exact<double> sums(4 * unique), deviation2(crystals), excess(observations);
  Exact<uint8_t> selected(crystals);
  for (uint32_t i = 0; i < observations; i++) {
    h.data[i] = int16_t(i + 1);
    ids.data[i] = i % unique;
    intensity.data[i] = 100;
    sigma.data[i] = 10;
  }
  for (uint32_t c = 0; c < crystals; c++) {
    for (int i = 0; i < 3; i++) reciprocal.data[9 * c + 4 * i] = 0.02;
    wavelengths.data[c] = weights.data[c] = selected.data[c] = 1;
    parameters.data[EWALD_MERGING_PARAMETERS * c + 2] = -7;
  }
  offsets.data[1] = offsets.data[2] = 5;
  offsets.data[3] = observations;
  for (uint32_t i = 0; i < unique; i++) model.data[i] = numerator.data[i] = information.data[i] = 1;
  ewald_merging_pass pass{};
  pass.crystals = crystals;
  pass.observations = observations;
  pass.unique = unique;
  pass.partiality = EWALD_PARTIALITY_GAUSSIAN;
  pass.width = 4;
  pass.radius = pass.rotations = pass.steps = pass.every = 1;
  ewald_merging_columns columns{h.data,   k.data,       l.data,          intensity.data,   sigma.data,
                                ids.data, offsets.data, reciprocal.data, wavelengths.data, bandwidths.data};
  ewald_merging_fit fit{parameters.data, weights.data, selected.data, 1, 0.02, 0, -7};
  uint32_t count = 0;
  const auto sum = [&] { return ewald_merging_sum(&pass, &columns, &fit, model.data, sums.data); };
  const auto refine = [&] {
    return ewald_merging_refine(&pass, &columns, &fit, model.data, numerator.data, information.data, deviation2.data,
                                compared.data, excess.data, &count);
  };
  expect(sum() == EWALD_STATUS_OK && refine() == EWALD_STATUS_OK && count <= observations, "good columns");
  refused(ewald_merging_sum(nullptr, &columns, &fit, model.data, sums.data), "null pass");
  refused(ewald_merging_sum(&pass, nullptr, &fit, model.data, sums.data), "null columns");
  refused(ewald_merging_sum(&pass, &columns, nullptr, model.data, sums.data), "null fit");
  refused(ewald_merging_sum(&pass, &columns, &fit, nullptr, sums.data), "deviations without a model");
  refused(ewald_merging_sum(&pass, &columns, &fit, model.data, nullptr), "null sums");
  refused(ewald_merging_refine(&pass, &columns, &fit, nullptr, numerator.data, information.data, deviation2.data,
                               compared.data, excess.data, &count),
          "null model");
  // Sets a field to an invalid value, and restores it.
  const auto with = [&](uint32_t& field, uint32_t value, const char* what) {
    const uint32_t before = field;
    field = value;
    refused(sum(), what);
    refused(refine(), what);
    field = before;
  };
  with(ids.data[4], unique, "an observation beyond the unique reflections");
  with(offsets.data[0], 1, "offsets that begin late");
  with(offsets.data[1], 6, "offsets that fall");
  with(offsets.data[2], 0xffffffff, "an offset far beyond the observations");
  with(offsets.data[3], 8, "offsets that end early");
  with(pass.partiality, 3, "an unknown partiality");
  with(pass.crystals, 0xffffffff, "too many crystals");
  pass.width = 3;
  refused(sum(), "sums of three columns");
  pass.width = 2;
  pass.steps = 0;
  refused(refine(), "no steps");
  pass.steps = 2;
  // Whatever the floating-point inputs are, nothing is written outside of the arrays.
  for (const float number : numbers) {
    for (uint32_t i = 0; i < observations; i++) intensity.data[i] = sigma.data[i] = number;
    for (uint32_t i = 0; i < 9 * crystals; i++) reciprocal.data[i] = double(number);
    for (uint32_t c = 0; c < crystals; c++) wavelengths.data[c] = bandwidths.data[c] = double(number);
    for (uint32_t i = 0; i < EWALD_MERGING_PARAMETERS * crystals; i++) parameters.data[i] = double(number);
    expect(sum() == EWALD_STATUS_OK && refine() == EWALD_STATUS_OK, "odd numbers");
  }
}

}  // namespace

int main() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  memory();
  pi();
  printf("memory and pi: %d rows\n", rows);
  indexer_create();
  for (const uint32_t method : {EWALD_METHOD_FAST, EWALD_METHOD_EXHAUSTIVE, EWALD_METHOD_TURBO}) indexer_run(method);
  printf("with indexers: %d rows\n", rows);
  fft();
  fft_watch();
  printf("with transforms: %d rows\n", rows);
  peaks();
  spans();
  cells();
  few();
  codecs();
  merging();
  snprintf(place, sizeof place, "the end");
  expect(ewald_live_bytes() == 0, "memory stayed");
  printf("%d rows, %d wrong\n", rows, wrong);
  return wrong != 0;
}
