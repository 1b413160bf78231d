/*
 * Shared code of the stand-ins: FFTW in a separate linker namespace, so that its planner is not shared with the fftw
 * engine, and pretended device memory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static void refuse(const char* what) {
  fprintf(stderr, "stand-in: %s\n", what);
  abort();
}

static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/* A function of libfftw3f (single) or libfftw3 (double precision), by its name without the prefix. */
static void* fftw(int f64, const char* name) {
  static void* library[2];
  char whole[80];
  if (library[f64] == NULL) library[f64] = dlmopen(LM_ID_NEWLM, f64 ? "libfftw3.so.3" : "libfftw3f.so.3", RTLD_NOW);
  if (library[f64] == NULL) refuse(dlerror());
  snprintf(whole, sizeof whole, "%s%s", f64 ? "fftw_" : "fftwf_", name);
  return dlsym(library[f64], whole);
}

/*
 * Device addresses are not valid host addresses: reading one on the host crashes. The size is stored in front of the
 * memory.
 */
#define DEVICE ((uintptr_t)1 << 56)

static char* on_host(const void* device, size_t bytes) {
  if (((uintptr_t)device & DEVICE) == 0) refuse("a host address where the device's is needed");
  char* host = (char*)((uintptr_t)device & ~DEVICE);
  if (bytes > *(size_t*)(host - 64)) refuse("more bytes than the device array has");
  return host;
}

/* A transform of consecutive contiguous arrays: kind 0 complex, 1 real to half complex, 2 back. */
struct many {
  int f64, kind, sign;
  size_t in_bytes, out_bytes;
  void* plan;
};

static int many_create(struct many* many, int f64, int kind, int sign, int rank, const int* n, int batch) {
  const unsigned flags = 1u << 6 | 1u << 1; /* estimate, unaligned */
  int last = n[rank - 1] / 2 + 1, all = 1, half;
  for (int i = 0; i < rank; i++) all *= n[i];
  half = all / n[rank - 1] * last;
  const size_t number = f64 ? 8 : 4, real = number * all, complex = 2 * number * (kind == 0 ? all : half);
  *many = (struct many){f64, kind, sign, batch * (kind == 1 ? real : complex), batch * (kind == 2 ? real : complex), NULL};
  void *in = malloc(many->in_bytes), *out = malloc(many->out_bytes);
  pthread_mutex_lock(&planner);
  typedef void* (*c2c)(int, const int*, int, void*, const int*, int, int, void*, const int*, int, int, int, unsigned);
  typedef void* (*real_kind)(int, const int*, int, void*, const int*, int, int, void*, const int*, int, int, unsigned);
  if (kind == 0) many->plan = ((c2c)fftw(f64, "plan_many_dft"))(rank, n, batch, in, NULL, 1, all, out, NULL, 1, all, sign, flags);
  if (kind == 1) many->plan = ((real_kind)fftw(f64, "plan_many_dft_r2c"))(rank, n, batch, in, NULL, 1, all, out, NULL, 1, half, flags);
  if (kind == 2) many->plan = ((real_kind)fftw(f64, "plan_many_dft_c2r"))(rank, n, batch, in, NULL, 1, half, out, NULL, 1, all, flags);
  pthread_mutex_unlock(&planner);
  free(in);
  free(out);
  return many->plan != NULL;
}

static void many_run(const struct many* many, void* in, void* out) {
  static const char* const names[] = {"execute_dft", "execute_dft_r2c", "execute_dft_c2r"};
  char *from = on_host(in, many->in_bytes), *to = on_host(out, many->out_bytes);
  ((void (*)(void*, void*, void*))fftw(many->f64, names[many->kind]))(many->plan, from, to);
  /* The libraries may destroy the input of a backward real transform; the stand-ins always do. */
  if (many->kind == 2) memset(from, 0xff, many->in_bytes);
}

static void many_destroy(struct many* many) {
  pthread_mutex_lock(&planner);
  ((void (*)(void*))fftw(many->f64, "destroy_plan"))(many->plan);
  pthread_mutex_unlock(&planner);
}
