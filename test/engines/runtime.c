/* Stand-in of the CUDA and HIP runtimes: one device of 256 MiB; EWALD_STAND_IN_DEVICES sets another number. */
#include "stand-in.h"

#define JOIN(a, b) a##b
#define NAME(prefix, name) JOIN(prefix, name)

static const size_t capacity = (size_t)256 << 20;
static size_t used;
static int arrays;
static pthread_mutex_t counts = PTHREAD_MUTEX_INITIALIZER;

EXPORT int NAME(PREFIX, GetDeviceCount)(int* count) {
  const char* said = getenv("EWALD_STAND_IN_DEVICES");
  *count = said ? atoi(said) : 1;
  return *count > 0 ? 0 : 100;
}
EXPORT const char* NAME(PREFIX, GetErrorString)(int error) { return error == 2 ? "out of memory" : error == 100 ? "no device is detected" : "error"; }
EXPORT int NAME(PREFIX, DeviceSynchronize)(void) { return 0; }

EXPORT int NAME(PREFIX, Malloc)(void** address, size_t bytes) {
  pthread_mutex_lock(&counts);
  const int fits = used + bytes <= capacity;
  if (fits) used += bytes, arrays++;
  pthread_mutex_unlock(&counts);
  if (!fits) return 2;
  char* host = aligned_alloc(64, (bytes + 64 + 63) / 64 * 64);
  *(size_t*)host = bytes;
  memset(host + 64, 0xff, bytes);
  *address = (void*)((uintptr_t)(host + 64) | DEVICE);
  return 0;
}
EXPORT int NAME(PREFIX, Free)(void* address) {
  char* host = on_host(address, 0) - 64;
  pthread_mutex_lock(&counts);
  used -= *(size_t*)host, arrays--;
  pthread_mutex_unlock(&counts);
  free(host);
  return 0;
}
EXPORT int NAME(PREFIX, Memcpy)(void* to, const void* from, size_t bytes, int kind) {
  if (kind == 1) memcpy(on_host(to, bytes), from, bytes);
  else if (kind == 2) memcpy(to, on_host(from, bytes), bytes);
  else refuse("a copy that is neither to nor from the device");
  return 0;
}
/* The number of device arrays in use. */
EXPORT int stand_in_arrays(void) { return arrays; }
