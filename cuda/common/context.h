// A context: one device, one stream, and the device bytes it holds. Rooms take its lock for a run (Use), which also
// selects its device on the calling thread: CUDA stores the selected device per thread, and runs come from any worker.
#pragma once
#include <cuda_runtime.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "ewald_cuda.h"

namespace ewald::cuda {
template <class T>
class DeviceBuffer;
template <class T>
class PinnedBuffer;
class Staging;
}  // namespace ewald::cuda

struct ewald_cuda_context {
  explicit ewald_cuda_context(int device);
  ~ewald_cuda_context();
  ewald_cuda_context(const ewald_cuda_context&) = delete;
  ewald_cuda_context& operator=(const ewald_cuda_context&) = delete;

  int device = 0;
  int multiprocessors = 0;
  // Of the L2 cache; of the memory, at best. 0 if the driver does not know.
  std::uint64_t l2Bytes = 0;
  double bytesPerSecond = 0;
  cudaStream_t stream = nullptr;
  std::atomic<std::uint64_t> liveBytes{0};
  std::atomic<bool> lost{false};
  std::mutex busy;
  // One counter on the device and its copy on the host, for rooms whose result is a number.
  std::unique_ptr<ewald::cuda::DeviceBuffer<unsigned long long>> counter;
  std::unique_ptr<ewald::cuda::PinnedBuffer<unsigned long long>> counterOnHost;
  // For long copies of host arrays; allocates its memory on the first copy.
  std::unique_ptr<ewald::cuda::Staging> staging;
};

namespace ewald::cuda {

// Held for the duration of a run.
class Use {
public:
  explicit Use(ewald_cuda_context& context);

private:
  std::unique_lock<std::mutex> lock_;
};

// Marks the context, and its device for the next context that is opened.
void markLost(ewald_cuda_context& context);

// The part of a run without the context's lock, on a thread that has used the context: an error that loses the device
// still marks it.
template <class Body>
void losingContext(ewald_cuda_context* context, Body&& body);

// Runs body on the context; an error that loses the device marks the context, so that later runs report it immediately.
template <class Body>
void useContext(ewald_cuda_context* context, Body&& body);

}  // namespace ewald::cuda

#include "check.h"

template <class Body>
void ewald::cuda::losingContext(ewald_cuda_context* context, Body&& body) {
  try {
    body();
  } catch (const CudaError& error) {
    if (error.status() == EWALD_STATUS_DEVICE_LOST) markLost(*context);
    throw;
  }
}

template <class Body>
void ewald::cuda::useContext(ewald_cuda_context* context, Body&& body) {
  if (!context) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "the CUDA context is null");
  const Use use(*context);
  losingContext(context, body);
}
