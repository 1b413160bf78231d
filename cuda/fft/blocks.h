// How the lines of a pass are distributed to blocks of threads, and which tables the pass reads.
#pragma once
#include <atomic>
#include <cstdint>

#include "pass.h"
#include "tables.h"

namespace ewald::cuda::fft {

// Bytes of the runs in which neighbouring lines are read across an axis, if the benchmark tries some
// (ewald_cuda_fft_bench --run 64); 0: by the length. Applies to plans created afterwards.
inline std::atomic<std::uint32_t> run_bytes{0};

// Lengthens a convolution in a block to one that has a kernel of its own (fixed.h): 8 accesses of shared memory for a
// number instead of 22, for at most twice the numbers.
template <class T>
void widen(Pass& pass);
// Tables determined by source, sink and length.
void add_tables(Pass& pass, Tables& tables);
// Factors exp(-2 pi i a b / n) on the results; `step` is that of the element in a.
void set_turn(Pass& pass, std::uint64_t n, std::uint32_t step, Tables& tables);
// Lines of a block, threads, directions, stages.
template <class T>
void choose_block(Pass& pass, std::uint32_t multiprocessors, Tables& tables);
// The distribution over one slab, whose loops the pass already has: the same lines side by side and the same kernel as
// over all slabs, and so the same results.
void take_slab(Pass& pass, std::uint32_t slabs);
// Bytes of one side of a pass, in whole sectors of 32 bytes: `elements` a line, `element` bytes each.
std::uint64_t bytes_moved(const Pass& pass, std::uint64_t elements, std::uint64_t element, bool out);

}  // namespace ewald::cuda::fft
