// Invalid addresses: out of range, misaligned, never written, not on the device. Also arithmetic that a GPU does
// differently.
#include <memory>

#include "../../common/span.h"
#include "cases.h"

namespace ewald::emulator::broken {
namespace {

template <bool Broken>
__global__ void globalRead(const int* in, int* out, int n) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) out[i] = in[Broken ? i + 1 : i];
}

template <bool Broken>
__global__ void globalWrite(int* out, int n) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (Broken ? i <= n : i < n) out[i] = i;
}

template <bool Broken>
__global__ void farWrite(int* out, int n) {
  const long long i = threadIdx.x;
  if (i < n) out[Broken ? i << 40 : i] = int(i);
}

template <bool Broken>
__global__ void sharedWrite(int* out) {
  EWALD_SHARED(int, tile, 64);
  EWALD_SHARED(int, other, 64);
  other[threadIdx.x] = 1;
  tile[Broken ? threadIdx.x + 1 : threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x] + other[threadIdx.x];
}

// A pointer loses the bounds of the type, but not the gaps between arrays.
template <bool Broken>
__device__ __noinline__ void fill(int* row, int i) {
  row[Broken ? i + 1 : i] = i;
}
template <bool Broken>
__global__ void sharedWriteThroughPointer(int* out) {
  EWALD_SHARED(int, tile, 64);
  fill<Broken>(tile, int(threadIdx.x));
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

// Row 0 of a two-dimensional array: the address is still inside the array, but the index is not.
template <bool Broken>
__global__ void sharedColumn(int* out) {
  EWALD_SHARED_2D(int, tile, 2, 32);
  tile[0][Broken ? threadIdx.x + 1 : threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = tile[0][31 - threadIdx.x];
}

template <bool Broken>
__global__ void dynamicShared(int* out) {
  EWALD_DYNAMIC_SHARED(int, tile);
  tile[Broken ? threadIdx.x + 1 : threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

template <bool Broken>
__global__ void localArray(int* out, const int* in) {
  int histogram[8] = {};
  for (int i = 0; i < 16; ++i) ++histogram[in[i] & (Broken ? 15 : 7)];
  out[threadIdx.x] = histogram[threadIdx.x & 7];
}

template <bool Broken>
__global__ void span(cuda::DeviceSpan<int> half) {
  half[Broken ? threadIdx.x + 1 : threadIdx.x] = int(threadIdx.x);
}

template <bool Broken>
__global__ void vectorLoad(const float* in, float* out) {
  const float4 v = *reinterpret_cast<const float4*>(in + (Broken ? 1 : 0));
  out[threadIdx.x] = v.x + v.y + v.z + v.w;
}

template <bool Broken>
__global__ void uninitialisedShared(int* out) {
  EWALD_SHARED(int, tile, 64);
  if (!Broken || threadIdx.x != 5) tile[threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

template <bool Broken>
__global__ void copyGlobal(const int* in, int* out) {
  out[threadIdx.x] = in[threadIdx.x];
}

template <bool Broken>
__global__ void localOfAnother(int* out) {
  EWALD_SHARED(int*, where, 32);
  int mine = int(threadIdx.x);
  where[threadIdx.x] = &mine;
  __syncthreads();
  out[threadIdx.x] = *where[Broken ? threadIdx.x ^ 1 : threadIdx.x];
  __syncthreads();
}

template <bool Broken>
__global__ void divide(const int* in, int* out) {
  out[threadIdx.x] = 100 / (in[threadIdx.x] + (Broken ? 0 : 1));
}

template <bool Broken>
__global__ void shift(const int* in, int* out) {
  out[threadIdx.x] = int(1u << (in[threadIdx.x] + (Broken ? 1 : 0)));
}

template <bool Broken>
__global__ void convert(const float* in, int* out) {
  const float x = in[threadIdx.x] * 1e9f;
  out[threadIdx.x] = Broken ? int(x) : __float2int_rz(x);
}

template <bool Broken>
__global__ void tooMuchShared(int* out) {
  EWALD_SHARED(int, tile, Broken ? 13000 : 12000);
  tile[threadIdx.x] = int(threadIdx.x);
  out[threadIdx.x] = tile[threadIdx.x];
}

}  // namespace

std::vector<Case> memoryCases() {
  using enum Finding;
  return {
      {"global read out of range", outOfRange,
       [](bool broken) {
         Array<int> in(100), out(100);
         EWALD_TWINS(broken, globalRead, 4, 32, 0, in.data(), out.data(), 100);
         return out.at(99) == 99;
       }},
      {"global write out of range", outOfRange,
       [](bool broken) {
         Array<int> out(100, false);
         EWALD_TWINS(broken, globalWrite, 4, 32, 0, out.data(), 100);
         return out.at(99) == 99;
       }},
      {"global write far out of range", foreignAddress,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, farWrite, 1, 32, 0, out.data(), 32);
         return out.at(31) == 31;
       }},
      {"shared write out of range", outOfRange,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, sharedWrite, 1, 64, 0, out.data());
         return out.at(0) == 64;
       }},
      {"shared write out of range through a pointer", outOfRange,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, sharedWriteThroughPointer, 1, 64, 0, out.data());
         return out.at(0) == 63;
       }},
      {"column out of range in a shared array", outOfRange,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, sharedColumn, 1, 32, 0, out.data());
         return out.at(0) == 31;
       }},
      {"dynamic shared write out of range", outOfRange,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, dynamicShared, 1, 64, 64 * sizeof(int), out.data());
         return out.at(0) == 63;
       }},
      {"local array out of range", outOfRange,
       [](bool broken) {
         Array<int> in(16), out(32, false);
         EWALD_TWINS(broken, localArray, 1, 32, 0, out.data(), in.data());
         return out.at(3) == 2;
       }},
      {"span out of range inside its allocation", outOfRange,
       [](bool broken) {
         Array<int> out(64);
         EWALD_TWINS(broken, span, 1, 32, 0, cuda::DeviceSpan<int>(out.data(), 32));
         return out.at(31) == 31 && out.at(32) == 32;
       }},
      {"misaligned vector load", misaligned,
       [](bool broken) {
         Array<float> in(16), out(1, false);
         EWALD_TWINS(broken, vectorLoad, 1, 1, 0, in.data(), out.data());
         return out.at(0) == 6.0f;
       }},
      {"read of uninitialised shared memory", uninitialisedShared,
       [](bool broken) {
         Array<int> out(64, false);
         EWALD_TWINS(broken, broken::uninitialisedShared, 1, 64, 0, out.data());
         return out.at(0) == 63;
       }},
      {"read of uninitialised device memory", uninitialisedGlobal,
       [](bool broken) {
         Array<int> in(32, !broken), out(32, false);
         EWALD_TWINS(broken, copyGlobal, 1, 32, 0, in.data(), out.data());
         return out.at(7) == 7;
       }},
      {"use after free", outOfRange,
       [](bool broken) {
         Array<int> out(32, false);
         auto in = std::make_unique<Array<int>>(32);
         const int* stale = in->data();
         if (broken) in.reset();
         EWALD_TWINS(broken, copyGlobal, 1, 32, 0, stale, out.data());
         return out.at(7) == 7;
       }},
      {"host pointer on the device", foreignAddress,
       [](bool broken) {
         Array<int> in(32), out(32, false);
         const std::vector<int> host(32, 7);
         EWALD_TWINS(broken, copyGlobal, 1, 32, 0, broken ? host.data() : in.data(), out.data());
         return out.at(7) == 7;
       }},
      {"local variable of another thread", localOfAnotherThread,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, localOfAnother, 1, 32, 0, out.data());
         return out.at(7) == 7;
       }},
      {"division by zero", undefinedArithmetic,
       [](bool broken) {
         Array<int> in(32), out(32, false);
         EWALD_TWINS(broken, divide, 1, 32, 0, in.data(), out.data());
         return out.at(0) == 100;
       }},
      {"shift by 32", undefinedArithmetic,
       [](bool broken) {
         Array<int> in(32), out(32, false);
         EWALD_TWINS(broken, shift, 1, 32, 0, in.data(), out.data());
         return out.at(4) == 16;
       }},
      {"conversion out of range", undefinedArithmetic,
       [](bool broken) {
         Array<float> in(32);
         Array<int> out(32, false);
         EWALD_TWINS(broken, convert, 1, 32, 0, in.data(), out.data());
         return out.at(1) == 1000000000 && out.at(31) == 2147483647;
       }},
      {"more shared memory than a block may have", sharedMemoryTooLarge,
       [](bool broken) {
         Array<int> out(32, false);
         EWALD_TWINS(broken, tooMuchShared, 1, 32, 0, out.data());
         return out.at(7) == 7;
       }},
  };
}

}  // namespace ewald::emulator::broken
