// Shuffles and votes that some named lanes do not reach.
#include "cases.h"

namespace ewald::emulator::broken {
namespace {

template <bool Broken>
__global__ void divergentShuffle(int* out) {
  int value = int(threadIdx.x);
  if (!Broken || threadIdx.x % 32 < 16) value += __shfl_down_sync(0xffffffffu, value, 8);
  __syncthreads();
  out[threadIdx.x] = value;
}

// Two shuffles on the two sides of a branch.
template <bool Broken>
__global__ void twoShuffles(int* out) {
  int value = int(threadIdx.x);
  if (Broken) {
    if (threadIdx.x % 32 < 16)
      value = __shfl_xor_sync(0xffffffffu, value, 1);
    else
      value = __shfl_xor_sync(0xffffffffu, value, 2);
  } else {
    const unsigned half = threadIdx.x % 32 < 16 ? 0x0000ffffu : 0xffff0000u;
    if (threadIdx.x % 32 < 16)
      value = __shfl_xor_sync(half, value, 1);
    else
      value = __shfl_xor_sync(half, value, 2);
  }
  out[threadIdx.x] = value;
}

template <bool Broken>
__global__ void divergentVote(int* out) {
  unsigned votes = 0;
  if (!Broken || threadIdx.x != 3) votes = __ballot_sync(0xffffffffu, threadIdx.x & 1);
  out[threadIdx.x] = int(votes);
}

// The mask omits lanes that call.
template <bool Broken>
__global__ void maskTooNarrow(int* out) {
  out[threadIdx.x] = __shfl_sync(Broken ? 0x0000ffffu : 0xffffffffu, int(threadIdx.x), 0);
}

template <bool Broken>
__global__ void unequalMasks(int* out) {
  const unsigned mask = Broken && threadIdx.x == 0 ? 0x7fffffffu : 0xffffffffu;
  out[threadIdx.x] = __any_sync(mask, threadIdx.x == 5);
}

// A block of 40 threads has a second warp of eight lanes.
template <bool Broken>
__global__ void shortWarp(int* out) {
  const unsigned lanes = !Broken && threadIdx.x >= 32 ? 0xffu : 0xffffffffu;
  out[threadIdx.x] = __popc(__ballot_sync(lanes, 1));
}

template <bool Broken>
__global__ void sourceOutsideMask(int* out) {
  if (threadIdx.x < 8) out[threadIdx.x] = __shfl_sync(0xffu, int(threadIdx.x), Broken ? 12 : 4);
}

}  // namespace

std::vector<Case> warpCases() {
  using enum Finding;
  return {
      {"shuffle in a divergent warp", divergentWarp,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, divergentShuffle, 1, 64, 0, out.data());
         return out.at(32) == 72 && out.at(31) == 62;
       }},
      {"shuffles on two sides of a branch", divergentWarp,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, twoShuffles, 1, 32, 0, out.data());
         return out.at(0) == 1 && out.at(16) == 18;
       }},
      {"vote without one lane", divergentWarp,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, divergentVote, 1, 32, 0, out.data());
         return unsigned(out.at(3)) == 0xaaaaaaaau;
       }},
      {"caller outside its mask", wrongMask,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, maskTooNarrow, 1, 32, 0, out.data());
         return out.at(31) == 0;
       }},
      {"lanes with unequal masks", wrongMask,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, unequalMasks, 1, 32, 0, out.data());
         return out.at(31) == 1;
       }},
      {"mask of lanes that do not exist", wrongMask,
       [](bool broken) {
         Array<int> out(40, false);
         EWALD_TWINS(broken, shortWarp, 1, 40, 0, out.data());
         return out.at(39) == 8;
       }},
      {"shuffle from a lane outside the mask", wrongMask,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, sourceOutsideMask, 1, 32, 0, out.data());
         return out.at(7) == 4;
       }},
  };
}

}  // namespace ewald::emulator::broken
