// Mistakes of host code, and a stray write that only the guard words reveal in a launch without checks.
#include "cases.h"

namespace ewald::emulator::broken {
namespace {

template <bool Broken>
__global__ void pastTheEnd(int* out, int n) {
  if (int(threadIdx.x) < n) out[Broken ? threadIdx.x + 1 : threadIdx.x] = 1;
}

}  // namespace

std::vector<Case> hostCases() {
  using enum Finding;
  return {
      {"stray write without checks", guardOverwritten,
       [](bool broken) {
         const Mode before = mode();
         setMode({});
         bool right = false;
         {
           Array<int> out(20, false);
           EWALD_TWINS(broken, pastTheEnd, 1, 32, 0, out.data(), 20);
           right = cudaDeviceSynchronize() == cudaSuccess && out.at(19) == 1;
         }
         setMode(before);
         return right;
       },
       true},
      {"copy longer than its memory", outOfRange,
       [](bool broken) {
         Array<int> data(16);
         std::vector<int> host(17);
         return cudaMemcpy(host.data(), data.data(), (broken ? 17 : 16) * sizeof(int), cudaMemcpyDeviceToHost) ==
                    cudaSuccess &&
                host[15] == 15;
       },
       true},
      {"fill of memory that was freed", outOfRange,
       [](bool broken) {
         int* data = nullptr;
         cudaMalloc(&data, 64);
         if (broken) cudaFree(data);
         const bool right = cudaMemset(data, 0, 64) == cudaSuccess;
         if (!broken) cudaFree(data);
         return right;
       },
       true},
  };
}

}  // namespace ewald::emulator::broken
