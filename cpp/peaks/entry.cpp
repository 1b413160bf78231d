// The C functions of peaks: check their arguments and lay out the memory of a plan.
#include <algorithm>
#include <new>
#include <string.h>

#include "common/arena.h"
#include "common/memory.h"
#include "common/status.h"
#include "peaks/bins.h"
#include "peaks/finder.h"

namespace {

using ewald::Arena;
using namespace ewald::peaks;

constexpr uint32_t max_side = 1u << 16, max_panels = 1u << 14;
constexpr uint64_t max_pixels = 1u << 28;

// Frames with more outliers than a quarter of the pixels are judged without bars, which is slower but gives the same
// result.
uint32_t room_for(size_t pixels) { return uint32_t(pixels / 4 + 1024); }

// Arrays whose sizes depend on the detector.
void lay_out_detector(Arena& arena, Plan& plan) {
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  plan.panels = arena.take<Panel>(plan.panel_count);
  plan.first_line = arena.take<uint32_t>(plan.panel_count);
  plan.first_stretch = arena.take<uint32_t>(size_t(plan.descriptor.height) + 1);
  plan.stretches = arena.take<Stretch>(plan.lines);
  plan.bin = arena.take<uint16_t>(pixels);
  plan.pixels_of = arena.take<uint32_t>(plan.bins);
  plan.tables = arena.take<uint64_t>(sum_lanes * (size_t(masked) + 1));
  if (plan.descriptor.sums_only) return;
  plan.taken = arena.take<uint8_t>(pixels);
  if (plan.descriptor.finder != EWALD_FINDER_PEAKFINDER8) return;
  plan.first = arena.take<uint32_t>(plan.bins);
  plan.listed = arena.take<uint8_t>(plan.bins);
  plan.sampled = arena.take<uint32_t>(size_t(plan.bins) * samples);
}

// Arrays whose sizes depend on its panels and bins.
void lay_out_tiles(Arena& arena, Plan& plan) {
  plan.few = arena.take<uint32_t>(plan.few_count);
  plan.tiles.tile = arena.take<Tile>(most_tiles(plan));
  plan.tiles.in_tiles = arena.take<uint32_t>(plan.bins);
}

// Arrays that runs of other finders write before they read them.
void lay_out_others(Arena& arena, Plan& plan) {
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  plan.stack = arena.take<uint32_t>(pixels);
  plan.touched = arena.take<uint32_t>(pixels);
  plan.columns = arena.take<double>(3 * size_t(plan.descriptor.width));
}

// Arrays whose sizes depend on its tiles; a run writes them before it reads them, and few of their pages.
void lay_out_run(Arena& arena, Plan& plan) {
  const size_t pixels = size_t(plan.descriptor.width) * plan.descriptor.height;
  const size_t bins = plan.bins;
  plan.outlier_room = room_for(pixels);
  Tiles& tiles = plan.tiles;
  tiles.patterns = arena.take<uint8_t>(tiles.pattern_count * pattern_bytes);
  tiles.lowest = arena.take<uint16_t>(tiles.count);
  tiles.span = arena.take<uint16_t>(tiles.count);
  tiles.others = arena.take<uint64_t>(tiles.count);
  tiles.judged = arena.take<uint32_t>(tiles_at_once * tile_side * tile_side);
  tiles.sums = arena.take<uint32_t>(bins + padding);
  tiles.squares = arena.take<uint64_t>(bins + padding);
  tiles.summed = arena.take<uint32_t>(bins);
  tiles.edges = arena.take<uint16_t>(8 * (bins + padding));
  plan.sample = arena.take<float>(bins * samples);
  plan.bars = arena.take<Bars>(bins);
  plan.inside = arena.take<WideMoments>(bins);
  plan.limits = arena.take<Limits>(bins);
  plan.outliers = arena.take<Outlier>(plan.outlier_room);
  plan.by_bin = arena.take<uint32_t>(plan.outlier_room);
  plan.start = arena.take<uint32_t>(bins + 1);
  plan.hits = arena.take<uint32_t>(plan.outlier_room);
  plan.line_start = arena.take<uint32_t>(size_t(plan.lines) + 1);
  plan.stack = arena.take<uint32_t>(pixels);
  plan.touched = arena.take<uint32_t>(pixels);
}

// Lays out and allocates; NULL when out of memory.
template <class LayOut>
void* allocate_for(Plan& plan, LayOut lay_out, size_t& bytes, void* (*allocate)(size_t) = ewald::allocate) {
  Arena size{nullptr, 0};
  lay_out(size, plan);
  void* const memory = allocate(size.used);
  if (memory == nullptr) {
    ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "out of memory: a peak finder needs %zu bytes", size.used);
    return nullptr;
  }
  bytes += size.used;
  Arena arena{static_cast<char*>(memory), 0};
  lay_out(arena, plan);
  return memory;
}

// Where panels begin in the rows of the frame, and their lines in the order of the scan.
void list_stretches(Plan& plan) {
  uint32_t line = 0;
  for (uint32_t p = 0; p < plan.panel_count; p++) {
    plan.first_line[p] = line;
    line += plan.panels[p].end_ss - plan.panels[p].ss;
    for (uint32_t ss = plan.panels[p].ss; ss < plan.panels[p].end_ss; ss++) plan.first_stretch[ss + 1]++;
  }
  for (uint32_t ss = 0; ss < plan.descriptor.height; ss++) plan.first_stretch[ss + 1] += plan.first_stretch[ss];
  for (uint32_t p = plan.panel_count; p-- > 0;)
    for (uint32_t ss = plan.panels[p].ss; ss < plan.panels[p].end_ss; ss++)
      plan.stretches[--plan.first_stretch[ss + 1]] = {plan.panels[p].fs, p};
  // The loop above moved each row's end to its beginning.
  for (uint32_t ss = 0; ss < plan.descriptor.height; ss++) {
    plan.first_stretch[ss] = plan.first_stretch[ss + 1];
  }
  plan.first_stretch[plan.descriptor.height] = plan.lines;
  for (uint32_t ss = 0; ss < plan.descriptor.height; ss++)
    std::sort(plan.stretches + plan.first_stretch[ss], plan.stretches + plan.first_stretch[ss + 1],
              [](const Stretch& a, const Stretch& b) { return a.fs < b.fs; });
}

// Panels lie in the frame.
int32_t check_panels(const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels) {
  for (uint32_t p = 0; p < d.panels; p++) {
    const ewald_peaks_panel& panel = panels[p];
    if (panel.fs >= panel.end_fs || panel.ss >= panel.end_ss || panel.end_fs > d.width || panel.end_ss > d.height)
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                         "panel %u (fs %u to %u, ss %u to %u) does not lie in a frame of %u x %u pixels", p, panel.fs,
                         panel.end_fs, panel.ss, panel.end_ss, d.width, d.height);
  }
  return EWALD_STATUS_OK;
}

// Panels share no pixel: stretches of a row do not overlap.
int32_t check_stretches(const Plan& plan) {
  for (uint32_t ss = 0; ss < plan.descriptor.height; ss++)
    for (uint32_t k = plan.first_stretch[ss] + 1; k < plan.first_stretch[ss + 1]; k++) {
      const Stretch &before = plan.stretches[k - 1], &after = plan.stretches[k];
      if (plan.panels[before.panel].end_fs > after.fs)
        return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "panel %u overlaps another panel at pixel fs %u, ss %u",
                           std::max(before.panel, after.panel), after.fs, ss);
    }
  return EWALD_STATUS_OK;
}

}  // namespace

struct ewald_peaks {
  Plan plan;
  void *detector, *tiles, *run;
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
    return ewald::fail(EWALD_STATUS_LIMIT,
                       "a frame has %u x %u pixels; expected sides of at most %u and at most %u pixels", d.width,
                       d.height, max_side, uint32_t(max_pixels));
  if (d.panels < 1 || d.panels > max_panels)
    return ewald::fail(EWALD_STATUS_LIMIT, "%u panels; expected 1 to %u", d.panels, max_panels);
  if (d.dtype > EWALD_NUMBER_F32)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "dtype is %u; expected a value of ewald_number", d.dtype);
  if (d.finder > EWALD_FINDER_DISPERSION_EXTENDED)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "finder is %u; expected a value of ewald_finder", d.finder);
  if (const int32_t status = check_panels(d, panels); status != EWALD_STATUS_OK) return status;
  const size_t pixels = size_t(d.width) * d.height;
  auto* made = new (std::nothrow) ewald_peaks{};
  if (made == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "out of memory for a peak finder");
  const auto give_up = [&](int32_t status) {
    ewald_peaks_destroy(made);
    return status;
  };
  Plan& plan = made->plan;
  plan.descriptor = d;
  plan.panel_count = d.panels;
  for (uint32_t p = 0; p < d.panels && plan.lines <= pixels; p++) plan.lines += panels[p].end_ss - panels[p].ss;
  if (plan.lines > pixels)
    return give_up(ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                               "the panels have %u rows in a frame of %zu pixels, so some of them overlap", plan.lines,
                               pixels));
  plan.bins = count_bins(bins, pixels);
  made->detector = allocate_for(plan, lay_out_detector, made->bytes);
  if (made->detector == nullptr) return give_up(EWALD_STATUS_OUT_OF_MEMORY);
  for (uint32_t p = 0; p < d.panels; p++)
    plan.panels[p] = {panels[p].fs, panels[p].ss, panels[p].end_fs, panels[p].end_ss};
  list_stretches(plan);
  if (const int32_t status = check_stretches(plan); status != EWALD_STATUS_OK) return give_up(status);
  copy_bins(plan, bins);
  if (d.sums_only) {
    *peaks = made;
    return EWALD_STATUS_OK;
  }
  if (d.finder != EWALD_FINDER_PEAKFINDER8) {
    made->run = allocate_for(plan, lay_out_others, made->bytes, ewald::allocate_raw);
    if (made->run == nullptr) return give_up(EWALD_STATUS_OUT_OF_MEMORY);
    *peaks = made;
    return EWALD_STATUS_OK;
  }
  auto* const keys = static_cast<uint64_t*>(ewald::allocate_raw(most_patterns * sizeof(uint64_t)));
  made->tiles = keys == nullptr ? nullptr : allocate_for(plan, lay_out_tiles, made->bytes);
  if (made->tiles != nullptr) sample_bins(plan);
  const bool cut = made->tiles != nullptr && cut_tiles(plan, plan.tiles, keys);
  made->run = cut ? allocate_for(plan, lay_out_run, made->bytes, ewald::allocate_raw) : nullptr;
  if (made->run != nullptr) write_patterns(plan.tiles, keys);
  ewald::release(keys);
  if (made->run == nullptr)
    return give_up(ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "out of memory for the tiles of a peak finder"));
  *peaks = made;
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_peaks_destroy) void ewald_peaks_destroy(ewald_peaks* peaks) {
  if (peaks == nullptr) return;
  ewald::release(peaks->detector);
  ewald::release(peaks->tiles);
  ewald::release(peaks->run);
  ewald::release(peaks->plan.order);
  delete peaks;
}

extern "C" EWALD_EXPORT(ewald_peaks_bytes) size_t ewald_peaks_bytes(const ewald_peaks* peaks) {
  if (peaks == nullptr) return 0;
  const Plan& plan = peaks->plan;
  const size_t listed = plan.order == nullptr ? 0 : plan.order_count * sizeof(uint32_t);
  return peaks->bytes + listed + plan.found.bytes() + plan.centres.bytes();
}

extern "C" EWALD_EXPORT(ewald_peaks_bins) uint32_t ewald_peaks_bins(const ewald_peaks* peaks) {
  return peaks == nullptr ? 0 : peaks->plan.bins;
}

extern "C" EWALD_EXPORT(ewald_peaks_run) int32_t
    ewald_peaks_run(ewald_peaks* peaks, const ewald_peaks_params* params, const void* frame, const uint8_t* bad,
                    const ewald_peak** found, uint32_t* count, float* limits, double* sums) {
  if (peaks == nullptr || params == nullptr || frame == nullptr || found == nullptr || count == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_peaks_run: a pointer is null");
  if (!(params->min_snr >= 0) || !(params->threshold == params->threshold) || params->local_bg_radius > 1024)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "threshold %g, min_snr %g, local_bg_radius %u; "
                       "expected a threshold that is a number, min_snr >= 0 and a radius of at most 1024",
                       double(params->threshold), double(params->min_snr), params->local_bg_radius);
  const uint32_t finder = peaks->plan.descriptor.finder;
  if (finder == EWALD_FINDER_ZAEF) {
    const float inner = params->inner_radius, middle = params->middle_radius, outer = params->outer_radius;
    if (!(inner >= 1 && inner <= middle && middle < outer && outer <= 64) || !(params->min_squared_gradient >= 0))
      return ewald::fail(
          EWALD_STATUS_INVALID_ARGUMENT,
          "radii %g, %g, %g, min_squared_gradient %g; expected increasing radii from 1 to 64 and a gradient >= 0",
          double(inner), double(middle), double(outer), double(params->min_squared_gradient));
  } else if (finder != EWALD_FINDER_PEAKFINDER8) {
    const bool sigmas = params->sigma_background >= 0 && params->sigma_strong >= 0;
    if (!(params->gain > 0) || !sigmas || params->kernel_size < 1 || params->kernel_size > 64)
      return ewald::fail(
          EWALD_STATUS_INVALID_ARGUMENT,
          "gain %g, kernel_size %u, sigmas %g and %g; expected gain > 0, kernel_size from 1 to 64 and sigmas >= 0",
          double(params->gain), params->kernel_size, double(params->sigma_background), double(params->sigma_strong));
  }
  const bool sums_only = peaks->plan.descriptor.sums_only != 0;
  if ((finder != EWALD_FINDER_PEAKFINDER8 || sums_only) && limits != nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "only peakfinder8 has limits of rings");
  if (finder != EWALD_FINDER_PEAKFINDER8 && !sums_only && sums != nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "only peakfinder8 has sums of rings");
  peaks->plan.sums = sums;
  if (!find_peaks(peaks->plan, *params, frame, bad))
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "out of memory after %u peaks of a frame",
                       peaks->plan.found.count());
  *found = peaks->plan.found.data();
  *count = peaks->plan.found.count();
  if (limits != nullptr) memcpy(limits, peaks->plan.limits, peaks->plan.bins * sizeof(Limits));
  return EWALD_STATUS_OK;
}
