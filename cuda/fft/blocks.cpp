#include "blocks.h"

#include <algorithm>
#include <iterator>

#include "banks.h"
#include "fixed.h"
#include "lengths.h"

namespace ewald::cuda::fft {
namespace {

constexpr std::uint64_t longest_table = 4096;  // roots; longer tables are the product of a near and a far one
constexpr std::uint64_t sector = 32;
// Lines that are read in runs of 128 bytes across an axis: 256^3 in float32 took 0.297 instead of 0.324 ms on an H100.
// Longer ones gained nothing there.
constexpr std::uint32_t longest_short = 256;
constexpr std::uint64_t far = std::uint64_t(1) << 31;  // elements of a line that 32 bits can index

// 1 / d in units of 2^-32, rounded up: quotients of numbers below 2^16 are exact.
std::uint32_t reciprocal(std::uint32_t d) { return d == 1 ? 0 : std::uint32_t(((std::uint64_t(1) << 32) + d - 1) / d); }

std::uint64_t power_of_two_from(std::uint64_t n) {
  std::uint64_t power = 1;
  while (power < n) power *= 2;
  return power;
}

// From line to line, and from element to element.
std::uint64_t line_step(const Pass& pass, bool out) {
  if (pass.loops == 0) return ~std::uint64_t(0);
  const Loop& near = pass.loop[0];
  return out ? near.out + std::uint64_t(near.out_index) * pass.out_stride
             : near.in + std::uint64_t(near.in_index) * pass.in_stride;
}
std::uint64_t element_step(const Pass& pass, bool out) {
  return out ? std::uint64_t(pass.out_index) * pass.out_stride : std::uint64_t(pass.in_index) * pass.in_stride;
}

// Whether the elements of that side are real numbers.
bool is_real(Source source) {
  return source != Source::complex && source != Source::hermitian && source != Source::hermitian_packed;
}
bool is_real(Sink sink) { return sink != Sink::complex && sink != Sink::half; }

// Complex lines that 32 bits number, whole ones.
bool is_complex(const Pass& pass) {
  return pass.source == Source::complex && pass.sink == Sink::complex && pass.middle == nothing &&
         pass.chirp_in == nothing && pass.chirp_out == nothing && pass.in_window.whole == 0 &&
         pass.out_window.whole == 0 && pass.length > 1 && pass.length * element_step(pass, false) < far &&
         pass.length * element_step(pass, true) < far;
}

// Whether the kernels of fixed.h can read and write the lines: complex numbers, or pairs of real numbers that are
// aligned like them.
bool has_fixed_ends(const Pass& pass) {
  if (is_complex(pass)) return pass.length == pass.points || fixed_convolves(pass.length);
  const bool packed = pass.source == Source::packed && pass.sink == Sink::half,
             unpacked = pass.source == Source::hermitian_packed && pass.sink == Sink::unpacked;
  if (!(packed || unpacked) || pass.length != pass.points || pass.in_window.whole != 0 || pass.out_window.whole != 0)
    return false;
  bool aligned = pass.in_stride == 1 && pass.out_stride == 1;
  for (std::uint32_t i = 0; i < pass.loops; i++)
    aligned = aligned && (packed ? pass.loop[i].in : pass.loop[i].out) % 2 == 0;
  return aligned;
}

}  // namespace

template <class T>
void widen(Pass& pass) {
  if (sizeof(T) != 4 || pass.length == pass.points || !is_complex(pass)) return;
  const std::uint32_t power = std::uint32_t(power_of_two_from(pass.length));
  if (fixed_row(power) != fixed_count) pass.length = power;
}
template void widen<float>(Pass&);
template void widen<double>(Pass&);

void set_turn(Pass& pass, std::uint64_t n, std::uint32_t step, Tables& tables) {
  std::uint32_t shift = 0;
  while ((std::uint64_t(1) << (2 * shift)) < n) shift++;
  if (n <= longest_table) shift = 12;
  const std::uint64_t near = std::uint64_t(1) << shift;
  pass.turn_step = step;
  pass.turn_shift = shift;
  pass.turn_near = tables.roots(n, std::min(near, n));
  pass.turn_far = tables.roots(n, (n - 1) / near + 1, near);
}

void add_tables(Pass& pass, Tables& tables) {
  const std::uint64_t n = pass.axis;
  if (pass.pairs || pass.source == Source::hermitian_packed) {
    const std::uint64_t half = pass.sink == Sink::dct1 ? (pass.sine ? n + 1 : n - 1) : n / 2;
    pass.halves = tables.half(half, half + 1);
  }
  if (pass.source == Source::dct2 || pass.source == Source::dct3 || pass.sink == Sink::dct2 ||
      pass.sink == Sink::dct3 || pass.source == Source::dct4_odd)
    pass.quarters = tables.half(2 * n, n);
  if (pass.sink == Sink::dct4_odd) pass.shifted_quarters = tables.half(2 * n, n, 4);
  if (pass.source == Source::dct4 || pass.sink == Sink::dct4) pass.eighths = tables.half(n, n / 2, 1);
  if (pass.length != pass.points) {
    pass.chirp = tables.chirp(pass.points);
    pass.spectrum = tables.spectrum(pass.points, pass.length);
  }
}

template <class T>
void choose_block(Pass& pass, std::uint32_t multiprocessors, Tables& tables) {
  pass.lines = 1;
  for (std::uint32_t i = 0; i < pass.loops; i++) pass.lines *= pass.loop[i].count;
  pass.across_in = line_step(pass, false) < element_step(pass, false);
  pass.across_out = line_step(pass, true) < element_step(pass, true);
  const bool within = pass.across_in && pass.across_out, across = pass.across_in || pass.across_out;

  // Runs of 64 bytes where lines are adjacent, 128 if they are short, and 2048 numbers; fewer if that would leave
  // multiprocessors idle, down to a sector.
  const std::uint64_t room = std::max<std::uint64_t>(1, capacity<T> / pass.length);
  const bool narrow = (pass.across_in && is_real(pass.source)) || (pass.across_out && is_real(pass.sink));
  const std::uint64_t element = sizeof(T) * (narrow ? 1 : 2), wished = run_bytes,
                      bytes = wished > 0 ? wished : pass.length <= longest_short ? 128 : 64,
                      run = across ? bytes / element : 1, least = across ? sector / element : 1;
  std::uint64_t lanes = power_of_two_from(std::max<std::uint64_t>(run, 2048 / pass.length));
  while (lanes > least && pass.lines / lanes < 2 * multiprocessors) lanes /= 2;
  lanes = std::min({lanes, power_of_two_from(pass.lines), std::uint64_t(max_lanes)});
  while (lanes > room) lanes /= 2;
  pass.lanes = std::uint32_t(lanes);
  for (pass.lane_shift = 0; (1u << pass.lane_shift) < pass.lanes; pass.lane_shift++) {
  }
  pass.blocks = std::uint32_t((pass.lines + lanes - 1) / lanes);
  pass.by_length = reciprocal(pass.length);
  pass.by_results = reciprocal(pass.pairs ? pass.points + 1 : pass.points);

  pass.powers_of_two = (pass.length & (pass.length - 1)) == 0;
  pass.plain = is_complex(pass) && pass.length == pass.points;
  const std::uint32_t row = sizeof(T) == 4 && has_fixed_ends(pass) ? fixed_row(pass.length) : fixed_count;
  const Fixed* const fixed = row < fixed_count ? &fixed_lengths[row] : nullptr;
  pass.fixed = fixed != nullptr ? row : nothing;
  std::vector<std::uint32_t> radices;
  if (fixed != nullptr)
    std::copy_if(fixed->radix, fixed->radix + 3, std::back_inserter(radices), [](std::uint32_t r) { return r != 0; });
  else
    radices = radices_of(pass.length);
  pass.stages = std::uint32_t(radices.size());
  const std::uint32_t elements = pass.lanes * pass.length;
  pass.threads = fixed != nullptr
                     ? fixed_threads(*fixed, pass.lanes)
                     : (std::max(1u, (elements + elements_a_thread - 1) / elements_a_thread) + 31) / 32 * 32;
  // With gaps every step of a stage has to be compatible with them: a multiple of their distance, or inside one group.
  bool gaps = pass.powers_of_two && pass.length >= 64;
  for (std::uint32_t s = 0, done = 1; s < pass.stages; done *= radices[s++])
    gaps = gaps && (pass.length / radices[s]) % 8 == 0 && (done == 1 || done % 8 == 0);
  pass.gap_shift = gaps ? 3 : 31;
  const auto gapped = [&](std::uint32_t i) { return i + (i >> pass.gap_shift); };
  pass.lane_step = within ? 1 : gapped(pass.length);
  pass.element_step = within ? pass.lanes : 1;
  if (fixed != nullptr) {
    const LineEnds ends = pass.length != pass.points              ? LineEnds::convolves
                          : pass.pairs                            ? LineEnds::separates
                          : pass.source == Source::hermitian_packed ? LineEnds::joins
                                                                  : LineEnds::complex;
    const Spacing spacing = spacing_of(row, pass.lanes, pass.across_in, pass.across_out, ends);
    pass.lane_step = spacing.pitch;
    std::copy(spacing.near, spacing.near + 6, pass.near);
    pass.near_ends = spacing.near_ends;
  }
  pass.held = pass.lanes * (fixed != nullptr ? pass.lane_step : gapped(pass.length));

  std::uint32_t span = 1;
  for (std::uint32_t s = 0; s < pass.stages; s++) {
    Stage& stage = pass.stage[s];
    stage.radix = radices[s];
    stage.span = span;
    stage.items = pass.length / radices[s];
    stage.by_items = reciprocal(stage.items);
    stage.by_span = reciprocal(span);
    stage.twiddle = span > 1 ? tables.stage(radices[s], span) : nothing;
    stage.across = pass.plain && s == 0                 ? pass.across_in
                   : pass.plain && s + 1 == pass.stages ? pass.across_out
                                                        : within;
    stage.read_step = gapped(stage.items) * pass.element_step;
    stage.write_step = gapped(span) * pass.element_step;
    span *= radices[s];
  }
  // The way back of a convolution, with the radices in reverse; the kernel reads only the table from it.
  span = 1;
  for (std::uint32_t s = 0; fixed != nullptr && pass.length != pass.points && s < pass.stages; s++) {
    const std::uint32_t radix = fixed_radix(*fixed, s, true);
    pass.stage[3 + s].twiddle = span > 1 ? tables.stage(radix, span) : nothing;
    span *= radix;
  }
}
template void choose_block<float>(Pass&, std::uint32_t, Tables&);
template void choose_block<double>(Pass&, std::uint32_t, Tables&);

void take_slab(Pass& pass, std::uint32_t slabs) {
  pass.lines /= slabs;
  pass.blocks = std::uint32_t((pass.lines + pass.lanes - 1) / pass.lanes);
}

std::uint64_t bytes_moved(const Pass& pass, std::uint64_t elements, std::uint64_t element, bool out) {
  // Consecutive numbers: a line, or the adjacent lines of a block.
  std::uint64_t run = 1;
  if (element_step(pass, out) == 1)
    run = elements;
  else if (line_step(pass, out) == 1)
    run = std::min<std::uint64_t>(pass.lanes, pass.loop[0].count);
  const std::uint64_t all = pass.lines * elements;
  return (all + run - 1) / run * ((run * element + sector - 1) / sector * sector);
}

}  // namespace ewald::cuda::fft
