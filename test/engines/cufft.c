/* Stand-in of cuFFT. */
#include "stand-in.h"

static struct plan {
  int used, type;
  struct many forward, inverse;
} plans[64];
static int live;
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

enum { c2c = 0x29, r2c = 0x2a, c2r = 0x2c, z2z = 0x69, d2z = 0x6a, z2d = 0x6c };

EXPORT int cufftGetVersion(int* version) {
  *version = 12300;
  return 0;
}
EXPORT int cufftPlanMany(int* handle, int rank, int* n, int* in_embed, int in_stride, int in_distance, int* out_embed, int out_stride, int out_distance,
                         int type, int batch) {
  (void)in_stride, (void)in_distance, (void)out_stride, (void)out_distance;
  if (rank < 1 || rank > 3 || in_embed != NULL || out_embed != NULL || batch < 1) return 4;
  const int f64 = type >= z2z, kind = type == r2c || type == d2z ? 1 : type == c2r || type == z2d ? 2 : 0;
  pthread_mutex_lock(&table);
  int at = 0;
  while (at < 64 && plans[at].used) at++;
  if (at < 64) plans[at].used = 1, live++;
  pthread_mutex_unlock(&table);
  if (at == 64) return 2;
  plans[at].type = type;
  *handle = at + 1;
  if (!many_create(&plans[at].forward, f64, kind, -1, rank, n, batch)) return 5;
  if (kind == 0 && !many_create(&plans[at].inverse, f64, kind, 1, rank, n, batch)) return 5;
  return 0;
}
EXPORT int cufftGetSize(int handle, size_t* bytes) {
  (void)handle;
  *bytes = 1024;
  return 0;
}
EXPORT int cufftDestroy(int handle) {
  struct plan* plan = &plans[handle - 1];
  if (!plan->used) return 1;
  many_destroy(&plan->forward);
  if (plan->type == c2c || plan->type == z2z) many_destroy(&plan->inverse);
  pthread_mutex_lock(&table);
  plan->used = 0, live--;
  pthread_mutex_unlock(&table);
  return 0;
}

static int run(int handle, int type, void* in, void* out, int direction) {
  struct plan* plan = &plans[handle - 1];
  if (!plan->used || plan->type != type) return 1;
  many_run(direction == 1 ? &plan->inverse : &plan->forward, in, out);
  return 0;
}
EXPORT int cufftExecC2C(int handle, void* in, void* out, int direction) { return run(handle, c2c, in, out, direction); }
EXPORT int cufftExecZ2Z(int handle, void* in, void* out, int direction) { return run(handle, z2z, in, out, direction); }
EXPORT int cufftExecR2C(int handle, void* in, void* out) { return run(handle, r2c, in, out, -1); }
EXPORT int cufftExecC2R(int handle, void* in, void* out) { return run(handle, c2r, in, out, -1); }
EXPORT int cufftExecD2Z(int handle, void* in, void* out) { return run(handle, d2z, in, out, -1); }
EXPORT int cufftExecZ2D(int handle, void* in, void* out) { return run(handle, z2d, in, out, -1); }
/* The number of plans in use. */
EXPORT int stand_in_plans(void) { return live; }
