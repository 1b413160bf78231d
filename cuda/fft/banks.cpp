#include "banks.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

namespace ewald::cuda::fft {
namespace {

// A half warp reads or writes complex numbers of float32 at once, one from each of 16 pairs of banks.
constexpr std::uint32_t half = 16;
// The first stage of the way back of a convolution, in Spacing::near.
constexpr std::uint32_t back = 3;

struct Count {
  std::uint32_t least = 0, met = 0;
  Count& operator+=(const Count& more) {
    least += more.least;
    met += more.met;
    return *this;
  }
};

struct Lines {
  const Fixed& fixed;
  std::uint32_t lanes, pitch;
  bool convolves;

  // `each(j, use)` calls use(place in the line) for every access of item j, of `items` in a line.
  template <class Each>
  Count count(std::uint32_t items, std::uint32_t near, Each each) const {
    Count count;
    constexpr std::uint32_t most = 64;
    for (std::uint32_t first = 0; first < items * lanes; first += half) {
      std::array<std::array<std::uint8_t, half>, most> met{};
      std::uint32_t accesses = 0;
      for (std::uint32_t i = first; i < std::min(first + half, items * lanes); i++) {
        const std::uint32_t row = i >> near, group = row / items,
                            lane = (group << near) | (i & ((1u << near) - 1));
        std::uint32_t at = 0;
        each(row - group * items,
             [&](std::uint32_t j) { met[at++][(lane * pitch + fixed_gapped(fixed, convolves, j)) % half]++; });
        accesses = std::max(accesses, at);
      }
      for (std::uint32_t at = 0; at < accesses; at++) {
        count.least++;
        count.met += *std::max_element(met[at].begin(), met[at].end());
      }
    }
    return count;
  }

  Count stage(std::uint32_t s, std::uint32_t near, bool reads, bool writes, bool backward) const {
    const std::uint32_t radix = fixed_radix(fixed, s, backward), items = fixed.length / radix;
    std::uint32_t span = 1;
    for (std::uint32_t i = 0; i < s; i++) span *= fixed_radix(fixed, i, backward);
    return count(items, near, [&](std::uint32_t j, auto use) {
      const std::uint32_t k = j % span;
      for (std::uint32_t q = 0; q < radix; q++) {
        if (reads) use(j + q * items);
        if (writes) use((j - k) * radix + k + q * span);
      }
    });
  }

  Count mirrored(std::uint32_t near) const {
    return count((fixed.length + 1) / 2, near, [&](std::uint32_t k, auto use) {
      use(k);
      use(k == 0 ? 0 : fixed.length - k);
    });
  }
};

Spacing counted(std::uint32_t row, std::uint32_t lanes, bool across_in, bool across_out, LineEnds ends) {
  const Fixed& fixed = fixed_lengths[row];
  const std::uint32_t stages = fixed_stages(fixed), last = stages - 1;
  std::uint32_t all = 0;  // the shift for all lines of a block
  while (1u << all < lanes) all++;
  const bool twice = ends == LineEnds::convolves;
  const std::uint32_t least = fixed_gapped(fixed, twice, fixed.length - 1) + 1;
  Spacing best{};
  for (std::uint32_t pitch = least; pitch < least + half; pitch++) {
    // A block fits where shared memory is 48 KiB, with the places of its lines.
    if (pitch > least && lanes * (8 * pitch + 48) > 42 * 1024) break;
    const Lines lines{fixed, lanes, pitch, twice};
    Spacing found{pitch, {}, 0, 0, 0};
    // The fewest accesses, and among these the fewest lines.
    const auto choose = [&](bool memory, bool across, auto count, std::uint32_t& near) {
      Count fewest{0, ~0u};
      for (const std::uint32_t n : {0u, 1u, all}) {
        if (n > all || (n == 1 && n != all && !fixed_takes_pairs(fixed))) continue;
        if (memory && (across ? n != all : n > 1)) continue;
        const Count c = count(n);
        if (c.met < fewest.met) fewest = c, near = n;
        if (fewest.met == fewest.least) break;
      }
      found.least += fewest.least;
      found.met += fewest.met;
    };
    for (std::uint32_t s = 0; s < stages; s++) {
      const bool from_memory = s == 0 && ends != LineEnds::joins,
                 to_memory = s == last && !twice && ends != LineEnds::separates;
      choose(from_memory || to_memory, from_memory ? across_in : across_out,
             [&](std::uint32_t near) {
               Count c = lines.stage(s, near, !from_memory, s != last || ends == LineEnds::separates, false);
               // The numbers of the last stage stay in their threads: the first one of the way back writes them.
               if (twice && s == last) c += lines.stage(0, near, false, true, true);
               return c;
             },
             found.near[s]);
    }
    if (twice) found.near[back] = found.near[last];
    for (std::uint32_t s = 1; twice && s < stages; s++)
      choose(s == last, across_out, [&](std::uint32_t near) { return lines.stage(s, near, true, s != last, true); },
             found.near[back + s]);
    if (ends == LineEnds::separates || ends == LineEnds::joins)
      choose(true, false, [&](std::uint32_t near) { return lines.mirrored(near); }, found.near_ends);
    if (best.pitch == 0 || found.met < best.met) best = found;
    if (best.met == best.least) break;
  }
  return best;
}

}  // namespace

Spacing spacing_of(std::uint32_t row, std::uint32_t lanes, bool across_in, bool across_out, LineEnds ends) {
  static std::mutex lock;
  static std::map<std::array<std::uint32_t, 5>, Spacing> known;
  const std::array<std::uint32_t, 5> key{row, lanes, across_in, across_out, std::uint32_t(ends)};
  const std::lock_guard guard(lock);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known[key] = counted(row, lanes, across_in, across_out, ends);
}

}  // namespace ewald::cuda::fft
