// Shared memory, declared so that nvcc sees plain __shared__ variables and the emulator sees arrays with names and
// bounds.
//   EWALD_SHARED(float, tile, 256);            __shared__ float tile[256]
//   EWALD_SHARED_2D(float, tile, 32, 33);      __shared__ float tile[32][33]
//   EWALD_SHARED_VALUE(unsigned, count);       __shared__ unsigned count
//   EWALD_DYNAMIC_SHARED(float2, scratch);     float2* scratch, the bytes given by the launch
// A type with a comma needs an alias. The types have no constructors. Dynamic shared memory is one block for the whole
// kernel.
#pragma once
#include <cuda_runtime.h>

#ifdef EWALD_CUDA_EMULATOR
#define EWALD_SHARED(T, name, count)   \
  T(&name)                             \
  [count] = *static_cast<T(*)[count]>( \
      ::ewald::emulator::sharedArray(#name, sizeof(T) * (count), alignof(T), sizeof(T), __FILE__, __LINE__))
#define EWALD_SHARED_2D(T, name, rows, columns)                                       \
  T(&name)                                                                            \
  [rows][columns] = *static_cast<T(*)[rows][columns]>(::ewald::emulator::sharedArray( \
      #name, sizeof(T) * (rows) * (columns), alignof(T), sizeof(T), __FILE__, __LINE__))
#define EWALD_SHARED_VALUE(T, name) \
  T& name =                         \
      *static_cast<T*>(::ewald::emulator::sharedArray(#name, sizeof(T), alignof(T), sizeof(T), __FILE__, __LINE__))
#define EWALD_DYNAMIC_SHARED(T, name) \
  T* const name = static_cast<T*>(::ewald::emulator::dynamicShared(#name, sizeof(T)))
#else
#define EWALD_SHARED(T, name, count) __shared__ T name[count]
#define EWALD_SHARED_2D(T, name, rows, columns) __shared__ T name[rows][columns]
#define EWALD_SHARED_VALUE(T, name) __shared__ T name
// One name and one type for all kernels of a file; otherwise nvcc would see two declarations of one symbol.
#define EWALD_DYNAMIC_SHARED(T, name)                                 \
  extern __shared__ __align__(16) unsigned char ewaldDynamicShared[]; \
  T* const name = reinterpret_cast<T*>(ewaldDynamicShared)
#endif
