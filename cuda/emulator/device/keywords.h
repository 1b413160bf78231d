// The keywords that nvcc adds to C++.
#pragma once
#include <cstddef>
#include <cstdint>

#define EWALD_CUDA_EMULATOR 1

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) alignas(bytes)
#ifndef __noinline__
#define __noinline__
#endif
// A plain __shared__ array would be an ordinary static here, invisible to the checks. EWALD_SHARED
// (cuda/common/shared.h) is visible to them.
#define __shared__ \
  _Pragma("GCC error \"declare shared memory with EWALD_SHARED, EWALD_SHARED_2D or EWALD_DYNAMIC_SHARED\"")
