// A launch: the arguments are copied once, as parameters of the kernel; every thread calls it with them.
#pragma once
#include <tuple>
#include <type_traits>

#include "device/vector_types.h"
#include "runtime_api.h"

namespace ewald::emulator {

struct Launch {
  const char* kernel;
  const char* file;
  unsigned line;
  dim3 grid;
  dim3 block;
  std::size_t dynamicBytes;
  cudaStream_t stream;
  void (*invoke)(const Launch&);
  const void* function;
  const void* parameters;
  std::size_t parameterBytes;
};
void launch(const Launch& launch);

template <class... Parameters>
struct Bound {
  void (*kernel)(Parameters...);
  std::tuple<std::remove_cv_t<Parameters>...> parameters;
  static void invoke(const Launch& launch) {
    const Bound& bound = *static_cast<const Bound*>(launch.parameters);
    std::apply(bound.kernel, bound.parameters);
  }
};

template <class... Parameters, class... Arguments>
void launchKernel(const char* name, const char* file, unsigned line, void (*kernel)(Parameters...), dim3 grid,
                  dim3 block, std::size_t dynamicBytes, cudaStream_t stream, Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "a kernel is launched with all of its parameters");
  static_assert((std::is_trivially_copyable_v<Parameters> && ...),
                "kernel parameters are copied to the device byte by byte");
  const Bound<Parameters...> bound{kernel, {static_cast<Parameters>(arguments)...}};
  launch({name, file, line, grid, block, dynamicBytes, stream, &Bound<Parameters...>::invoke,
          reinterpret_cast<const void*>(kernel), &bound, sizeof bound});
}

}  // namespace ewald::emulator
