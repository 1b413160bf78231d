// ewald_pi_count: splits a range of points into single points at its ends and whole blocks, which the threads share.
#include "common/cpu.h"
#include "common/status.h"
#include "common/threads.h"
#include "pi/count.h"
#include "pi/philox.h"

#include <atomic>

namespace {

using CountBlocks = uint64_t (*)(uint64_t, uint64_t, uint32_t, uint32_t, uint32_t);

CountBlocks kernel() {
  switch (ewald::best_isa()) {
#if defined(__wasm_simd128__)
    case ewald::Isa::simd128:
      return ewald::simd128::pi_count_blocks;
#elif defined(__x86_64__)
    case ewald::Isa::avx512:
      return ewald::avx512::pi_count_blocks;
    case ewald::Isa::avx2:
      return ewald::avx2::pi_count_blocks;
    case ewald::Isa::sse2:
      return ewald::sse2::pi_count_blocks;
#else
    case ewald::Isa::neon:
      return ewald::neon::pi_count_blocks;
#endif
    default:
      return nullptr;
  }
}

struct Job {
  const ewald_pi_params& params;
  CountBlocks count;
  uint64_t first_block, blocks, share;
  std::atomic<uint64_t> hits;
};

void count_share(void* context, uint32_t item, uint32_t) {
  Job& job = *static_cast<Job*>(context);
  const uint64_t begin = item * job.share;
  const uint64_t size = begin + job.share > job.blocks ? job.blocks - begin : job.share;
  job.hits += job.count(job.first_block + begin, size, job.params.stream, job.params.seed_lo, job.params.seed_hi);
}

// Points begin .. end-1 of one block.
uint64_t count_points(const ewald_pi_params& params, uint64_t block, uint32_t begin, uint32_t end) {
  const ewald::pi::Block random =
      ewald::pi::philox({{uint32_t(block), uint32_t(block >> 32), params.stream, 0}}, params.seed_lo, params.seed_hi);
  uint64_t hits = 0;
  for (uint32_t i = begin; i < end; i++) hits += ewald::pi::inside(random.word[i]);
  return hits;
}

}  // namespace

extern "C" EWALD_EXPORT(ewald_pi_count) int32_t ewald_pi_count(const ewald_pi_params* params, uint64_t* hits) {
  if (params == nullptr || hits == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_pi_count: a pointer is null");
  const uint64_t first = uint64_t(params->first_hi) << 32 | params->first_lo;
  const uint64_t points = uint64_t(params->points_hi) << 32 | params->points_lo;
  *hits = 0;
  if (points == 0) return EWALD_STATUS_OK;
  // The last point of a stream has the index 2^64 - 1, behind which there is no other.
  const uint64_t last = first + (points - 1), first_block = first / 4, last_block = last / 4;
  if (last < first)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_pi_count: the last point is beyond 2^64 - 1");
  if (first_block == last_block) {
    *hits = count_points(*params, first_block, uint32_t(first % 4), uint32_t(last % 4 + 1));
    return EWALD_STATUS_OK;
  }
  uint64_t whole_begin = first_block, whole_end = last_block + 1;
  uint64_t single = 0;
  if (first % 4 != 0) single += count_points(*params, whole_begin++, uint32_t(first % 4), 4);
  if (last % 4 != 3) single += count_points(*params, --whole_end, 0, uint32_t(last % 4 + 1));

  Job job{*params, kernel(), whole_begin, whole_end - whole_begin, 0, {single}};
  // Waking threads costs some 20 microseconds, so below 2^18 blocks a single thread does the work.
  const uint32_t threads = job.blocks < (1u << 18) ? 1 : ewald::thread_count(params->threads);
  const uint32_t items = threads == 1 ? 1 : threads * 4;
  job.share = (job.blocks + items - 1) / items;
  if (job.share == 0) job.share = 1;
  ewald::Team(threads).run(uint32_t((job.blocks + job.share - 1) / job.share), count_share, &job);
  *hits = job.hits;
  return EWALD_STATUS_OK;
}
