// The one way to start a kernel: EWALD_LAUNCH(kernel, grid, block, sharedBytes, stream, arguments...). With nvcc it is
// kernel<<<...>>>(...); with g++ a call of the emulator. A template kernel goes in parentheses:
// EWALD_LAUNCH((transform<float, 4>), ...). Check cudaGetLastError afterwards (EWALD_CUDA(cudaGetLastError()) of
// check.h).
#pragma once
#include <cuda_runtime.h>

#ifdef EWALD_CUDA_EMULATOR
#define EWALD_LAUNCH(kernel, grid, block, sharedBytes, stream, ...)                              \
  ::ewald::emulator::launchKernel(#kernel, __FILE__, __LINE__, kernel, grid, block, sharedBytes, \
                                  stream __VA_OPT__(, ) __VA_ARGS__)
#else
#define EWALD_LAUNCH(kernel, grid, block, sharedBytes, stream, ...) \
  kernel<<<(grid), (block), (sharedBytes), (stream)>>>(__VA_ARGS__)
#endif
