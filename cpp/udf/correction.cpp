// The C functions of corrections: tables of a detector, and frames distributed to threads.
#include "udf/correction.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "common/arena.h"
#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"
#include "udf/check.h"

namespace ewald::udf {

uint32_t good_around(const uint8_t* marks, size_t i, uint32_t width, uint32_t height, size_t* good) {
  const int64_t x = int64_t(i % width), y = int64_t(i / width % height);
  uint32_t count = 0;
  for (int64_t dy = -1; dy <= 1; dy++)
    for (int64_t dx = -1; dx <= 1; dx++) {
      if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
      const size_t j = size_t(int64_t(i) + dy * int64_t(width) + dx);
      if (marks[j] == 0) good[count++] = j;
    }
  return count;
}

namespace {

// Bytes of frames in one item of work.
constexpr size_t item_bytes = 1u << 20;

CorrectionKernels kernels_of(uint32_t dtype, uint32_t wide) {
  CorrectionKernels best{};
#if defined(__wasm_simd128__)
  simd128::udf_correct(dtype, wide, best);
#elif defined(__x86_64__)
  if (best_isa() == Isa::avx512)
    avx512::udf_correct(dtype, wide, best);
  else if (best_isa() == Isa::avx2)
    avx2::udf_correct(dtype, wide, best);
  else
    sse2::udf_correct(dtype, wide, best);
#else
  neon::udf_correct(dtype, wide, best);
#endif
  return best;
}

}  // namespace
}  // namespace ewald::udf

struct ewald_correction {
  ewald_correction_descriptor d;
  ewald::udf::CorrectionTables tables;
  ewald::udf::CorrectionKernels kernels;
  // Whether a value can be bad in itself.
  bool limited;
  uint32_t threads, bad_count;
  // The pixels that are bad in every frame, and their good neighbours: those of bad[k] are near[starts[k]] and so on.
  uint32_t *bad, *starts, *near;
  // Per thread: the bad pixels of a frame.
  uint8_t* marks;
  void* memory;
  size_t bytes;
};

namespace ewald::udf {
namespace {

// Sizes that only the tables of the caller determine.
struct Sizes {
  uint32_t bad = 0;
  size_t near = 0;
  bool rests = false, limited = false;
};

Sizes sizes_of(const ewald_correction_descriptor& d, const double* dark, const uint8_t* mask, const double* limits) {
  Sizes sizes;
  if (mask != nullptr)
    for (size_t i = 0; i < d.pixels; i++) {
      if (mask[i] == 0) continue;
      size_t good[8];
      sizes.bad++;
      if (d.panel_width > 0) sizes.near += good_around(mask, i, d.panel_width, d.panel_height, good);
    }
  if (dark != nullptr && d.wide == 0)
    for (size_t i = 0; i < d.pixels; i++) sizes.rests |= rest_of(dark[i]) != 0;
  const bool is_real = d.dtype == EWALD_NUMBER_F32;
  sizes.limited = d.markers > 0 || std::isfinite(limits[0]) || std::isfinite(limits[1]) || (is_real && d.nan_is_bad);
  return sizes;
}

template <class O>
void lay_out(Arena& arena, ewald_correction& c, const Sizes& sizes, O*& dark, O*& rest, O*& gain, O*& limits,
             uint8_t*& mask) {
  dark = arena.take<O>(c.d.pixels);
  rest = sizes.rests ? arena.take<O>(c.d.pixels) : nullptr;
  gain = arena.take<O>(c.d.pixels);
  limits = arena.take<O>(2 + c.d.markers);
  mask = arena.take<uint8_t>(c.d.pixels);
  c.bad = arena.take<uint32_t>(sizes.bad);
  c.starts = arena.take<uint32_t>(sizes.bad + 1);
  c.near = arena.take<uint32_t>(sizes.near);
  c.marks = sizes.limited ? arena.take<uint8_t>(size_t(c.threads) * c.d.pixels) : nullptr;
}

// Allocates and fills the tables; false if there is no memory.
template <class O>
bool make(ewald_correction& c, const double* given_dark, const double* given_gain, const uint8_t* given_mask,
          const double* given_limits) {
  const ewald_correction_descriptor& d = c.d;
  const Sizes sizes = sizes_of(d, given_dark, given_mask, given_limits);
  O *dark, *rest, *gain, *limits;
  uint8_t* mask;
  Arena size{nullptr, 0};
  lay_out<O>(size, c, sizes, dark, rest, gain, limits, mask);
  c.memory = ewald::allocate(size.used);
  c.bytes = size.used;
  if (c.memory == nullptr) return false;
  Arena arena{static_cast<char*>(c.memory), 0};
  lay_out<O>(arena, c, sizes, dark, rest, gain, limits, mask);
  for (size_t i = 0; i < d.pixels; i++) {
    dark[i] = given_dark == nullptr ? O(0) : O(given_dark[i]);
    if (rest != nullptr) rest[i] = O(rest_of(given_dark[i]));
    gain[i] = given_gain == nullptr ? O(1) : O(given_gain[i]);
    mask[i] = given_mask != nullptr && given_mask[i] != 0;
  }
  limits[0] = d.wide ? O(given_limits[0]) : O(not_above(given_limits[0]));
  limits[1] = d.wide ? O(given_limits[1]) : O(not_below(given_limits[1]));
  // A marker that no value of this type can have becomes NaN, which is equal to none.
  for (uint32_t m = 0; m < d.markers; m++) {
    const O marker = O(given_limits[2 + m]);
    limits[2 + m] = double(marker) == given_limits[2 + m] ? marker : std::numeric_limits<O>::quiet_NaN();
  }
  uint32_t near = 0;
  for (size_t i = 0; i < d.pixels && sizes.bad > 0; i++) {
    if (mask[i] == 0) continue;
    size_t good[8];
    const uint32_t count = d.panel_width > 0 ? good_around(mask, i, d.panel_width, d.panel_height, good) : 0;
    c.bad[c.bad_count] = uint32_t(i);
    for (uint32_t k = 0; k < count; k++) c.near[near++] = uint32_t(good[k]);
    c.starts[++c.bad_count] = near;
  }
  c.limited = sizes.limited;
  c.tables = {d.pixels, dark, rest, gain, limits, d.markers, d.nan_is_bad != 0, mask};
  return true;
}

// Replaces the pixels that are bad in every frame.
template <class O>
void fill(const ewald_correction& c, O* out) {
  for (uint32_t b = 0; b < c.bad_count; b++) {
    const uint32_t first = c.starts[b], end = c.starts[b + 1];
    double sum = 0;
    for (uint32_t k = first; k < end; k++) sum += double(out[c.near[k]]);
    out[c.bad[b]] = end > first ? O(sum / double(end - first)) : O(0);
  }
}

// Replaces the pixels that are bad in this frame.
template <class O>
void fill_marked(const ewald_correction& c, const uint8_t* marks, O* out) {
  for (size_t i = 0; i < c.tables.pixels; i++) {
    if (marks[i] == 0) continue;
    size_t good[8];
    const uint32_t count = c.d.panel_width > 0 ? good_around(marks, i, c.d.panel_width, c.d.panel_height, good) : 0;
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) sum += double(out[good[k]]);
    out[i] = count > 0 ? O(sum / double(count)) : O(0);
  }
}

struct Job {
  const ewald_correction& c;
  const char* frames;
  char* out;
  uint32_t count, frames_an_item;
};

template <class O>
void correct_item(const Job& job, uint32_t item, uint32_t worker) {
  const ewald_correction& c = job.c;
  const size_t pixels = c.tables.pixels, frame_bytes = pixels * bytes_of[c.d.dtype];
  const uint32_t first = item * job.frames_an_item;
  const uint32_t count = std::min(job.frames_an_item, job.count - first);
  const char* frames = job.frames + first * frame_bytes;
  O* out = reinterpret_cast<O*>(job.out) + first * pixels;
  c.kernels.values(c.tables, frames, count, out);
  uint8_t* marks = c.marks + (c.limited ? worker * pixels : 0);
  for (uint32_t f = 0; f < count; f++) {
    if (c.limited && c.kernels.marks(c.tables, frames + f * frame_bytes, marks))
      fill_marked<O>(c, marks, out + f * pixels);
    else
      fill<O>(c, out + f * pixels);
  }
}

void run_item(void* context, uint32_t item, uint32_t worker) {
  const Job& job = *static_cast<const Job*>(context);
  if (job.c.d.wide)
    correct_item<double>(job, item, worker);
  else
    correct_item<float>(job, item, worker);
}

}  // namespace
}  // namespace ewald::udf

extern "C" EWALD_EXPORT(ewald_correction_create) int32_t
    ewald_correction_create(const ewald_correction_descriptor* descriptor, const double* dark, const double* gain,
                            const uint8_t* mask, const double* limits, ewald_correction** correction) {
  using namespace ewald::udf;
  if (descriptor == nullptr || limits == nullptr || correction == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_correction_create: a pointer is null");
  *correction = nullptr;
  const ewald_correction_descriptor d = *descriptor;
  const int32_t status = check(d);
  if (status != EWALD_STATUS_OK) return status;
  auto* made = new (std::nothrow) ewald_correction{};
  if (made == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for corrections");
  made->d = d;
  made->kernels = kernels_of(d.dtype, d.wide);
  made->threads = ewald::thread_count(d.threads);
  if (!(d.wide ? make<double>(*made, dark, gain, mask, limits) : make<float>(*made, dark, gain, mask, limits))) {
    const size_t bytes = made->bytes;
    ewald_correction_destroy(made);
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for corrections: %zu bytes", bytes);
  }
  *correction = made;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_correction_destroy) void ewald_correction_destroy(ewald_correction* correction) {
  if (correction == nullptr) return;
  ewald::release(correction->memory);
  delete correction;
}

extern "C" EWALD_EXPORT(ewald_correction_bytes) size_t ewald_correction_bytes(const ewald_correction* correction) {
  return correction == nullptr ? 0 : correction->bytes;
}

extern "C" EWALD_EXPORT(ewald_correction_run) int32_t
    ewald_correction_run(ewald_correction* correction, const void* frames, uint32_t count, void* out) {
  using namespace ewald::udf;
  if (correction == nullptr || (count > 0 && (frames == nullptr || out == nullptr)))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_correction_run: a pointer is null");
  if (count == 0) return EWALD_STATUS_OK;
  const size_t frame_bytes = correction->tables.pixels * bytes_of[correction->d.dtype];
  const uint32_t an_item = uint32_t(std::clamp<size_t>(item_bytes / frame_bytes, 1, 64));
  Job job{*correction, static_cast<const char*>(frames), static_cast<char*>(out), count, an_item};
  ewald::Team(correction->threads).run((count + an_item - 1) / an_item, run_item, &job);
  return EWALD_STATUS_OK;
}
