// The self-test of a GPU: the mechanisms that src/compute/backends/mechanisms.ts lists for CUDA.
#include "self_test.cuh"

#include <algorithm>
#include <cstring>

#include "check.h"
#include "context.h"
#include "memory.h"

using namespace ewald::cuda;

extern "C" int32_t ewald_cuda_self_test(ewald_cuda_context* context, char* faults, size_t capacity) {
  return guarded([&] {
    if (!faults || capacity == 0)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_self_test: the buffer for faults is too small");
    *faults = 0;
    useContext(context, [&] {
      DeviceBuffer<unsigned> memory(*context, self_test::kMemoryWords, "the self-test");
      std::string found;
      EWALD_CUDA(self_test::find_faults<self_test::Card>(context->stream, memory.data(), found));
      const std::size_t length = std::min(found.size(), capacity - 1);
      std::memcpy(faults, found.data(), length);
      faults[length] = 0;
    });
  });
}
