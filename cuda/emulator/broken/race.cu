// Missing barriers and unguarded counters.
#include "cases.h"

namespace ewald::emulator::broken {
namespace {

template <bool Broken>
__global__ void reverse(const int* in, int* out) {
  EWALD_SHARED(int, tile, 128);
  tile[threadIdx.x] = in[threadIdx.x];
  if (!Broken) __syncthreads();
  out[threadIdx.x] = tile[127 - threadIdx.x];
}

// The read of one round and the write of the next.
template <bool Broken>
__global__ void shiftTwice(const int* in, int* out) {
  EWALD_SHARED(int, tile, 128);
  int value = in[threadIdx.x];
  for (int round = 0; round < 2; ++round) {
    tile[threadIdx.x] = value;
    __syncthreads();
    value = tile[(threadIdx.x + 1) % 128];
    if (!Broken) __syncthreads();
  }
  out[threadIdx.x] = value;
}

template <bool Broken>
__global__ void counter(int* out) {
  EWALD_SHARED_VALUE(int, count);
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  if (Broken)
    count = count + 1;
  else
    atomicAdd(&count, 1);
  __syncthreads();
  if (threadIdx.x == 0) *out = count;
}

// Lanes of one warp: an implicit lockstep that no GPU since Volta guarantees.
template <bool Broken>
__global__ void warpReduce(const int* in, int* out) {
  EWALD_SHARED(int, tile, 32);
  const unsigned lane = threadIdx.x;
  tile[lane] = in[lane];
  __syncwarp();
  for (unsigned half = 16; half > 0; half /= 2) {
    if (lane < half) tile[lane] += tile[lane + half];
    if (!Broken) __syncwarp();
  }
  if (lane == 0) *out = tile[0];
}

// __syncwarp is not enough between two warps.
template <bool Broken>
__global__ void acrossWarps(const int* in, int* out) {
  EWALD_SHARED(int, tile, 64);
  tile[threadIdx.x] = in[threadIdx.x];
  if (Broken)
    __syncwarp();
  else
    __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x ^ 32];
}

// A shuffle synchronises lanes but does not order their memory accesses.
template <bool Broken>
__global__ void shuffleAsBarrier(const int* in, int* out) {
  EWALD_SHARED(int, tile, 32);
  tile[threadIdx.x] = in[threadIdx.x];
  const int token = __shfl_sync(0xffffffffu, 1, 0);
  if (!Broken) __syncwarp();
  out[threadIdx.x] = token * tile[31 - threadIdx.x];
}

template <bool Broken>
__global__ void globalInBlock(int* data) {
  const int value = data[63 - threadIdx.x];
  if (!Broken) __syncthreads();
  data[threadIdx.x] = value;
}

template <bool Broken>
__global__ void globalAcrossBlocks(int* sum) {
  if (threadIdx.x != 0) return;
  if (Broken)
    *sum += 1;
  else
    atomicAdd(sum, 1);
}

// Atomic and plain access of the same word.
template <bool Broken>
__global__ void mixed(int* out) {
  EWALD_SHARED_VALUE(int, flag);
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  atomicMax(&flag, int(threadIdx.x));
  if (!Broken) __syncthreads();
  if (threadIdx.x == 7) *out = flag;
}

// The last block adds the results of all blocks, which is correct only with the fences.
template <bool Broken>
__global__ void lastBlockAdds(int* partial, unsigned* done, int* out) {
  EWALD_SHARED_VALUE(bool, last);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = int(blockIdx.x) + 1;
    if (!Broken) __threadfence();
    last = atomicAdd(done, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  if (!Broken) __threadfence();
  if (threadIdx.x == 0) {
    int sum = 0;
    for (unsigned b = 0; b < gridDim.x; ++b) sum += partial[b];
    *out = sum;
  }
}

}  // namespace

std::vector<Case> raceCases() {
  using enum Finding;
  return {
      {"no barrier before a read", sharedRace,
       [](bool broken) {
         Array<int> in(128), out(128, false);
         EWALD_TWINS(broken, reverse, 1, 128, 0, in.data(), out.data());
         return out.at(0) == 127;
       }},
      {"no barrier after a read", sharedRace,
       [](bool broken) {
         Array<int> in(128), out(128, false);
         EWALD_TWINS(broken, shiftTwice, 1, 128, 0, in.data(), out.data());
         return out.at(0) == 2;
       }},
      {"counter without an atomic", sharedRace,
       [](bool broken) {
         Array<int> out(1, false);
         EWALD_TWINS(broken, counter, 1, 128, 0, out.data());
         return out.at(0) == 128;
       }},
      {"lanes in lockstep by faith", sharedRace,
       [](bool broken) {
         Array<int> in(32), out(1, false);
         EWALD_TWINS(broken, warpReduce, 1, 32, 0, in.data(), out.data());
         return out.at(0) == 496;
       }},
      {"__syncwarp between warps", sharedRace,
       [](bool broken) {
         Array<int> in(64), out(64, false);
         EWALD_TWINS(broken, acrossWarps, 1, 64, 0, in.data(), out.data());
         return out.at(0) == 32;
       }},
      {"shuffle taken for a barrier", sharedRace,
       [](bool broken) {
         Array<int> in(32), out(32, false);
         EWALD_TWINS(broken, shuffleAsBarrier, 1, 32, 0, in.data(), out.data());
         return out.at(0) == 31;
       }},
      {"atomic and plain access together", sharedRace,
       [](bool broken) {
         Array<int> out(1, false);
         EWALD_TWINS(broken, mixed, 1, 64, 0, out.data());
         return out.at(0) == 63;
       }},
      {"device memory between threads of a block", globalRace,
       [](bool broken) {
         Array<int> data(64);
         EWALD_TWINS(broken, globalInBlock, 1, 64, 0, data.data());
         return data.at(0) == 63;
       }},
      {"device memory between blocks", globalRace,
       [](bool broken) {
         Array<int> sum(1);
         EWALD_TWINS(broken, globalAcrossBlocks, 8, 32, 0, sum.data());
         return sum.at(0) == 8;
       }},
      {"last block without a fence", globalRace,
       [](bool broken) {
         Array<int> partial(8, false), out(1, false);
         Array<unsigned> done(1);
         EWALD_TWINS(broken, lastBlockAdds, 8, 32, 0, partial.data(), done.data(), out.data());
         return out.at(0) == 36;
       }},
  };
}

}  // namespace ewald::emulator::broken
