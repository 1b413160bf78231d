#include "context.h"

#include <cstring>
#include <string>

#include "check.h"
#include "memory.h"
#include "staging.h"

namespace {
// A kernel fault makes the device unusable for the whole process until it is reset, and a reset destroys the memory of
// every context: so the last context of a faulty device resets it on closing, and the next one that opens finds it
// working.
std::mutex mutex;
constexpr int kMaxDevices = 64;
int openContexts[kMaxDevices];
bool spoiled[kMaxDevices];

// An attribute that not every driver knows: 0 if this one does not.
int attributeOrZero(cudaDeviceAttr attribute, int index) {
  int value = 0;
  if (cudaDeviceGetAttribute(&value, attribute, index) == cudaSuccess) return value;
  cudaGetLastError();
  return 0;
}
}  // namespace

ewald_cuda_context::ewald_cuda_context(int index) : device(index) {
  using ewald::cuda::CudaError;
  int count = 0;
  EWALD_CUDA(cudaGetDeviceCount(&count));
  if (index < 0 || index >= count || index >= kMaxDevices) {
    throw CudaError(EWALD_STATUS_NO_DEVICE, "no CUDA device " + std::to_string(index) + ": this machine has " +
                                                std::to_string(count) +
                                                (count == 1  ? " (device 0)"
                                                 : count > 1 ? " (devices 0 to " + std::to_string(count - 1) + ")"
                                                             : std::string()));
  }
  const std::lock_guard lock(mutex);
  if (spoiled[index] && openContexts[index] > 0) {
    throw CudaError(EWALD_STATUS_DEVICE_LOST, "CUDA device " + std::to_string(index) + " was lost; close the " +
                                                  std::to_string(openContexts[index]) +
                                                  " context(s) still open on it, then open a new one");
  }
  EWALD_CUDA(cudaSetDevice(index));
  EWALD_CUDA(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, index));
  l2Bytes = std::uint64_t(attributeOrZero(cudaDevAttrL2CacheSize, index));
  // The clock in kHz, the bus in bits; two transfers in each cycle.
  bytesPerSecond = 2e3 / 8 * attributeOrZero(cudaDevAttrMemoryClockRate, index) *
                   attributeOrZero(cudaDevAttrGlobalMemoryBusWidth, index);
  EWALD_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  try {
    counter = std::make_unique<ewald::cuda::DeviceBuffer<unsigned long long>>(*this, 1, "the counter of a context");
    counterOnHost = std::make_unique<ewald::cuda::PinnedBuffer<unsigned long long>>(1, "the counter of a context");
    staging = std::make_unique<ewald::cuda::Staging>(index);
  } catch (...) {
    counter.reset();
    cudaStreamDestroy(stream);
    throw;
  }
  ++openContexts[index];
}

ewald_cuda_context::~ewald_cuda_context() {
  const std::lock_guard lock(mutex);
  cudaSetDevice(device);
  if (!lost) cudaStreamSynchronize(stream);
  counter.reset();
  counterOnHost.reset();
  staging.reset();
  cudaStreamDestroy(stream);
  if (--openContexts[device] == 0 && spoiled[device]) {
    cudaDeviceReset();
    spoiled[device] = false;
  }
  cudaGetLastError();
}

namespace ewald::cuda {

Use::Use(ewald_cuda_context& context) : lock_(context.busy) {
  if (context.lost)
    throw CudaError(EWALD_STATUS_DEVICE_LOST, "CUDA device " + std::to_string(context.device) +
                                                  " was lost in an earlier run; open a new context");
  EWALD_CUDA(cudaSetDevice(context.device));
}

void markLost(ewald_cuda_context& context) {
  context.lost = true;
  const std::lock_guard lock(mutex);
  spoiled[context.device] = true;
}

// Omits everything that needs a context on the GPU, which would take half a gigabyte for the life of the process.
static void describe(int index, ewald_cuda_device_info& info) {
  cudaDeviceProp properties;
  EWALD_CUDA(cudaGetDeviceProperties(&properties, index));
  info = {};
  static_assert(sizeof info.name == sizeof properties.name);
  std::memcpy(info.name, properties.name, sizeof info.name);
  info.index = index;
  info.compute_major = properties.major;
  info.compute_minor = properties.minor;
  info.multiprocessors = properties.multiProcessorCount;
  info.total_bytes = properties.totalGlobalMem;
  EWALD_CUDA(cudaDriverGetVersion(&info.driver_version));
  EWALD_CUDA(cudaRuntimeGetVersion(&info.runtime_version));
}

}  // namespace ewald::cuda

using namespace ewald::cuda;

extern "C" {

int32_t ewald_cuda_probe(int32_t* devices, int32_t* driver_version, int32_t* runtime_version) {
  return guarded([&] {
    keepMessage("");
    *devices = 0;
    EWALD_CUDA(cudaDriverGetVersion(driver_version));
    EWALD_CUDA(cudaRuntimeGetVersion(runtime_version));
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (code == cudaErrorInsufficientDriver) return keepMessage(driverMessage().c_str());
    if (code == cudaErrorNoDevice || (code == cudaSuccess && count == 0))
      return keepMessage("a CUDA driver was found, but it sees no device");
    EWALD_CUDA(code);
    *devices = count;
  });
}

int32_t ewald_cuda_device(int32_t index, ewald_cuda_device_info* info) {
  return guarded([&] { describe(index, *info); });
}

int32_t ewald_cuda_open(int32_t index, ewald_cuda_context** context) {
  *context = nullptr;
  return guarded([&] { *context = new ewald_cuda_context(index); });
}

int32_t ewald_cuda_close(ewald_cuda_context* context) {
  return guarded([&] {
    if (!context) return;
    { const std::lock_guard drained(context->busy); }
    delete context;
  });
}

int32_t ewald_cuda_pin(ewald_cuda_context* context, size_t bytes, void** memory) {
  return guarded([&] {
    // Without the context's lock: nothing is submitted, and the caller may be the main thread.
    EWALD_CUDA(cudaSetDevice(context->device));
    *memory = allocatePinned(bytes, "a frame");
    std::memset(*memory, 0, bytes);
  });
}
void ewald_cuda_unpin(void* memory) { freePinned(memory); }

int32_t ewald_cuda_info(ewald_cuda_context* context, ewald_cuda_device_info* info) {
  return guarded([&] {
    useContext(context, [&] {
      describe(context->device, *info);
      std::size_t free = 0, total = 0;
      EWALD_CUDA(cudaMemGetInfo(&free, &total));
      info->free_bytes = free;
    });
  });
}

uint64_t ewald_cuda_live_bytes(const ewald_cuda_context* context) { return context ? context->liveBytes.load() : 0; }
}
