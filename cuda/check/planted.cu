// Deliberate mistakes, one for each tool of compute-sanitizer: if a tool does not find its own mistake, its silence
// about the rooms means nothing. (cuda/emulator/broken is the long list, which the emulator must detect.)
#include <cuda_runtime.h>

#include "../common/launch.h"
#include "../common/shared.h"
#include "check.h"

namespace ewald::check {
namespace {

constexpr int kThreads = 64;

// memcheck: the last thread writes past the end.
__global__ void outOfRange(int* out, int n) {
  if (int(threadIdx.x) <= n) out[threadIdx.x] = int(threadIdx.x);
}

// racecheck: a barrier is missing between the write of one warp and the read of the other.
__global__ void race(int* out) {
  EWALD_SHARED(int, tile, kThreads);
  tile[threadIdx.x] = int(threadIdx.x);
  out[threadIdx.x] = tile[kThreads - 1 - threadIdx.x];
}

// initcheck: `in` was never written.
__global__ void uninitialised(const int* in, int* out) { out[threadIdx.x] = in[threadIdx.x] + 1; }

// synccheck: half of a warp waits at a barrier that names the other half. (Threads that have ended count as arrived, so
// that a barrier which only some threads reach is no mistake on cards of architecture 7 and later.)
__global__ void divergent(const int* in, int* out) {
  EWALD_SHARED(int, tile, kThreads);
  tile[threadIdx.x] = in[threadIdx.x];
  __syncwarp(0xffffu);
  out[threadIdx.x] = tile[threadIdx.x ^ 1];
}

}  // namespace

const std::vector<std::string>& plantedTools() {
  static const std::vector<std::string> tools = {"memcheck", "racecheck", "initcheck", "synccheck"};
  return tools;
}

std::string runPlanted(const std::string& tool) {
  int *in = nullptr, *out = nullptr;
  cudaMalloc(&in, kThreads * sizeof(int));
  cudaMalloc(&out, kThreads * sizeof(int));
  if (tool != "initcheck") cudaMemset(in, 0, kThreads * sizeof(int));
  if (tool == "memcheck")
    EWALD_LAUNCH(outOfRange, 1, kThreads + 1, 0, 0, out, kThreads);
  else if (tool == "racecheck")
    EWALD_LAUNCH(race, 1, kThreads, 0, 0, out);
  else if (tool == "initcheck")
    EWALD_LAUNCH(uninitialised, 1, kThreads, 0, 0, in, out);
  else
    EWALD_LAUNCH(divergent, 1, kThreads, 0, 0, in, out);
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t ended = cudaDeviceSynchronize();
  cudaFree(in);
  cudaFree(out);
  return launched != cudaSuccess ? cudaGetErrorString(launched) : ended != cudaSuccess ? cudaGetErrorString(ended) : "";
}

}  // namespace ewald::check
