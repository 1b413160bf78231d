// Small problems with known answers, one for each mechanism that the rooms rely on. A kernel takes its device
// operations from `Hardware`, so that tests can substitute a broken one (cuda/emulator/broken/self_test.cu).
#pragma once
#include <cuda_runtime.h>

#include <bit>
#include <functional>
#include <string>
#include <vector>

#include "launch.h"
#include "shared.h"
#include "warp.cuh"

namespace ewald::cuda::self_test {

constexpr unsigned kThreads = 128, kBlocks = 4;
// Words of a result: the longest has one for each thread.
constexpr unsigned kWords = kThreads * kBlocks;

// The operations that the kernels of all rooms use, as implemented by the GPU.
struct Card {
  static __device__ unsigned add_shared(unsigned* at, unsigned value) { return atomicAdd(at, value); }
  static __device__ unsigned add_global(unsigned* at, unsigned value) { return atomicAdd(at, value); }
  static __device__ unsigned swap_global(unsigned* at, unsigned is, unsigned to) { return atomicCAS(at, is, to); }
  static __device__ void barrier() { __syncthreads(); }
  static __device__ void barrier_in_loop() { __syncthreads(); }
  static __device__ unsigned down(unsigned value, int by) { return __shfl_down_sync(kFullWarp, value, by); }
  static __device__ unsigned across(unsigned value, int with) { return __shfl_xor_sync(kFullWarp, value, with); }
  static __device__ unsigned ballot(bool yes) { return __ballot_sync(kFullWarp, yes); }
  static __device__ double product(double a, double b) { return a * b; }
  static __device__ unsigned high(unsigned a, unsigned b) { return __umulhi(a, b); }
};

// Numbers come from `input` (0, 1, 2, …): a result that the compiler can compute itself proves nothing about the GPU.
template <class Hardware>
__global__ __launch_bounds__(kThreads) void workgroup_atomics(const unsigned* input, unsigned* output) {
  EWALD_SHARED_VALUE(unsigned, sum);
  EWALD_SHARED_VALUE(unsigned, highest);
  EWALD_SHARED(unsigned, taken, 4);
  if (threadIdx.x == 0) sum = highest = 0;
  if (threadIdx.x < 4) taken[threadIdx.x] = 0;
  __syncthreads();
  const unsigned value = input[threadIdx.x] + blockIdx.x;
  atomicMax(&highest, value);
  // Each thread takes a different place.
  const unsigned place = Hardware::add_shared(&sum, 1u);
  atomicOr(&taken[place / 32 % 4], 1u << place % 32);
  __syncthreads();
  if (threadIdx.x == 0) {
    output[8 * blockIdx.x] = sum;
    output[8 * blockIdx.x + 1] = highest;
  }
  if (threadIdx.x < 4) output[8 * blockIdx.x + 2 + threadIdx.x] = taken[threadIdx.x];
}

template <class Hardware>
__global__ __launch_bounds__(kThreads) void storage_atomics(const unsigned* input, unsigned* output) {
  const unsigned value = input[threadIdx.x] + kThreads * blockIdx.x;
  Hardware::add_global(&output[0], value);
  atomicMax(&output[1], value);
  atomicOr(&output[2], 1u << value % 32);
  // Two threads compete for each slot, and one of them gets it.
  if (Hardware::swap_global(&output[4 + value / 2], 0u, value / 2 + 1) == 0) atomicAdd(&output[3], 1u);
}

template <class Hardware>
__global__ __launch_bounds__(kThreads) void workgroup_memory(const unsigned* input, unsigned* output) {
  EWALD_SHARED(unsigned, cells, kThreads);
  cells[threadIdx.x] = input[threadIdx.x] + blockIdx.x;
  Hardware::barrier();
  output[blockIdx.x * kThreads + threadIdx.x] =
      cells[(threadIdx.x + 65) % kThreads] + cells[kThreads - 1 - threadIdx.x];
}

// Running sums: in each turn all read what others wrote in the turn before.
template <class Hardware>
__global__ __launch_bounds__(kThreads) void loop_barriers(const unsigned* input, unsigned* output) {
  EWALD_SHARED(unsigned, cells, kThreads);
  cells[threadIdx.x] = input[threadIdx.x] + blockIdx.x;
  __syncthreads();
  for (unsigned step = 1; step < input[kThreads]; step *= 2) {
    const unsigned before = threadIdx.x >= step ? cells[threadIdx.x - step] : 0;
    Hardware::barrier_in_loop();
    cells[threadIdx.x] += before;
    Hardware::barrier_in_loop();
  }
  output[blockIdx.x * kThreads + threadIdx.x] = cells[threadIdx.x];
}

template <class Hardware>
__global__ __launch_bounds__(kThreads) void shuffles(const unsigned* input, unsigned* output) {
  const unsigned lane = threadIdx.x % 32, value = input[threadIdx.x] + blockIdx.x;
  const unsigned next = Hardware::down(value, 3), partner = Hardware::across(value, 21);
  const unsigned odd = Hardware::ballot(value % 2 == 1);
  output[blockIdx.x * kThreads + threadIdx.x] = (lane < 29 ? next : 0) + 1000 * partner + (odd ^ 0xaaaaaaaau);
}

// Products and sums that float64 holds exactly and float32 does not, their quotients and roots.
template <class Hardware>
__global__ __launch_bounds__(kThreads) void doubles(const unsigned* input, unsigned* output) {
  const double a = double(input[threadIdx.x]) * 8388608.0 + 1.0 + blockIdx.x, b = a + 134217728.0;
  const double product = Hardware::product(a, 1048576.0) + 3.0;
  const bool right = (product - 3.0) / 1048576.0 == a && sqrt(b * b) == b;
  const auto whole = static_cast<unsigned long long>(product);
  output[blockIdx.x * kThreads + threadIdx.x] = (unsigned(whole) ^ unsigned(whole >> 32)) + (right ? 0u : 1u << 31);
}

template <class Hardware>
__global__ __launch_bounds__(kThreads) void integers(const unsigned* input, unsigned* output) {
  const unsigned a = input[threadIdx.x] * 0x9e3779b1u + blockIdx.x, b = ~a * 0x85ebca6bu;
  output[blockIdx.x * kThreads + threadIdx.x] =
      Hardware::high(a, b) ^ a * b ^ __popc(a) << 8 ^ __clz(int(b >> threadIdx.x % 32)) ^ a % (b | 1u);
}

// A problem, named as in src/compute/backends/mechanisms.ts.
struct Problem {
  const char* name;
  void (*kernel)(const unsigned*, unsigned*);
  unsigned words;
  std::function<unsigned(unsigned word)> answer;
};

inline unsigned running_sum(unsigned word) {
  const unsigned lane = word % kThreads, block = word / kThreads;
  return lane * (lane + 1) / 2 + (lane + 1) * block;
}
inline unsigned shuffled(unsigned word) {
  const unsigned lane = word % 32, warp = word % kThreads - lane, block = word / kThreads;
  const auto value = [&](unsigned at) { return warp + at + block; };
  const unsigned odd = block % 2 == 0 ? 0xaaaaaaaau : 0x55555555u;
  return (lane < 29 ? value(lane + 3) : 0) + 1000 * value(lane ^ 21) + (odd ^ 0xaaaaaaaau);
}
inline unsigned folded_product(unsigned word) {
  const unsigned long long a = (word % kThreads) * 8388608ull + 1 + word / kThreads, whole = a * 1048576ull + 3;
  return unsigned(whole) ^ unsigned(whole >> 32);
}
inline unsigned mixed_integers(unsigned word) {
  const unsigned a = word % kThreads * 0x9e3779b1u + word / kThreads, b = ~a * 0x85ebca6bu;
  const auto high = unsigned(static_cast<unsigned long long>(a) * b >> 32);
  return high ^ a * b ^ unsigned(std::popcount(a)) << 8 ^ unsigned(std::countl_zero(b >> word % 32)) ^ a % (b | 1u);
}

template <class Hardware>
std::vector<Problem> problems() {
  return {
      {"workgroupAtomics", workgroup_atomics<Hardware>, 8 * kBlocks,
       [](unsigned word) {
         const unsigned i = word % 8;
         return i == 0 ? kThreads : i == 1 ? kThreads - 1 + word / 8 : i < 6 ? ~0u : 0;
       }},
      {"storageAtomics", storage_atomics<Hardware>, 4 + kWords / 2,
       [](unsigned word) {
         const unsigned first[] = {kWords * (kWords - 1) / 2, kWords - 1, ~0u, kWords / 2};
         return word < 4 ? first[word] : word - 3;
       }},
      {"workgroupMemory", workgroup_memory<Hardware>, kWords,
       [](unsigned word) {
         const unsigned lane = word % kThreads;
         return (lane + 65) % kThreads + kThreads - 1 - lane + 2 * (word / kThreads);
       }},
      {"loopBarriers", loop_barriers<Hardware>, kWords, running_sum},
      {"shuffles", shuffles<Hardware>, kWords, shuffled},
      {"doubles", doubles<Hardware>, kWords, folded_product},
      {"integers", integers<Hardware>, kWords, mixed_integers},
  };
}

// Words of device memory that a test needs: the input, and a result for each of at most eight problems.
constexpr unsigned kInputWords = kThreads + 1, kMemoryWords = kInputWords + 8 * kWords;

// Runs all problems on a stream. `faults` has a line for each mechanism that failed, `NAME\tREASON`.
template <class Hardware>
cudaError_t find_faults(cudaStream_t stream, unsigned* memory, std::string& faults) {
  std::vector<unsigned> words(kMemoryWords, 0);
  for (unsigned i = 0; i < kThreads; ++i) words[i] = i;
  words[kThreads] = kThreads;
  const std::size_t bytes = words.size() * sizeof(unsigned);
  cudaError_t code = cudaMemcpyAsync(memory, words.data(), bytes, cudaMemcpyHostToDevice, stream);
  const std::vector<Problem> all = problems<Hardware>();
  for (unsigned p = 0; code == cudaSuccess && p < all.size(); ++p) {
    EWALD_LAUNCH(all[p].kernel, kBlocks, kThreads, 0, stream, memory, memory + kInputWords + p * kWords);
    code = cudaGetLastError();
  }
  if (code == cudaSuccess) code = cudaMemcpyAsync(words.data(), memory, bytes, cudaMemcpyDeviceToHost, stream);
  if (code == cudaSuccess) code = cudaStreamSynchronize(stream);
  if (code != cudaSuccess) return code;
  for (unsigned p = 0; p < all.size(); ++p) {
    const unsigned* const found = words.data() + kInputWords + p * kWords;
    unsigned wrong = 0, first = 0;
    for (unsigned i = all[p].words; i-- > 0;) {
      if (found[i] == all[p].answer(i)) continue;
      ++wrong;
      first = i;
    }
    if (wrong > 0)
      faults += std::string(all[p].name) + "\tword " + std::to_string(first) + " is " + std::to_string(found[first]) +
                ", expected " + std::to_string(all[p].answer(first)) + " (" + std::to_string(wrong) + " of " +
                std::to_string(all[p].words) + " words are wrong)\n";
  }
  return cudaSuccess;
}

}  // namespace ewald::cuda::self_test
