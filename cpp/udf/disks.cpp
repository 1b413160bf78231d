// The C functions of disk finding: check their arguments, prepare the pattern, and distribute disks over threads.
#include "udf/disks.h"

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

namespace ewald::udf {
namespace {

// Pixels of a transformed plane, and bytes of the memory of all threads.
constexpr uint64_t most_pixels = 1u << 22;
constexpr uint64_t most_scratch = uint64_t(1) << 30;
// Positions beyond this are no position of a disk.
constexpr int32_t most_position = 1 << 24;

DisksKernels disks_kernels() {
  DisksKernels best{};
#if defined(__wasm_simd128__)
  simd128::udf_disks(best);
#elif defined(__x86_64__)
  if (best_isa() == Isa::avx512)
    avx512::udf_disks(best);
  else if (best_isa() == Isa::avx2)
    avx2::udf_disks(best);
  else
    sse2::udf_disks(best);
#else
  neon::udf_disks(best);
#endif
  return best;
}

int32_t check(const ewald_disks_descriptor& d) {
  if (d.width < 1 || d.height < 1 || d.width > 65536 || uint64_t(d.width) * d.height > uint64_t(1) << 30)
    return fail(EWALD_STATUS_LIMIT, "frames have %u x %u pixels; at most 65536 a row and 2^30 a frame", d.width,
                d.height);
  if (d.dtype > EWALD_NUMBER_F32) return fail(EWALD_STATUS_INVALID_ARGUMENT, "%u is not a pixel type", d.dtype);
  if (d.peaks < 1 || d.peaks > 65536 || d.threads > 1024)
    return fail(EWALD_STATUS_LIMIT, "%u disks, %u threads; expected 1 to 65536, 0 to 1024", d.peaks, d.threads);
  if (d.search < 1 || d.search > 1024)
    return fail(EWALD_STATUS_LIMIT, "the search radius is %u pixels; expected 1 to 1024", d.search);
  if (d.correlation > EWALD_DISKS_CORRELATION_FULL || d.refine > EWALD_DISKS_REFINE_DFT)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "correlation %u, refinement %u: unknown", d.correlation, d.refine);
  if (d.correlation == EWALD_DISKS_CORRELATION_FULL && d.refine == EWALD_DISKS_REFINE_DFT)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "crops of a full correlation are not periodic and cannot be upsampled");
  if (d.correlation == EWALD_DISKS_CORRELATION_FULL && uint64_t(d.width) * d.height > most_pixels)
    return fail(EWALD_STATUS_LIMIT, "frames of %u x %u pixels are too large for full correlation (2^22)", d.width,
                d.height);
  return EWALD_STATUS_OK;
}

struct Job {
  const Disks& disks;
  const DisksKernels& kernels;
  const DisksRun& run;
  float* scratch;
  size_t scratch_floats;
  uint64_t total;
};

void work(void* context, uint32_t item, uint32_t worker) {
  const Job& job = *static_cast<const Job*>(context);
  const uint64_t first = uint64_t(item) * job.kernels.planes;
  const uint32_t count = uint32_t(std::min<uint64_t>(job.kernels.planes, job.total - first));
  const bool full = job.disks.d.correlation == EWALD_DISKS_CORRELATION_FULL;
  (full ? job.kernels.frames : job.kernels.crops)(job.disks, job.run, first, count,
                                                  job.scratch + worker * job.scratch_floats);
}

}  // namespace
}  // namespace ewald::udf

struct ewald_disks {
  ewald::udf::Disks disks;
  ewald::udf::DisksKernels kernels;
  uint32_t threads;
  size_t scratch_floats;
  float* scratch;
  void* memory;
  size_t bytes;
};

namespace {

using namespace ewald::udf;

// The sum of the waves of frequencies `first` to `last` from pixel k - side to each sample.
void fill_phases(const Disks& disks, float* phases, int32_t first, int32_t last) {
  for (uint32_t s = 0; s < samples; s++)
    for (uint32_t k = 0; k < 2 * disks.side; k++) {
      const double distance = (double(s) - samples / 2) / upsampling - (double(k) - double(disks.side));
      double re = 0, im = 0;
      for (int32_t f = first; f <= last; f++) {
        re += std::cos(2 * M_PI * f * distance / disks.side);
        im += std::sin(2 * M_PI * f * distance / disks.side);
      }
      *phases++ = float(re / disks.side);
      *phases++ = float(im / disks.side);
    }
}

void lay_out(ewald::Arena& arena, ewald_disks& made) {
  Disks& disks = made.disks;
  const size_t pixels = size_t(disks.y.length) * disks.x.length;
  float* y = arena.take<float>(table_floats(disks.y));
  float* x = arena.take<float>(table_floats(disks.x));
  disks.spectrum = arena.take<float>(2 * pixels);
  float* logs = arena.take<float>(bytes_of[disks.d.dtype] <= 2 ? 65537 : 0);
  const bool upsampled = disks.d.refine == EWALD_DISKS_REFINE_DFT;
  const size_t table = upsampled ? size_t(samples) * 2 * disks.side * 2 : 0;
  float* phases = arena.take<float>(2 * table);
  made.scratch = arena.take<float>(made.threads * made.scratch_floats);
  if (arena.base == nullptr) return;
  fill_tables(disks.y, y);
  fill_tables(disks.x, x);
  if (bytes_of[disks.d.dtype] <= 2)
    for (uint32_t v = 0; v <= 65536; v++) logs[v] = float(std::log(double(v)));
  disks.logs = logs;
  disks.phases_y = phases;
  disks.phases_x = phases + table;
  if (!upsampled) return;
  const int32_t half = int32_t(disks.side / 2);
  fill_phases(disks, phases, -half, half - 1);
  fill_phases(disks, phases + table, 0, half);
}

}  // namespace

extern "C" EWALD_EXPORT(ewald_disks_create) int32_t
    ewald_disks_create(const ewald_disks_descriptor* descriptor, const float* pattern, ewald_disks** disks) {
  if (descriptor == nullptr || pattern == nullptr || disks == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_disks_create: a pointer is null");
  *disks = nullptr;
  const ewald_disks_descriptor d = *descriptor;
  const int32_t status = check(d);
  if (status != EWALD_STATUS_OK) return status;
  auto* made = new (std::nothrow) ewald_disks{};
  if (made == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a disk finder");
  Disks& plan = made->disks;
  plan.d = d;
  plan.pixels = size_t(d.width) * d.height;
  plan.frame_bytes = plan.pixels * bytes_of[d.dtype];
  plan.side = 2 * d.search;
  const bool full = d.correlation == EWALD_DISKS_CORRELATION_FULL;
  const uint32_t rows = full ? d.height : plan.side, columns = full ? d.width : plan.side;
  if (!split(rows, plan.y) || !split(columns, plan.x)) {
    delete made;
    return ewald::fail(EWALD_STATUS_LIMIT, "planes of %u x %u pixels: a prime factor is larger than %u", rows, columns,
                       most_radix);
  }
  made->kernels = disks_kernels();
  made->scratch_floats = (made->kernels.scratch_floats(plan) + 15) / 16 * 16;
  const uint64_t a_thread = uint64_t(made->scratch_floats) * sizeof(float);
  made->threads = uint32_t(std::clamp<uint64_t>(most_scratch / a_thread, 1, ewald::thread_count(d.threads)));
  ewald::Arena size{nullptr, 0};
  lay_out(size, *made);
  made->memory = ewald::allocate(size.used);
  made->bytes = size.used;
  if (made->memory == nullptr) {
    delete made;
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a disk finder: %zu bytes", size.used);
  }
  ewald::Arena arena{static_cast<char*>(made->memory), 0};
  lay_out(arena, *made);
  made->kernels.spectrum(plan, pattern, made->scratch, plan.spectrum);
  *disks = made;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_disks_destroy) void ewald_disks_destroy(ewald_disks* disks) {
  if (disks == nullptr) return;
  ewald::release(disks->memory);
  delete disks;
}

extern "C" EWALD_EXPORT(ewald_disks_bytes) size_t ewald_disks_bytes(const ewald_disks* disks) {
  return disks == nullptr ? 0 : disks->bytes;
}

extern "C" EWALD_EXPORT(ewald_disks_run) int32_t
    ewald_disks_run(ewald_disks* disks, const void* frames, uint32_t count, const int32_t* peaks, uint32_t each,
                    int32_t* centers, float* refineds, float* heights, float* elevations) {
  if (disks == nullptr || peaks == nullptr || centers == nullptr || refineds == nullptr || heights == nullptr ||
      elevations == nullptr || (count > 0 && frames == nullptr))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_disks_run: a pointer is null");
  const Disks& plan = disks->disks;
  const size_t positions = 2 * size_t(plan.d.peaks) * (each != 0 ? count : 1);
  for (size_t i = 0; i < positions; i++)
    if (peaks[i] < -most_position || peaks[i] > most_position)
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "the position of a disk is %d", peaks[i]);
  if (count == 0) return EWALD_STATUS_OK;
  const DisksRun run{static_cast<const char*>(frames), peaks, each != 0 ? 2 * size_t(plan.d.peaks) : 0,
                     centers, refineds, heights, elevations};
  const bool full = plan.d.correlation == EWALD_DISKS_CORRELATION_FULL;
  const uint64_t total = full ? count : uint64_t(count) * plan.d.peaks;
  const uint64_t items = (total + disks->kernels.planes - 1) / disks->kernels.planes;
  if (items > UINT32_MAX) return ewald::fail(EWALD_STATUS_LIMIT, "%u frames are too many for one call", count);
  Job job{plan, disks->kernels, run, disks->scratch, disks->scratch_floats, total};
  const ewald::Team team(disks->threads);
  team.run(uint32_t(items), work, &job);
  return EWALD_STATUS_OK;
}
