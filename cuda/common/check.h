// Every CUDA call goes through EWALD_CUDA(call): a failure becomes a CudaError with the call, its place, CUDA's name
// and CUDA's text, and the ewald_status that the C ABI returns.
#pragma once
#include <cuda_runtime.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "ewald.h"

namespace ewald::cuda {

class CudaError : public std::runtime_error {
public:
  CudaError(ewald_status status, const std::string& message, cudaError_t code = cudaSuccess)
      : std::runtime_error(message), status_(status), code_(code) {}
  ewald_status status() const { return status_; }
  cudaError_t code() const { return code_; }

private:
  ewald_status status_;
  cudaError_t code_;
};

// True for errors after which nothing works on the device until it is opened again.
bool losesDevice(cudaError_t code);
ewald_status statusOf(cudaError_t code);
// "13.0" for 13000.
std::string versionText(int version);
// One sentence for error 35: no driver (driver version 0), or a driver that is too old, with the installed and the
// required version.
std::string driverMessage();
[[noreturn]] void raise(cudaError_t code, const char* call, const char* file, int line);

inline void check(cudaError_t code, const char* call, const char* file, int line) {
  if (code != cudaSuccess) raise(code, call, file, line);
}

// For the C ABI: runs body, turns exceptions into a status, and stores the message for ewald_cuda_last_error on this
// thread.
void keepMessage(const char* message);
template <class Body>
int32_t guarded(Body&& body) {
  try {
    body();
    return EWALD_STATUS_OK;
  } catch (const CudaError& error) {
    keepMessage(error.what());
    return error.status();
  } catch (const std::bad_alloc&) {
    keepMessage("out of host memory");
    return EWALD_STATUS_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    keepMessage(error.what());
    return EWALD_STATUS_INTERNAL;
  }
}

}  // namespace ewald::cuda

#define EWALD_CUDA(call) ::ewald::cuda::check((call), #call, __FILE__, __LINE__)
