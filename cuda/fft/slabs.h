// Whether passes of a transform run slab by slab over a dimension that none of them transforms: each pass
// then finds in the L2 cache what the one before it wrote, and a round trip through memory is saved. All numbers of
// this decision are in slabs.cpp.
#pragma once
#include <atomic>
#include <cstdint>

namespace ewald::cuda::fft {

// Bytes that the passes of a slab may touch, whatever the card: for tests, and for the benchmark
// (ewald_cuda_fft_bench --slab). Applies to plans created afterwards.
constexpr std::uint64_t slabs_by_card = 0, never_slabs = ~std::uint64_t(0);
inline std::atomic<std::uint64_t> slab_bytes{slabs_by_card};

struct Card {
  std::uint32_t multiprocessors;
  std::uint64_t l2_bytes = 0;
  double bytes_a_second = 0;  // of its memory, at best; 0 if unknown
};

// What the passes would do if they run as a group over the slabs of a dimension.
struct Group {
  std::uint32_t passes;
  std::uint64_t count;      // of the dimension
  std::uint64_t step;       // bytes from index to index of it, the least of the memories
  std::uint64_t footprint;  // bytes that the passes touch over all slabs
  std::uint64_t kept;       // bytes that would stay in the cache
  std::uint64_t blocks;     // of the smallest pass, over all slabs
};

// The number of slabs, a divisor of the count; 1 if the passes run one after the other as a whole.
std::uint32_t slabs_of(const Group& group, const Card& card);

}  // namespace ewald::cuda::fft
