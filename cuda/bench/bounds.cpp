// ewald_cuda_bounds: the rates that nothing on this machine can exceed: copies in device memory, copies between host
// and device from page-locked and from pageable memory, and memcpy on the host by one thread and by all. Uses only the
// driver, which it loads at run time, so that it measures also where the driver is too old for the CUDA runtime. Prints
// one JSON document. usage: ewald_cuda_bounds [--seconds N] Exit codes: 0 measured, 2 wrong usage.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBytes = std::size_t(1) << 28;
bool first_row = true;

// Prints the best rate of the copies that fit into the time; `moved` counts bytes read and written.
template <class Copy>
void row(const char* name, const char* of, double seconds, double moved, Copy copy) {
  double best = 1e30;
  if (!copy()) return;
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    if (!copy()) return;
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  } while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
  std::printf("%s{\"name\":\"%s\",\"of\":\"%s\",\"gbps\":%.3f}", first_row ? "" : ",", name, of, moved / best / 1e9);
  first_row = false;
}

void host_rows(double seconds) {
  std::vector<char> from(kBytes, 1), to(kBytes, 2);
  row("memcpy, one thread", "host", seconds, 2.0 * kBytes, [&] {
    std::memcpy(to.data(), from.data(), kBytes);
    return to[kBytes - 1] == 1;
  });
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t part = kBytes / threads;
  row("memcpy, all threads", "host", seconds, 2.0 * part * threads, [&] {
    std::vector<std::thread> crew;
    for (std::size_t i = 0; i < threads; i++)
      crew.emplace_back([&, i] { std::memcpy(to.data() + i * part, from.data() + i * part, part); });
    for (auto& one : crew) one.join();
    return true;
  });
}

using Address = unsigned long long;
struct Driver {
  int (*init)(unsigned);
  int (*version)(int*);
  int (*device)(int*, int);
  int (*name)(char*, int, int);
  int (*retain)(void**, int);
  int (*current)(void*);
  int (*release)(int);
  int (*allocate)(Address*, std::size_t);
  int (*free)(Address);
  int (*lock)(void**, std::size_t, unsigned);
  int (*unlock)(void*);
  int (*to_device)(Address, const void*, std::size_t);
  int (*to_host)(void*, Address, std::size_t);
  int (*on_device)(Address, Address, std::size_t);
  int (*wait)();
};

template <class F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

// The rows of device 0; returns the reason if it has no rows, or an empty text.
std::string device_rows(double seconds, std::string& named, int& version) {
  void* library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!library) return "no NVIDIA driver (libcuda.so.1)";
  Driver cu{};
  if (find(library, "cuDriverGetVersion", cu.version)) cu.version(&version);
  if (!(find(library, "cuInit", cu.init) && find(library, "cuDeviceGet", cu.device) &&
        find(library, "cuDeviceGetName", cu.name) && find(library, "cuDevicePrimaryCtxRetain", cu.retain) &&
        find(library, "cuCtxSetCurrent", cu.current) && find(library, "cuDevicePrimaryCtxRelease_v2", cu.release) &&
        find(library, "cuMemAlloc_v2", cu.allocate) && find(library, "cuMemFree_v2", cu.free) &&
        find(library, "cuMemHostAlloc", cu.lock) && find(library, "cuMemFreeHost", cu.unlock) &&
        find(library, "cuMemcpyHtoD_v2", cu.to_device) && find(library, "cuMemcpyDtoH_v2", cu.to_host) &&
        find(library, "cuMemcpyDtoD_v2", cu.on_device) && find(library, "cuCtxSynchronize", cu.wait)))
    return "libcuda.so.1 lacks functions of CUDA 11";
  int device = 0;
  void* context = nullptr;
  if (const int code = cu.init(0)) return "cuInit returned " + std::to_string(code);
  if (const int code = cu.device(&device, 0)) return "cuDeviceGet returned " + std::to_string(code);
  char text[128] = "";
  cu.name(text, int(sizeof text) - 1, device);
  for (const char* c = text; *c; c++)
    if (*c != '"' && *c != '\\') named += *c;
  if (const int code = cu.retain(&context, device)) return "the device did not open: " + std::to_string(code);
  cu.current(context);
  Address a = 0, b = 0;
  void* locked = nullptr;
  std::string why;
  if (cu.allocate(&a, kBytes) || cu.allocate(&b, kBytes) || cu.lock(&locked, kBytes, 0)) {
    why = "no memory for the copies";
  } else {
    std::memset(locked, 1, kBytes);
    std::vector<char> pageable(kBytes, 1);
    row("copy in device memory", "device", seconds, 2.0 * kBytes,
        [&] { return cu.on_device(b, a, kBytes) == 0 && cu.wait() == 0; });
    row("page-locked to device", "bus", seconds, kBytes, [&] { return cu.to_device(a, locked, kBytes) == 0; });
    row("device to page-locked", "bus", seconds, kBytes, [&] { return cu.to_host(locked, a, kBytes) == 0; });
    row("pageable to device", "bus", seconds, kBytes, [&] { return cu.to_device(a, pageable.data(), kBytes) == 0; });
    row("device to pageable", "bus", seconds, kBytes, [&] { return cu.to_host(pageable.data(), a, kBytes) == 0; });
  }
  if (locked) cu.unlock(locked);
  if (a) cu.free(a);
  if (b) cu.free(b);
  cu.release(device);
  return why;
}

}  // namespace

int main(int count, char** words) {
  double seconds = 10;
  for (int i = 1; i < count; i++) {
    if (std::string(words[i]) == "--seconds" && i + 1 < count && std::atof(words[i + 1]) > 0) {
      seconds = std::atof(words[++i]);
    } else {
      std::fprintf(stderr, "usage: ewald_cuda_bounds [--seconds N]\n");
      return 2;
    }
  }
  const double each = std::min(1.0, seconds / 12);
  std::printf("{\"rows\":[");
  host_rows(each);
  std::string named;
  int version = 0;
  const std::string why = device_rows(each, named, version);
  std::printf("],\"device\":\"%s\",\"driverCuda\":%d,\"why\":\"%s\",\"summary\":\"%s\"}\n", named.c_str(), version,
              why.c_str(), why.empty() ? named.c_str() : ("host only: " + why).c_str());
}
