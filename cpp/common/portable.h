// Keywords for code shared by the C++ core and the CUDA kernels: one header, compiled by the host's compiler for every
// instruction set and by nvcc for host and device, which knows its runtime's keywords without an include.
//
// Everything is static, so that the linker cannot choose AVX-512 code of one translation unit as the shared copy for
// all.
#pragma once

#if defined(__CUDACC__) || defined(EWALD_CUDA_EMULATOR)
#define EWALD_HD static __host__ __device__ __forceinline__
#define EWALD_HD_INLINE EWALD_HD
// Called from many places, or rarely: not worth inlining.
#define EWALD_HD_CALL [[maybe_unused]] static __host__ __device__ __noinline__
#define EWALD_TABLE const
#else
#define EWALD_HD static inline
#define EWALD_HD_INLINE static inline __attribute__((always_inline))
#define EWALD_HD_CALL [[maybe_unused]] static
#define EWALD_TABLE static constexpr
#endif

#if defined(__CUDA_ARCH__)
#define EWALD_UNROLL _Pragma("unroll")
#else
#define EWALD_UNROLL
#endif
