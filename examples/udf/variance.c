/*
 * Radial variance of u16 frames: the variance of the pixels in each of 128 rings.
 *
 *     clang --target=wasm32 -O3 -msimd128 -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry \
 *         -o variance.wasm variance.c
 */
#include <stdint.h>
#define EXPORT(name) __attribute__((export_name(#name)))
#define RINGS 128
#define MOST_PIXELS (1 << 22)

typedef double pair __attribute__((vector_size(16)));  /* value, value squared */

extern unsigned char __heap_base;
static uint8_t ring[MOST_PIXELS];
static double counts[RINGS];
static int pixels;

EXPORT(heap) void *heap(void) { return &__heap_base; }

EXPORT(setup) int setup(int height, int width, int dtype, const double *params) {
  double centre_y = params[0], centre_x = params[1];
  pixels = height * width;
  if (dtype != 2 || pixels > MOST_PIXELS || pixels % 4) return 1;  /* u16 only */
  for (int k = 0; k < RINGS; k++) counts[k] = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      double dy = y - centre_y, dx = x - centre_x, distance = __builtin_sqrt(dy * dy + dx * dx);
      int k = distance < RINGS - 1 ? (int)distance : RINGS - 1;
      ring[y * width + x] = k;
      counts[k]++;
    }
  return 0;
}

struct results { double *variance; };

EXPORT(process) int process(const uint16_t *frames, int count, uint32_t position, const struct results *results) {
  /* Four tables, because neighbours are often in the same ring, and an addition would wait for the one before it. */
  static pair tables[4][RINGS];
  double *variance = results->variance;
  for (; count--; frames += pixels, variance += RINGS) {
    __builtin_memset(tables, 0, sizeof tables);
    for (int i = 0; i < pixels; i += 4)
      for (int lane = 0; lane < 4; lane++) {
        double value = frames[i + lane];
        tables[lane][ring[i + lane]] += (pair){value, value * value};
      }
    for (int k = 0; k < RINGS; k++) {
      pair sum = tables[0][k] + tables[1][k] + tables[2][k] + tables[3][k];
      double mean = counts[k] ? sum[0] / counts[k] : 0;
      variance[k] = counts[k] ? sum[1] / counts[k] - mean * mean : 0;
    }
  }
  return 0;
}
