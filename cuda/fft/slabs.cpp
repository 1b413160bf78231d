#include "slabs.h"

namespace ewald::cuda::fft {
namespace {

// What a further kernel costs, its last blocks included, measured on an H100: 256^3 in 16 slabs, 512^3 in 128.
constexpr double launch_seconds = 6e-6;
// A cache line. Slabs of a faster dimension would share lines, which would then be transferred more than once.
constexpr std::uint64_t cache_line = 128;
// Four or five blocks share a multiprocessor (README.md); a launch with fewer leaves part of the card idle.
constexpr std::uint64_t blocks_a_multiprocessor = 4;
// Where the driver does not know the rate: that of an H200. Too high a rate only saves less time, so there are fewer
// slabs than could be useful.
constexpr double fast_bytes_a_second = 4.8e12;

std::uint64_t ceiling(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0); }

}  // namespace

std::uint32_t slabs_of(const Group& group, const Card& card) {
  const std::uint64_t forced = slab_bytes;
  if (forced != slabs_by_card) {
    std::uint64_t slabs = ceiling(group.footprint, forced);
    while (slabs < group.count && group.count % slabs != 0) slabs++;
    return std::uint32_t(slabs < group.count ? slabs : group.count);
  }
  // Half of the cache: the rest is for what a pass is about to read, for tables, and for caches that do not evict their
  // oldest line or that hold a line in both of their parts.
  const std::uint64_t room = card.l2_bytes / 2;
  if (room == 0 || group.footprint <= card.l2_bytes || group.step < cache_line) return 1;
  const double rate = card.bytes_a_second > 0 ? card.bytes_a_second : fast_bytes_a_second;
  const double saved = double(group.kept) / rate, each = launch_seconds * group.passes;
  const std::uint64_t full = blocks_a_multiprocessor * card.multiprocessors;
  // More slabs only cost more launches, so the first number that fits into the cache is the best one.
  for (std::uint64_t slabs = ceiling(group.footprint, room);
       slabs <= group.count && group.blocks / slabs >= full && each * double(slabs - 1) < saved; slabs++)
    if (group.count % slabs == 0) return std::uint32_t(slabs);
  return 1;
}

}  // namespace ewald::cuda::fft
