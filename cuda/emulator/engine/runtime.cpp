// The calls of the CUDA runtime, and the launch. One lock represents the GPU: memory operations, copies and launches
// run one at a time.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "findings.h"
#include "machine.h"
#include "memory.h"
#include "order.h"
#include "shadow.h"

struct CUstream_st {
  cudaError_t failed = cudaSuccess;
};
struct CUevent_st {
  std::chrono::steady_clock::time_point time{};
  bool recorded = false;
};

namespace ewald::emulator {
namespace {
std::recursive_mutex device;
Mode currentMode;
Card currentCard;
std::uint64_t launchCount = 0;
Copied copiedBytes{};
bool lost = false;
std::set<cudaStream_t> streams;
std::set<cudaEvent_t> events;
std::map<const void*, int> sharedLimits;
std::set<int> opened;  // devices with a context
CUstream_st defaultStream;
thread_local cudaError_t lastError = cudaSuccess;
thread_local std::string lastText;  // the emulator's text for textError
thread_local cudaError_t textError = cudaSuccess;
thread_local int chosenDevice = 0;

cudaError_t fail(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) lastError = error;
  return error;
}
// Every call on the device starts with this check.
cudaError_t available() {
  if (currentCard.driverVersion == 0 || currentCard.driverVersion / 1000 < currentCard.runtimeVersion / 1000)
    return cudaErrorInsufficientDriver;
  if (currentCard.devices == 0) return cudaErrorNoDevice;
  if (lost) return cudaErrorDevicesUnavailable;
  return cudaSuccess;
}
std::uintptr_t nameOf(const void* streamOrEvent) { return reinterpret_cast<std::uintptr_t>(streamOrEvent); }
// A copy or a fill in a stream, for both of its sides.
void noteCopy(const CUstream_st* stream, const void* to, const void* from, std::size_t bytes, const char* what) {
  if (!currentMode.checked || !currentMode.ordered || bytes == 0) return;
  for (const void* side : {from, to}) {
    const auto address = reinterpret_cast<std::uintptr_t>(side);
    if (!side || !inArena(address)) continue;
    if (const Allocation there = deviceAllocation(address, bytes))
      orderedUse(nameOf(stream), there.begin, side == to, what);
  }
}
CUstream_st* find(cudaStream_t stream) {
  if (!stream) return &defaultStream;
  return streams.count(stream) ? stream : nullptr;
}
cudaError_t errorOf(Finding finding) {
  switch (finding) {
    case Finding::outOfRange:
    case Finding::foreignAddress:
    case Finding::localOfAnotherThread:
      return cudaErrorIllegalAddress;
    case Finding::misaligned:
      return cudaErrorMisalignedAddress;
    case Finding::hang:
      return cudaErrorLaunchTimeout;
    case Finding::sharedMemoryTooLarge:
      return cudaErrorInvalidConfiguration;
    default:
      return cudaErrorLaunchFailure;
  }
}
cudaError_t failWith(cudaError_t error, const std::string& text) {
  lastText = text;
  textError = error;
  return fail(error);
}

enum class Side { device, host, bad };
Side sideOf(const void* pointer, std::size_t bytes, std::string& why) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (!inArena(address)) return Side::host;
  if (deviceAllocation(address, bytes)) return Side::device;
  why = format("a copy or fill of %zu bytes extends beyond its device memory: it starts at ", bytes) +
        describeDeviceAddress(address, 0);
  return Side::bad;
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (const cudaError_t error = available()) return fail(error);
  if (bytes == 0) return cudaSuccess;
  std::string why;
  const Side target = sideOf(to, bytes, why), source = sideOf(from, bytes, why);
  if (target == Side::bad || source == Side::bad) {
    addReport({Finding::outOfRange, "", why});
    return failWith(cudaErrorInvalidValue, why);
  }
  const bool toDevice = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool fromDevice = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind != cudaMemcpyDefault && (toDevice != (target == Side::device) || fromDevice != (source == Side::device))) {
    return failWith(cudaErrorInvalidValue, "the direction of the copy does not match its pointers");
  }
  std::memmove(to, from, bytes);
  if (target == Side::device && source == Side::host) copiedBytes.up += bytes;
  if (target == Side::host && source == Side::device) copiedBytes.down += bytes;
  if (target == Side::device && currentMode.checked) {
    if (source == Side::device)
      copyInitialised(reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from), bytes);
    else
      markInitialised(reinterpret_cast<std::uintptr_t>(to), bytes);
  } else if (target == Side::device) {
    stopTracking();
  }
  return cudaSuccess;
}

cudaError_t fill(void* to, int value, std::size_t bytes) {
  if (const cudaError_t error = available()) return fail(error);
  if (bytes == 0) return cudaSuccess;
  std::string why;
  if (sideOf(to, bytes, why) != Side::device) {
    if (why.empty()) why = "cudaMemset on memory that is not the device's";
    addReport({Finding::outOfRange, "", why});
    return failWith(cudaErrorInvalidValue, why);
  }
  std::memset(to, value, bytes);
  if (currentMode.checked)
    markInitialised(reinterpret_cast<std::uintptr_t>(to), bytes);
  else
    stopTracking();
  return cudaSuccess;
}

// The failure since the last such call, as the next synchronising call of a GPU would report it.
cudaError_t synchronise(CUstream_st& stream) {
  if (const cudaError_t error = available()) return fail(error);
  if (!guardsIntact("at a synchronising call")) {
    return failWith(cudaErrorIllegalAddress,
                    "guard words around a device allocation were overwritten; run in checked mode "
                    "to see which kernel did it");
  }
  const cudaError_t error = stream.failed;
  stream.failed = cudaSuccess;
  return fail(error);
}
#define EWALD_LOCK const std::lock_guard lock(device)
}  // namespace

void setMode(const Mode& mode) {
  EWALD_LOCK;
  currentMode = mode;
}
Mode mode() {
  EWALD_LOCK;
  return currentMode;
}
void setCard(const Card& card) {
  EWALD_LOCK;
  currentCard = card;
  launchCount = 0;
  copiedBytes = {};
  lost = false;
  opened.clear();
}
std::vector<int> contexts() {
  EWALD_LOCK;
  return {opened.begin(), opened.end()};
}
Card card() {
  EWALD_LOCK;
  return currentCard;
}
Copied copied() {
  EWALD_LOCK;
  return copiedBytes;
}
std::uint64_t launches() {
  EWALD_LOCK;
  return launchCount;
}
cudaError_t setSharedMemoryLimit(const void* function, int bytes) {
  EWALD_LOCK;
  if (bytes < 0 || std::size_t(bytes) > kSharedLimit) return fail(cudaErrorInvalidValue);
  sharedLimits[function] = bytes;
  return cudaSuccess;
}

void launch(const Launch& what) {
  EWALD_LOCK;
  const auto refuse = [&](cudaError_t error, const std::string& why) {
    const char* const slash = std::strrchr(what.file, '/');
    failWith(error, format("launch of %s at %s:%u: ", what.kernel, slash ? slash + 1 : what.file, what.line) + why);
  };
  if (const cudaError_t error = available()) return (void)fail(error);
  CUstream_st* const stream = find(what.stream);
  if (!stream) return refuse(cudaErrorInvalidResourceHandle, "the stream does not exist");
  const dim3 g = what.grid, b = what.block;
  const std::uint64_t threads = std::uint64_t(b.x) * b.y * b.z;
  if (threads == 0 || threads > kMaxThreads || b.x > 1024 || b.y > 1024 || b.z > 64 ||
      std::uint64_t(g.x) * g.y * g.z == 0 || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535) {
    return refuse(
        cudaErrorInvalidConfiguration,
        format("grid (%u,%u,%u) of blocks (%u,%u,%u) is outside the limits of a card", g.x, g.y, g.z, b.x, b.y, b.z));
  }
  const auto limit = sharedLimits.find(what.function);
  // A configured value applies to the function, even if it is less than the usual limit.
  const std::size_t allowed = limit == sharedLimits.end() ? kStaticSharedLimit : std::size_t(limit->second);
  if (what.dynamicBytes > allowed) {
    return refuse(cudaErrorInvalidValue,
                  format("%zu bytes of dynamic shared memory, %zu allowed (cudaFuncSetAttribute raises it to %zu)",
                         what.dynamicBytes, allowed, kSharedLimit));
  }
  if (currentCard.loseAfterLaunches >= 0 && launchCount >= std::uint64_t(currentCard.loseAfterLaunches)) {
    lost = true;
    stream->failed = cudaErrorDevicesUnavailable;
    return (void)fail(cudaErrorDevicesUnavailable);
  }
  ++launchCount;
  Machine& m = machine();
  m.mode = currentMode;
  if (!currentMode.checked) stopTracking();
  forgetLaunchAllocation();
  {
    const Running running(m);
    m.run(what);
  }
  if (m.mode.ordered) endOfKernel(nameOf(stream), what.kernel);
  if (!m.failed) return;
  stream->failed = errorOf(m.firstFinding);
  failWith(stream->failed, m.firstText);
}

}  // namespace ewald::emulator

using namespace ewald::emulator;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define EWALD_NAME(name) \
  case name:             \
    return #name;
    EWALD_NAME(cudaSuccess)
    EWALD_NAME(cudaErrorInvalidValue)
    EWALD_NAME(cudaErrorMemoryAllocation) EWALD_NAME(cudaErrorInitializationError) EWALD_NAME(cudaErrorCudartUnloading)
        EWALD_NAME(cudaErrorInvalidConfiguration) EWALD_NAME(cudaErrorInvalidMemcpyDirection)
            EWALD_NAME(cudaErrorInsufficientDriver) EWALD_NAME(cudaErrorDevicesUnavailable)
                EWALD_NAME(cudaErrorNoDevice) EWALD_NAME(cudaErrorInvalidDevice)
                    EWALD_NAME(cudaErrorNoKernelImageForDevice) EWALD_NAME(cudaErrorECCUncorrectable)
                        EWALD_NAME(cudaErrorUnsupportedPtxVersion) EWALD_NAME(cudaErrorInvalidResourceHandle)
                            EWALD_NAME(cudaErrorNotReady) EWALD_NAME(cudaErrorIllegalAddress)
                                EWALD_NAME(cudaErrorLaunchOutOfResources) EWALD_NAME(cudaErrorLaunchTimeout)
                                    EWALD_NAME(cudaErrorAssert) EWALD_NAME(cudaErrorHardwareStackError)
                                        EWALD_NAME(cudaErrorIllegalInstruction) EWALD_NAME(cudaErrorMisalignedAddress)
                                            EWALD_NAME(cudaErrorInvalidAddressSpace) EWALD_NAME(cudaErrorInvalidPc)
                                                EWALD_NAME(cudaErrorLaunchFailure)
                                                    EWALD_NAME(cudaErrorSystemDriverMismatch)
                                                        EWALD_NAME(cudaErrorUnknown)
#undef EWALD_NAME
  }
  return "cudaErrorUnknown";
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error != cudaSuccess && error == textError) return lastText.c_str();
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorDevicesUnavailable:
      return "CUDA-capable device(s) is/are busy or unavailable";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorNotReady:
      return "device not ready";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    default:
      return cudaGetErrorName(error);
  }
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = lastError;
  lastError = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() { return lastError; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = card().driverVersion;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = card().runtimeVersion;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  EWALD_LOCK;
  const cudaError_t error = available();
  *count = error == cudaSuccess || error == cudaErrorDevicesUnavailable ? currentCard.devices : 0;
  return error == cudaErrorDevicesUnavailable ? cudaSuccess : fail(error);
}
cudaError_t cudaSetDevice(int index) {
  EWALD_LOCK;
  if (const cudaError_t error = available()) return fail(error);
  if (index < 0 || index >= currentCard.devices) return fail(cudaErrorInvalidDevice);
  chosenDevice = index;
  opened.insert(index);
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* index) {
  *index = chosenDevice;
  return cudaSuccess;
}
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int index) {
  EWALD_LOCK;
  if (const cudaError_t error = available()) return fail(error);
  if (index < 0 || index >= currentCard.devices) return fail(cudaErrorInvalidDevice);
  *p = {};
  std::strcpy(p->name, "emulated CUDA device");
  p->totalGlobalMem = currentCard.memoryBytes;
  p->sharedMemPerBlock = kStaticSharedLimit;
  p->sharedMemPerBlockOptin = p->sharedMemPerMultiprocessor = kSharedLimit;
  p->regsPerBlock = 65536;
  p->warpSize = ::warpSize;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 0x7fffffff;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->major = 7;
  p->minor = 5;
  p->multiProcessorCount = currentCard.multiprocessors;
  p->maxThreadsPerMultiProcessor = 1024;
  p->l2CacheSize = currentCard.l2Bytes;
  p->pciBusID = index;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index) {
  cudaDeviceProp p;
  if (const cudaError_t error = cudaGetDeviceProperties(&p, index)) return error;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = p.maxThreadsPerBlock;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = int(p.sharedMemPerBlock);
      break;
    case cudaDevAttrWarpSize:
      *value = 32;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = p.multiProcessorCount;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = p.minor;
      break;
    case cudaDevAttrKernelExecTimeout:
      *value = currentCard.watchdog;
      break;
    case cudaDevAttrMemoryClockRate:
      *value = currentCard.memoryClock;
      break;
    case cudaDevAttrGlobalMemoryBusWidth:
      *value = currentCard.memoryBus;
      break;
    case cudaDevAttrL2CacheSize:
      *value = p.l2CacheSize;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = int(p.sharedMemPerBlockOptin);
      break;
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  EWALD_LOCK;
  for (const CUstream_st* stream : streams) hostWaitedForStream(nameOf(stream));
  cudaError_t error = synchronise(defaultStream);
  for (CUstream_st* stream : streams)
    if (!error) error = synchronise(*stream);
  return error;
}
cudaError_t cudaDeviceReset() {
  EWALD_LOCK;
  lost = false;
  currentCard.loseAfterLaunches = -1;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  EWALD_LOCK;
  if (const cudaError_t error = available()) return fail(error);
  opened.insert(chosenDevice);
  *total = currentCard.memoryBytes;
  *free = currentCard.memoryBytes - std::min(currentCard.memoryBytes, deviceBytesInUse());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  EWALD_LOCK;
  *pointer = nullptr;
  if (const cudaError_t error = available()) return fail(error);
  if (bytes == 0) return cudaSuccess;
  opened.insert(chosenDevice);
  *pointer = allocateDevice(bytes);
  return *pointer ? cudaSuccess : fail(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* pointer) {
  EWALD_LOCK;
  if (!pointer) return cudaSuccess;
  forgetUses(nameOf(pointer));
  if (!freeDevice(pointer))
    return failWith(cudaErrorInvalidValue,
        "cudaFree of a pointer that cudaMalloc did not return, or that was freed already");
  return lost ? fail(cudaErrorDevicesUnavailable) : cudaSuccess;
}
cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) { return cudaMalloc(pointer, bytes); }
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t) { return cudaFree(pointer); }
cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  EWALD_LOCK;
  *pointer = nullptr;
  if (const cudaError_t error = available()) return fail(error);
  opened.insert(chosenDevice);
  *pointer = allocatePinned(bytes);
  return *pointer ? cudaSuccess : fail(cudaErrorMemoryAllocation);
}
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) { return cudaMallocHost(pointer, bytes); }
cudaError_t cudaFreeHost(void* pointer) {
  EWALD_LOCK;
  return !pointer || freePinned(pointer) ? cudaSuccess : fail(cudaErrorInvalidValue);
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  EWALD_LOCK;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  *attributes = {cudaMemoryTypeUnregistered, -1, nullptr, nullptr};
  if (deviceAllocation(address, 1)) *attributes = {cudaMemoryTypeDevice, chosenDevice, const_cast<void*>(pointer), nullptr};
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  EWALD_LOCK;
  if (const cudaError_t error = synchronise(defaultStream)) return error;
  return copy(to, from, bytes, kind);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  EWALD_LOCK;
  if (!find(stream)) return fail(cudaErrorInvalidResourceHandle);
  noteCopy(find(stream), to, from, bytes, "a copy");
  return copy(to, from, bytes, kind);
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t toPitch, const void* from, std::size_t fromPitch, std::size_t width,
                              std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  EWALD_LOCK;
  if (!find(stream)) return fail(cudaErrorInvalidResourceHandle);
  if (toPitch < width || fromPitch < width) return fail(cudaErrorInvalidValue);
  for (std::size_t row = 0; row < height; ++row) {
    if (const cudaError_t error =
            copy(static_cast<char*>(to) + row * toPitch, static_cast<const char*>(from) + row * fromPitch, width, kind))
      return error;
  }
  return cudaSuccess;
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  EWALD_LOCK;
  return fill(to, value, bytes);
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  EWALD_LOCK;
  if (!find(stream)) return fail(cudaErrorInvalidResourceHandle);
  noteCopy(find(stream), to, nullptr, bytes, "a fill");
  return fill(to, value, bytes);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  EWALD_LOCK;
  *stream = nullptr;
  if (const cudaError_t error = available()) return fail(error);
  opened.insert(chosenDevice);
  *stream = new CUstream_st;
  streams.insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  EWALD_LOCK;
  if (!streams.erase(stream)) return fail(cudaErrorInvalidResourceHandle);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  EWALD_LOCK;
  CUstream_st* const found = find(stream);
  if (found) hostWaitedForStream(nameOf(found));
  return found ? synchronise(*found) : fail(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  EWALD_LOCK;
  if (!find(stream) || !events.count(event)) return fail(cudaErrorInvalidResourceHandle);
  streamWaits(nameOf(find(stream)), nameOf(event));
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* userData) {
  {
    EWALD_LOCK;
    if (!find(stream)) return fail(cudaErrorInvalidResourceHandle);
  }
  function(userData);
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  EWALD_LOCK;
  *event = nullptr;
  if (const cudaError_t error = available()) return fail(error);
  *event = new CUevent_st;
  events.insert(*event);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  EWALD_LOCK;
  if (!events.erase(event)) return fail(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  EWALD_LOCK;
  if (!find(stream) || !events.count(event)) return fail(cudaErrorInvalidResourceHandle);
  event->time = std::chrono::steady_clock::now();
  event->recorded = true;
  eventRecorded(nameOf(event), nameOf(find(stream)));
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  EWALD_LOCK;
  if (!events.count(event)) return fail(cudaErrorInvalidResourceHandle);
  hostWaitedForEvent(nameOf(event));
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return cudaEventSynchronize(event); }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  EWALD_LOCK;
  if (!events.count(start) || !events.count(end) || !start->recorded || !end->recorded)
    return fail(cudaErrorInvalidResourceHandle);
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}
