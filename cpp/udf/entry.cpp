// The C functions of udf: check their arguments, lay out the memory of a pass, and distribute its work.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "common/arena.h"
#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"
#include "udf/check.h"
#include "udf/pass.h"

namespace ewald::udf {

Kernels kernels(uint32_t dtype) {
  Kernels best{};
#define EWALD_FROM(isa)            \
  {                                \
    isa::udf_spans(dtype, best);   \
    isa::udf_centre(dtype, best);  \
    isa::udf_dense(dtype, best);   \
    isa::udf_planes(dtype, best);  \
    isa::udf_running(dtype, best); \
  }
#if defined(__wasm_simd128__)
  EWALD_FROM(simd128)
#elif defined(__x86_64__)
  if (best_isa() == Isa::avx512)
    EWALD_FROM(avx512)
  else if (best_isa() == Isa::avx2)
    EWALD_FROM(avx2)
  else
    EWALD_FROM(sse2)
#else
  EWALD_FROM(neon)
#endif
#undef EWALD_FROM
  return best;
}

namespace {

// Bytes of frames in one item of work: they stay in the cache while every step processes them.
constexpr size_t item_bytes = 1u << 20;

}  // namespace

struct Pass {
  ewald_udf_descriptor d;
  Kernels kernels;
  size_t pixels, frame_bytes;
  uint32_t columns, planes, threads;
  // Whether there are steps of each frame, and steps of each pixel.
  bool by_frame, by_pixel;
  ewald_udf_step* steps;
  uint32_t* indices;
  float* weights;
  // Per thread: sums by column, converted frames.
  char* column;
  float* scratch;
  // [planes][pixels], and for floats the first frame, about which squares are taken.
  double *sig, *shift;
  // For integers up to 16 bits: sums of the last `held` frames, one word per pixel of each plane, and a second one for
  // squares. They are added to the doubles of `sig` when they are full; the latter are in use if `stored`. Neither is
  // cleared before the frames come, block by block: clearing a plane as large as a frame takes as long as a frame.
  uint32_t* words;
  // log(v + 1) of 16-bit differences.
  double* logs;
  uint64_t frames;
  uint32_t held;
  bool stored;
};

namespace {

bool is_dense(const ewald_udf_step& step) {
  return step.kind == EWALD_UDF_STEP_KIND_DENSE || step.kind == EWALD_UDF_STEP_KIND_DENSE_DOUBLE;
}

// The float64 weights of a step, which start at an even word.
const double* doubles_of(const Pass& pass, const ewald_udf_step& step) {
  return reinterpret_cast<const double*>(pass.weights + step.first_weight);
}

size_t column_bytes(const Pass& pass) { return (size_t(pass.d.width) * 8 + 63) / 64 * 64; }

bool has_moments(const Pass& pass) {
  bool moments = false;
  for (uint32_t s = 0; s < pass.d.steps; s++) moments |= pass.steps[s].kind == EWALD_UDF_STEP_KIND_MOMENTS;
  return moments;
}

// Integers of up to 16 bits have running sums.
bool has_running(const Pass& pass) { return pass.kernels.add_running != nullptr; }
size_t words_of(const Pass& pass, bool moments) {
  return has_running(pass) ? (moments ? 2 : 1) * pass.planes * pass.pixels : 0;
}

void lay_out(Arena& arena, Pass& pass) {
  const ewald_udf_descriptor& d = pass.d;
  bool dense = false, logs = false;
  const bool moments = has_moments(pass);
  if (pass.steps != nullptr)
    for (uint32_t s = 0; s < d.steps; s++) {
      dense |= is_dense(pass.steps[s]);
      logs |= pass.steps[s].kind == EWALD_UDF_STEP_KIND_LOG_SUM;
    }
  pass.indices = arena.take<uint32_t>(d.indices);
  pass.weights = arena.take<float>(d.weights);
  pass.column = arena.take<char>(pass.threads * column_bytes(pass));
  pass.scratch = arena.take<float>(dense ? size_t(pass.threads) * tile * block : 0);
  pass.sig = arena.take<double>(pass.planes * pass.pixels);
  pass.shift = arena.take<double>(moments ? pass.pixels : 0);
  pass.words = arena.take<uint32_t>(words_of(pass, moments));
  pass.logs = arena.take<double>(logs ? 65536 : 0);
}

Running running_of(const Pass& pass, const ewald_udf_step& step) {
  uint32_t* sum = pass.words + step.plane * pass.pixels;
  return {sum, sum + pass.pixels, sum + pass.planes * pass.pixels};
}

bool is_running(const Pass& pass, const ewald_udf_step& step) {
  return has_running(pass) &&
         (step.kind == EWALD_UDF_STEP_KIND_SUM || step.kind == EWALD_UDF_STEP_KIND_MOMENTS);
}

// Clears the running sums of pixels [first, end) of a step.
void clear(const Pass& pass, const ewald_udf_step& step, size_t first, size_t end) {
  const Running r = running_of(pass, step);
  const size_t bytes = (end - first) * sizeof(uint32_t);
  memset(r.sum + first, 0, bytes);
  if (step.kind != EWALD_UDF_STEP_KIND_MOMENTS) return;
  memset(r.low + first, 0, bytes);
  memset(r.high + first, 0, bytes);
}

// Writes the sums of pixels [first, end) of a step, both multiples of a block or the end of the frame, to its planes: the
// doubles stored before and the running sums.
void store(const Pass& pass, const ewald_udf_step& step, size_t first, size_t end, double* plane) {
  const double* before = pass.sig + step.plane * pass.pixels;
  const size_t bytes = (end - first) * sizeof(double);
  for (uint32_t p = 0; p < planes_of(step); p++) {
    double* to = plane + p * pass.pixels + first;
    const double* from = before + p * pass.pixels + first;
    if (!pass.stored)
      memset(to, 0, bytes);
    else if (to != from)
      memcpy(to, from, bytes);
  }
  if (step.kind == EWALD_UDF_STEP_KIND_SUM)
    pass.kernels.store_sum(running_of(pass, step), pass.pixels, first, end, plane);
  else
    pass.kernels.store_moments(running_of(pass, step), pass.held, pass.pixels, first, end, plane,
                               plane + pass.pixels);
}

// Data shared by the items of one call of run.
struct Job {
  Pass& pass;
  const char* frames;
  uint32_t count, frames_an_item, frame_items;
  size_t pixels_an_item;
  double* nav;
  // Whether running sums are full, and whether no frame has come before.
  bool full, starts;
};

void frames_item(const Job& job, uint32_t item, uint32_t worker) {
  const Pass& pass = job.pass;
  const Kernels& k = pass.kernels;
  const uint32_t first = item * job.frames_an_item;
  const uint32_t end = first + job.frames_an_item < job.count ? first + job.frames_an_item : job.count;
  char* column = pass.column + worker * column_bytes(pass);
  for (uint32_t f = first; f < end; f++) {
    const void* frame = job.frames + f * pass.frame_bytes;
    for (uint32_t s = 0; s < pass.d.steps; s++) {
      const ewald_udf_step& step = pass.steps[s];
      double* out = job.nav + size_t(f) * pass.columns + step.column;
      const Spans spans{pass.indices + step.first_index, step.count};
      if (step.kind == EWALD_UDF_STEP_KIND_SUM_OF) k.sums(frame, spans, out);
      if (step.kind == EWALD_UDF_STEP_KIND_SQUARES_OF) k.squares(frame, spans, out);
      if (step.kind == EWALD_UDF_STEP_KIND_COM) k.com(frame, pass.d.width, spans, column, out);
      const uint32_t *starts = spans.pairs, *places = starts + step.count + 1;
      if (step.kind == EWALD_UDF_STEP_KIND_SPARSE)
        k.sparse(frame, starts, places, pass.weights + step.first_weight, step.count, out);
      if (step.kind == EWALD_UDF_STEP_KIND_SPARSE_DOUBLE)
        k.sparse_double(frame, starts, places, doubles_of(pass, step), step.count, out);
    }
  }
  float* scratch = pass.scratch + size_t(worker) * tile * block;
  for (uint32_t s = 0; s < pass.d.steps; s++) {
    const ewald_udf_step& step = pass.steps[s];
    if (!is_dense(step)) continue;
    for (uint32_t f = first; f < end; f += tile) {
      const uint32_t here = f + tile < end ? tile : end - f;
      double* out = job.nav + size_t(f) * pass.columns + step.column;
      for (uint32_t i = 0; i < here; i++)
        for (uint32_t m = 0; m < step.count; m++) out[size_t(i) * pass.columns + m] = 0;
      const void* stack = job.frames + f * pass.frame_bytes;
      if (is_double(step.kind))
        k.dense_double(stack, here, pass.pixels, doubles_of(pass, step), step.count, scratch, out, pass.columns);
      else
        k.dense(stack, here, pass.pixels, pass.weights + step.first_weight, step.count, scratch, out, pass.columns);
    }
  }
}

template <class T>
void add_logs(const Pass& pass, const T* frame, double least, size_t first, size_t end, double* plane) {
  if constexpr (sizeof(T) <= 2) {
    for (size_t i = first; i < end; i++) plane[i] += pass.logs[uint32_t(int32_t(frame[i]) - int32_t(least))];
  } else {
    for (size_t i = first; i < end; i++) plane[i] += std::log(double(frame[i]) - least + 1);
  }
}

template <class T>
double least_of(const T* frame, size_t pixels) {
  T least = frame[0];
  // Once NaN it stays NaN, and so do the logarithms of its frame.
  for (size_t i = 1; i < pixels; i++) least = frame[i] < least || frame[i] != frame[i] ? frame[i] : least;
  return double(least);
}

template <class F>
void typed(uint32_t dtype, const void* p, const F& f) {
  switch (dtype) {
    case EWALD_NUMBER_U8:
      return f(static_cast<const uint8_t*>(p));
    case EWALD_NUMBER_I8:
      return f(static_cast<const int8_t*>(p));
    case EWALD_NUMBER_U16:
      return f(static_cast<const uint16_t*>(p));
    case EWALD_NUMBER_I16:
      return f(static_cast<const int16_t*>(p));
    case EWALD_NUMBER_U32:
      return f(static_cast<const uint32_t*>(p));
    case EWALD_NUMBER_I32:
      return f(static_cast<const int32_t*>(p));
    default:
      return f(static_cast<const float*>(p));
  }
}

// Pixels are distributed, never frames: each pixel is summed in the order of the frames, for any number of threads.
void pixels_item(const Job& job, uint32_t item) {
  const Pass& pass = job.pass;
  const Kernels& k = pass.kernels;
  const size_t begin = item * job.pixels_an_item;
  const size_t stop = begin + job.pixels_an_item < pass.pixels ? begin + job.pixels_an_item : pass.pixels;
  for (uint32_t s = 0; s < pass.d.steps; s++) {
    const ewald_udf_step& step = pass.steps[s];
    if (!is_plane(step.kind)) continue;
    double* plane = pass.sig + step.plane * pass.pixels;
    const bool running = is_running(pass, step);
    for (size_t first = begin; first < stop; first += block) {
      const Stack stack{job.frames, job.count, pass.pixels, first, first + block < stop ? first + block : stop};
      if (running && job.full) store(pass, step, first, stack.end, plane);
      if (running && (job.full || pass.held == 0)) clear(pass, step, first, stack.end);
      for (uint32_t p = 0; !running && job.starts && p < planes_of(step); p++)
        memset(plane + p * pass.pixels + first, 0, (stack.end - first) * sizeof(double));
      if (step.kind == EWALD_UDF_STEP_KIND_SUM) {
        if (running)
          k.add_running(stack, running_of(pass, step));
        else
          k.add(stack, plane);
      }
      if (step.kind == EWALD_UDF_STEP_KIND_MOMENTS) {
        if (running)
          k.moments_running(stack, running_of(pass, step));
        else
          k.moments(stack, pass.shift, plane, plane + pass.pixels);
      }
    }
    if (step.kind == EWALD_UDF_STEP_KIND_LOG_SUM)
      for (uint32_t f = 0; f < job.count; f++)
        typed(pass.d.dtype, job.frames + f * pass.frame_bytes,
              [&](const auto* frame) { add_logs(pass, frame, least_of(frame, pass.pixels), begin, stop, plane); });
  }
}

void run_item(void* context, uint32_t item, uint32_t worker) {
  const Job& job = *static_cast<const Job*>(context);
  if (item < job.frame_items)
    frames_item(job, item, worker);
  else
    pixels_item(job, item - job.frame_items);
}

}  // namespace
}  // namespace ewald::udf

using ewald::Arena;
using ewald::udf::Job;
using ewald::udf::Pass;

struct ewald_udf {
  Pass pass;
  void *memory, *steps;
  size_t bytes;
};

extern "C" EWALD_EXPORT(ewald_udf_create) int32_t
    ewald_udf_create(const ewald_udf_descriptor* descriptor, const ewald_udf_step* steps, const uint32_t* indices,
                     const float* weights, ewald_udf** udf) {
  using namespace ewald::udf;
  if (descriptor == nullptr || steps == nullptr || indices == nullptr || weights == nullptr || udf == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_udf_create: a pointer is null");
  *udf = nullptr;
  const ewald_udf_descriptor d = *descriptor;
  const int32_t status = check(d, steps, indices);
  if (status != EWALD_STATUS_OK) return status;
  auto* made = new (std::nothrow) ewald_udf{};
  if (made == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a pass");
  Pass& pass = made->pass;
  pass.d = d;
  pass.kernels = kernels(d.dtype);
  pass.pixels = size_t(d.width) * d.height;
  pass.frame_bytes = pass.pixels * bytes_of[d.dtype];
  pass.threads = ewald::thread_count(d.threads);
  made->steps = ewald::allocate(d.steps * sizeof(ewald_udf_step));
  if (made->steps == nullptr) {
    delete made;
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for the %u steps of a pass", d.steps);
  }
  pass.steps = static_cast<ewald_udf_step*>(made->steps);
  memcpy(pass.steps, steps, d.steps * sizeof(ewald_udf_step));
  for (uint32_t s = 0; s < d.steps; s++) {
    ewald_udf_step& step = pass.steps[s];
    // Columns and planes are derived from the steps; the caller's values are not used.
    step.column = pass.columns;
    step.plane = pass.planes;
    pass.columns += columns_of(step);
    pass.planes += planes_of(step);
    (is_plane(step.kind) ? pass.by_pixel : pass.by_frame) = true;
  }
  Arena size{nullptr, 0};
  lay_out(size, pass);
  made->memory = ewald::allocate(size.used);
  made->bytes = size.used + d.steps * sizeof(ewald_udf_step);
  if (made->memory == nullptr) {
    ewald_udf_destroy(made);
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a pass: %zu bytes", size.used);
  }
  Arena arena{static_cast<char*>(made->memory), 0};
  lay_out(arena, pass);
  memcpy(pass.indices, indices, d.indices * sizeof(uint32_t));
  memcpy(pass.weights, weights, d.weights * sizeof(float));
  for (uint32_t s = 0; s < d.steps; s++)
    if (pass.steps[s].kind == EWALD_UDF_STEP_KIND_LOG_SUM && pass.logs[65535] == 0)
      for (uint32_t v = 0; v < 65536; v++) pass.logs[v] = std::log(double(v) + 1);
  *udf = made;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_udf_destroy) void ewald_udf_destroy(ewald_udf* udf) {
  if (udf == nullptr) return;
  ewald::release(udf->memory);
  ewald::release(udf->steps);
  delete udf;
}

extern "C" EWALD_EXPORT(ewald_udf_bytes) size_t ewald_udf_bytes(const ewald_udf* udf) {
  return udf == nullptr ? 0 : udf->bytes;
}

extern "C" EWALD_EXPORT(ewald_udf_begin) int32_t ewald_udf_begin(ewald_udf* udf) {
  if (udf == nullptr) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_udf_begin: a pointer is null");
  Pass& pass = udf->pass;
  pass.frames = 0;
  pass.held = 0;
  pass.stored = false;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_udf_run) int32_t
    ewald_udf_run(ewald_udf* udf, const void* frames, uint32_t count, double* nav) {
  if (udf == nullptr || (count > 0 && (frames == nullptr || (nav == nullptr && udf->pass.columns > 0))))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_udf_run: a pointer is null");
  Pass& pass = udf->pass;
  if (count == 0) return EWALD_STATUS_OK;
  if (ewald::udf::has_moments(pass) && pass.frames == 0)
    ewald::udf::typed(pass.d.dtype, frames, [&](const auto* p) {
      // Relative to a NaN or an infinity, no difference would be finite.
      for (size_t i = 0; i < pass.pixels; i++) pass.shift[i] = std::isfinite(double(p[i])) ? double(p[i]) : 0;
    });
  const ewald::Team team(pass.threads);
  const size_t an_item = ewald::udf::item_bytes / pass.frame_bytes;
  // Number of frames that every step processes before the next ones: no more than running sums can hold.
  const size_t frames_most = std::max<size_t>(ewald::udf::group, ewald::udf::running_most / team.size());
  const uint32_t frames_an_item = uint32_t(std::clamp<size_t>(an_item, ewald::udf::group, frames_most));
  const uint64_t together = uint64_t(frames_an_item) * team.size();
  for (uint64_t first = 0; first < count; first += together) {
    Job job{pass,
            static_cast<const char*>(frames) + first * pass.frame_bytes,
            uint32_t(first + together < count ? together : count - first),
            frames_an_item,
            0,
            0,
            nav + first * pass.columns,
            false,
            pass.frames == 0 && first == 0};
    if (pass.by_frame) job.frame_items = (job.count + frames_an_item - 1) / frames_an_item;
    // Whole blocks per thread.
    const size_t blocks = (pass.pixels + ewald::udf::block - 1) / ewald::udf::block;
    job.pixels_an_item = (blocks + team.size() - 1) / team.size() * ewald::udf::block;
    job.full = ewald::udf::has_running(pass) && pass.held + job.count > ewald::udf::running_most;
    const size_t pixel_items = pass.by_pixel ? (pass.pixels + job.pixels_an_item - 1) / job.pixels_an_item : 0;
    team.run(job.frame_items + uint32_t(pixel_items), ewald::udf::run_item, &job);
    pass.stored |= job.full;
    pass.held = (job.full ? 0 : pass.held) + job.count;
  }
  pass.frames += count;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_udf_end) int32_t ewald_udf_end(ewald_udf* udf, double* sig) {
  if (udf == nullptr || sig == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_udf_end: a pointer is null");
  Pass& pass = udf->pass;
  if (pass.frames == 0) {
    memset(sig, 0, pass.planes * pass.pixels * sizeof(double));
    return EWALD_STATUS_OK;
  }
  using ewald::udf::block;
  for (uint32_t s = 0; s < pass.d.steps; s++) {
    const ewald_udf_step& step = pass.steps[s];
    if (!ewald::udf::is_plane(step.kind)) continue;
    const size_t at = step.plane * pass.pixels;
    if (!ewald::udf::is_running(pass, step)) {
      memcpy(sig + at, pass.sig + at, ewald::udf::planes_of(step) * pass.pixels * sizeof(double));
      continue;
    }
    for (size_t first = 0; first < pass.pixels; first += block)
      ewald::udf::store(pass, step, first, std::min(first + block, pass.pixels), sig + at);
  }
  // Sums about the first frame become sums, and sums of squares about the mean.
  const bool about = pass.d.dtype > EWALD_NUMBER_I16;
  for (uint32_t s = 0; s < pass.d.steps && about; s++) {
    if (pass.steps[s].kind != EWALD_UDF_STEP_KIND_MOMENTS) continue;
    double* sum = sig + pass.steps[s].plane * pass.pixels;
    double* second = sum + pass.pixels;
    const double n = double(pass.frames);
    for (size_t i = 0; i < pass.pixels; i++) {
      const double squares = second[i] - sum[i] * sum[i] / n;
      // Rounding may give a negative value; a NaN stays a NaN.
      second[i] = squares < 0 ? 0 : squares;
      sum[i] += n * pass.shift[i];
    }
  }
  return EWALD_STATUS_OK;
}
