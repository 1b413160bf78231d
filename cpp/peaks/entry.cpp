// The C functions of peaks: check what they are given, lay out the memory of a plan.
#include <new>
#include <string.h>

#include "common/arena.h"
#include "common/memory.h"
#include "common/status.h"
#include "peaks/finder.h"

namespace {

using ewald::Arena;
using namespace ewald::peaks;

constexpr uint32_t max_side = 1u << 16, max_panels = 1u << 14, max_found = 1u << 20;
constexpr uint64_t max_pixels = 1u << 28;

// Frames with more outliers than a quarter of the pixels are judged plainly, which is slower and the same.
uint32_t room_for(size_t pixels) { return uint32_t(pixels / 4 + 1024); }

void lay_out(Arena& arena, Plan& plan) {
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  plan.outlier_room = room_for(pixels);
  plan.panels = arena.take<Panel>(plan.panel_count);
  plan.bin = arena.take<uint16_t>(pixels);
  plan.first = arena.take<uint32_t>(size_t(plan.bins) + 1);
  plan.order = arena.take<uint32_t>(pixels);
  plan.bars = arena.take<Bars>(plan.bins);
  plan.inside = arena.take<Moments>(plan.bins);
  plan.limits = arena.take<Limits>(plan.bins);
  plan.outliers = arena.take<Outlier>(plan.outlier_room);
  plan.by_bin = arena.take<uint32_t>(plan.outlier_room);
  plan.start = arena.take<uint32_t>(size_t(plan.bins) + 1);
  plan.taken = arena.take<uint8_t>(pixels);
  plan.stack = arena.take<uint32_t>(pixels);
  plan.touched = arena.take<uint32_t>(pixels);
}

// Panels lie in the frame and share no pixel; `seen` is zeroed memory of a byte a pixel.
int32_t check_panels(const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels, uint8_t* seen) {
  for (uint32_t p = 0; p < d.panels; p++) {
    const ewald_peaks_panel& panel = panels[p];
    if (panel.fs >= panel.end_fs || panel.ss >= panel.end_ss || panel.end_fs > d.width || panel.end_ss > d.height)
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                         "panel %u (fs %u to %u, ss %u to %u) does not lie in a frame of %u x %u pixels", p, panel.fs,
                         panel.end_fs, panel.ss, panel.end_ss, d.width, d.height);
    for (uint32_t ss = panel.ss; ss < panel.end_ss; ss++)
      for (uint32_t fs = panel.fs; fs < panel.end_fs; fs++)
        if (seen[size_t(ss) * d.width + fs]++ != 0)
          return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "panel %u shares pixel fs %u, ss %u with another", p, fs,
                             ss);
  }
  return EWALD_STATUS_OK;
}

}  // namespace

struct ewald_peaks {
  Plan plan;
  void* memory;
  size_t bytes;
};

extern "C" EWALD_EXPORT(ewald_peaks_create) int32_t
    ewald_peaks_create(const ewald_peaks_descriptor* descriptor, const ewald_peaks_panel* panels, const uint16_t* bins,
                       ewald_peaks** peaks) {
  if (descriptor == nullptr || panels == nullptr || bins == nullptr || peaks == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_peaks_create: a pointer is null");
  *peaks = nullptr;
  const ewald_peaks_descriptor d = *descriptor;
  if (d.width < 1 || d.height < 1 || d.width > max_side || d.height > max_side ||
      uint64_t(d.width) * d.height > max_pixels)
    return ewald::fail(EWALD_STATUS_LIMIT, "a frame of %u x %u pixels; sides go to %u, pixels to %u", d.width, d.height,
                       max_side, uint32_t(max_pixels));
  if (d.panels < 1 || d.panels > max_panels)
    return ewald::fail(EWALD_STATUS_LIMIT, "%u panels; needed are 1 to %u", d.panels, max_panels);
  if (d.max_peaks < 1 || d.max_peaks > max_found)
    return ewald::fail(EWALD_STATUS_LIMIT, "%u peaks at most; needed are 1 to %u", d.max_peaks, max_found);
  if (d.dtype > EWALD_NUMBER_F32) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%u is no type of frames", d.dtype);
  const size_t pixels = size_t(d.width) * d.height;
  auto* made = new (std::nothrow) ewald_peaks{};
  if (made == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a plan of peaks");
  Plan& plan = made->plan;
  plan.descriptor = d;
  plan.panel_count = d.panels;
  for (size_t i = 0; i < pixels; i++)
    if (bins[i] != masked && bins[i] >= plan.bins) plan.bins = uint32_t(bins[i]) + 1;
  Arena size{nullptr, 0};
  lay_out(size, plan);
  made->bytes = size.used;
  made->memory = ewald::allocate(size.used);
  if (made->memory == nullptr) {
    delete made;
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "no memory for a plan of peaks: %zu bytes", size.used);
  }
  Arena arena{static_cast<char*>(made->memory), 0};
  lay_out(arena, plan);
  const int32_t status = check_panels(d, panels, plan.taken);
  if (status != EWALD_STATUS_OK) {
    ewald_peaks_destroy(made);
    return status;
  }
  for (uint32_t p = 0; p < d.panels; p++)
    plan.panels[p] = {panels[p].fs, panels[p].ss, panels[p].end_fs, panels[p].end_ss};
  // What is on no panel takes no part.
  for (size_t i = 0; i < pixels; i++) plan.bin[i] = plan.taken[i] ? bins[i] : masked;
  memset(plan.taken, 0, pixels);
  for (size_t i = 0; i < pixels; i++)
    if (plan.bin[i] != masked) plan.first[plan.bin[i] + 1]++;
  for (uint32_t b = 0; b < plan.bins; b++) plan.first[b + 1] += plan.first[b];
  uint32_t* const at = plan.start;
  memcpy(at, plan.first, (size_t(plan.bins) + 1) * sizeof(uint32_t));
  for (size_t i = 0; i < pixels; i++)
    if (plan.bin[i] != masked) plan.order[at[plan.bin[i]]++] = uint32_t(i);
  *peaks = made;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_peaks_destroy) void ewald_peaks_destroy(ewald_peaks* peaks) {
  if (peaks == nullptr) return;
  ewald::release(peaks->memory);
  delete peaks;
}

extern "C" EWALD_EXPORT(ewald_peaks_bytes) size_t ewald_peaks_bytes(const ewald_peaks* peaks) {
  return peaks == nullptr ? 0 : peaks->bytes;
}

extern "C" EWALD_EXPORT(ewald_peaks_bins) uint32_t ewald_peaks_bins(const ewald_peaks* peaks) {
  return peaks == nullptr ? 0 : peaks->plan.bins;
}

extern "C" EWALD_EXPORT(ewald_peaks_run) int32_t
    ewald_peaks_run(ewald_peaks* peaks, const ewald_peaks_params* params, const void* frame, const uint8_t* bad,
                    ewald_peak* found, uint32_t* count, float* limits) {
  if (peaks == nullptr || params == nullptr || frame == nullptr || found == nullptr || count == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_peaks_run: a pointer is null");
  if (!(params->min_snr >= 0) || !(params->threshold == params->threshold) || params->local_radius > 1024)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "threshold %g, min_snr %g, local_radius %u; needed are numbers, snr from 0, radius to 1024",
                       double(params->threshold), double(params->min_snr), params->local_radius);
  *count = find_peaks(peaks->plan, *params, frame, bad, found);
  if (limits != nullptr) memcpy(limits, peaks->plan.limits, peaks->plan.bins * sizeof(Limits));
  return EWALD_STATUS_OK;
}
