/* Fixture: the moments of each frame, the sum of all frames and the number of frames, with faults by macro. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
#define EXPORT(name) __attribute__((export_name(#name)))

struct array { const double *numbers; u32 length; };
struct params { double factor; struct array weights; };
struct results { double *moments, *total; u32 *count, *where; };

extern u8 __heap_base;
static const struct params *params;
static int pixels;

#ifdef OTHER_VERSION
EXPORT(ewald_udf_abi) int ewald_udf_abi(void) { return 2; }
#endif
#ifdef ALLOCATE
EXPORT(allocate) void *allocate(u32 bytes) {
  u32 first = __builtin_wasm_memory_grow(0, bytes / 65536 + 1);
  return first == (u32)-1 ? 0 : (void *)(first * 65536);
}
#else
EXPORT(heap) void *heap(void) { return &__heap_base; }
#endif
#ifdef IMPORTS
__attribute__((import_module("env"), import_name("now"))) double now(void);
#endif

EXPORT(setup) int setup(int height, int width, int dtype, const struct params *given) {
  pixels = height * width;
  params = given;
#ifdef USES_HEAP
  for (int i = 0; i < 128; i++) (&__heap_base)[i] = 1;
#endif
#ifdef GROWS_IN_SETUP
  __builtin_wasm_memory_grow(0, 1);
#endif
  return dtype == 2 ? 0 : 7;
}

#ifndef NO_PROCESS
#ifdef MORE_PARAMETERS
EXPORT(process) int process(const u16 *frames, int count, u32 position, const struct results *results, int more) {
#else
EXPORT(process) int process(const u16 *frames, int count, u32 position, const struct results *results) {
#endif
  for (int i = 0; i < count; i++) {
    double sum = 0, squares = 0;
    for (int k = 0; k < pixels; k++) {
      double value = frames[i * pixels + k];
      sum += params->weights.numbers[k % params->weights.length] * value;
      squares += value * value;
      results->total[k] += value;
    }
    results->moments[2 * i] = params->factor * sum;
    results->moments[2 * i + 1] = squares;
    results->where[i] = position + i;
#ifdef TRAPS
    if (position + i == 13) __builtin_trap();
#endif
#ifdef FAILS
    if (position + i == 13) return 5;
#endif
  }
  *results->count += count;
#ifdef WRITES_BEYOND
  results->total[pixels] = 1;
#endif
#ifdef GROWS
  __builtin_wasm_memory_grow(0, 1);
#endif
#ifdef LOOPS
  for (volatile int i = 0; ; i++);
#endif
#ifdef IMPORTS
  results->total[0] += now();
#endif
  return 0;
}
#endif
