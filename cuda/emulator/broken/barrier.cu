// Barriers that only part of the block reaches, and threads that never reach one.
#include "cases.h"

namespace ewald::emulator::broken {
namespace {

template <bool Broken>
__global__ void halfBlock(int* out) {
  if (!Broken || threadIdx.x < 32) __syncthreads();
  out[threadIdx.x] = 1;
}

template <bool Broken>
__global__ void earlyReturn(int* out, int n) {
  const bool mine = int(threadIdx.x) < n;
  if (Broken && !mine) return;
  __syncthreads();
  if (mine) out[threadIdx.x] = 1;
}

// Every thread reaches a barrier, but not all the same one.
template <bool Broken>
__global__ void twoBranches(int* out) {
  if (Broken) {
    if (threadIdx.x % 64 < 32) {
      out[threadIdx.x] = 1;
      __syncthreads();
    } else {
      out[threadIdx.x] = 2;
      __syncthreads();
    }
  } else {
    out[threadIdx.x] = threadIdx.x % 64 < 32 ? 1 : 2;
    __syncthreads();
  }
}

template <bool Broken>
__global__ void unequalLoops(int* out) {
  const int rounds = Broken ? 1 + int(threadIdx.x / 32) : 2;
  int count = 0;
  for (int i = 0; i < rounds; ++i) count += __syncthreads_count(i == 0);
  out[threadIdx.x] = count;
}

template <bool Broken>
__global__ void spin(int* flag, int* out) {
  if (threadIdx.x == 0 && !Broken) atomicExch(flag, 1);
  if (threadIdx.x == 63)
    while (atomicAdd(flag, 0) != 1) {
    }
  out[threadIdx.x] = 1;
}

}  // namespace

std::vector<Case> barrierCases() {
  using enum Finding;
  return {
      {"barrier in a divergent branch", divergentBarrier,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, halfBlock, 1, 64, 0, out.data());
         return out.at(63) == 1;
       }},
      {"early return before a barrier", divergentBarrier,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, earlyReturn, 1, 64, 0, out.data(), 50);
         return out.at(49) == 1;
       }},
      {"two barriers for one", divergentBarrier,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, twoBranches, 1, 64, 0, out.data());
         return out.at(63) == 2;
       }},
      {"unequal numbers of barriers", divergentBarrier,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, unequalLoops, 1, 64, 0, out.data());
         return out.at(63) == 64;
       }},
      {"a flag that is never set", hang,
       [](bool broken) {
         Array<int> flag(1), out(64, false);
         EWALD_TWINS(broken, spin, 1, 64, 0, flag.data(), out.data());
         return out.at(63) == 1;
       }},
  };
}

}  // namespace ewald::emulator::broken
