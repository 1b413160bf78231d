#include "check.h"

#include "ewald_cuda.h"

namespace ewald::cuda {
namespace {
thread_local std::string message;

// Paths in messages start inside the repository, wherever it was built.
std::string shortPath(const char* file) {
  const std::string path(file);
  const std::size_t at = path.rfind("cuda/");
  return at == std::string::npos ? path : path.substr(at);
}
}  // namespace

bool losesDevice(cudaError_t code) {
  switch (code) {
    case cudaErrorDevicesUnavailable:
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
      return true;
    default:
      return false;
  }
}

ewald_status statusOf(cudaError_t code) {
  if (losesDevice(code)) return EWALD_STATUS_DEVICE_LOST;
  switch (code) {
    case cudaSuccess:
      return EWALD_STATUS_OK;
    case cudaErrorMemoryAllocation:
      return EWALD_STATUS_OUT_OF_MEMORY;
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
      return EWALD_STATUS_NO_DEVICE;
    case cudaErrorInsufficientDriver: {
      int driver = 0;
      cudaDriverGetVersion(&driver);
      return driver == 0 ? EWALD_STATUS_NO_DEVICE : EWALD_STATUS_DRIVER_TOO_OLD;
    }
    case cudaErrorSystemDriverMismatch:
    case cudaErrorUnsupportedPtxVersion:
      return EWALD_STATUS_DRIVER_TOO_OLD;
    case cudaErrorInvalidConfiguration:
    case cudaErrorLaunchOutOfResources:
      return EWALD_STATUS_LIMIT;
    default:
      return EWALD_STATUS_DEVICE;
  }
}

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// The minimum driver that a runtime of this major version requires.
static std::string neededDriver(int runtime) {
  const int branch = runtime / 1000 == 11 ? 450 : runtime / 1000 == 12 ? 525 : runtime / 1000 == 13 ? 580 : 0;
  const std::string needed = "CUDA " + versionText(runtime / 1000 * 1000);
  return branch == 0 ? needed : needed + ", NVIDIA's driver " + std::to_string(branch) + ",";
}

std::string driverMessage() {
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  if (driver == 0)
    return
        "no CUDA driver: libcuda was not found or could not be initialised; install a driver for "
        "" + neededDriver(runtime) +
           " or newer";
  return "the CUDA driver is too old: found one for CUDA " + versionText(driver) + ", expected one for " +
         neededDriver(runtime) + " or newer; update the driver, or build with an older nvcc (cuda/README.md)";
}

void raise(cudaError_t code, const char* call, const char* file, int line) {
  const std::string text =
      code == cudaErrorInsufficientDriver ? driverMessage() : std::string(cudaGetErrorString(code));
  cudaGetLastError();  // the runtime keeps its last error until it is read; this one has been reported
  throw CudaError(statusOf(code),
                  std::string(call) + " failed at " + shortPath(file) + ":" + std::to_string(line) + ": " +
                      cudaGetErrorName(code) + " (" + std::to_string(int(code)) + "), " + text,
                  code);
}

void keepMessage(const char* text) { message = text; }

}  // namespace ewald::cuda

extern "C" const char* ewald_cuda_last_error(void) { return ewald::cuda::message.c_str(); }
