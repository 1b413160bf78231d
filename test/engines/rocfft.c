/* Stand-in of rocFFT; every plan needs a work buffer. */
#include "stand-in.h"

struct info {
  void* work;
  size_t bytes;
};
static const size_t work_bytes = 4096;
static int live, ready;
static pthread_mutex_t counts = PTHREAD_MUTEX_INITIALIZER;

static void count(int by) {
  pthread_mutex_lock(&counts);
  live += by;
  pthread_mutex_unlock(&counts);
}

EXPORT int rocfft_setup(void) { return ready = 1, 0; }
EXPORT int rocfft_get_version_string(char* text, size_t length) {
  if (length < 8) return 1;
  snprintf(text, length, "1.0.30");
  return 0;
}
EXPORT int rocfft_plan_create(struct many** plan, int placement, int type, int precision, size_t dimensions, const size_t* lengths, size_t transforms,
                              void* description) {
  if (!ready || placement != 1 || description != NULL || dimensions < 1 || dimensions > 3 || transforms < 1) return 2;
  int n[3];
  /* The fastest axis is first in rocFFT, and last in FFTW. */
  for (size_t i = 0; i < dimensions; i++) n[i] = (int)lengths[dimensions - 1 - i];
  *plan = malloc(sizeof **plan);
  if (!many_create(*plan, precision, type < 2 ? 0 : type - 1, type == 0 ? -1 : 1, (int)dimensions, n, (int)transforms)) return 1;
  count(1);
  return 0;
}
EXPORT int rocfft_plan_destroy(struct many* plan) {
  many_destroy(plan);
  free(plan);
  count(-1);
  return 0;
}
EXPORT int rocfft_plan_get_work_buffer_size(struct many* plan, size_t* bytes) {
  (void)plan;
  *bytes = work_bytes;
  return 0;
}
EXPORT int rocfft_execution_info_create(struct info** info) {
  *info = calloc(1, sizeof **info);
  count(1);
  return 0;
}
EXPORT int rocfft_execution_info_destroy(struct info* info) {
  free(info);
  count(-1);
  return 0;
}
EXPORT int rocfft_execution_info_set_work_buffer(struct info* info, void* work, size_t bytes) {
  *info = (struct info){work, bytes};
  return 0;
}
EXPORT int rocfft_execute(struct many* plan, void** in, void** out, struct info* info) {
  if (info == NULL || info->bytes < work_bytes) return 8;
  memset(on_host(info->work, work_bytes), 0xff, work_bytes);
  many_run(plan, in[0], out[0]);
  return 0;
}
/* The number of plans and infos in use. */
EXPORT int stand_in_plans(void) { return live; }
