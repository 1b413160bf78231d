// Hostile arguments for every function of cpp/include/ewald.h. A row is well where the function refuses, or answers
// within the memory it was given: arrays are as long as the header says and not a byte longer, so that an
// address sanitizer, or the guard bytes around them, see what is beyond. Prints what is wrong and how many rows there
// were.
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

// An array with guard bytes behind it, for builds without a sanitizer.
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
  p.triml = 0.001f;
  p.trimh = 0.3f;
  p.delta = 0.1f;
  p.dist1 = 0.2f;
  p.dist3 = 0.15f;
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

// One run of two images with arrays that are as long as the header says.
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

// Runs a plan both ways on arrays that are as long as ewald_fft_sizes says.
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
  // The words before `shape`, one of each array behind it, then all eight of it.
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
        // A length of that many elements is a fair wish, if not for this machine.
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
  snprintf(place, sizeof place, "the end");
  expect(ewald_live_bytes() == 0, "memory stayed");
  printf("%d rows, %d wrong\n", rows, wrong);
  return wrong != 0;
}
