/* The functions that pi.h declares, except the Fortran one. */
#include "pi.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* The generator of Park and Miller (CACM 31, 1192, 1988): s <- 16807 s mod (2^31 - 1). Its numbers are small enough for
 * every language, and exact in 64-bit integers as well as in double precision. */
static const int64_t modulus = 2147483647;

static int64_t throw_points(int64_t *state, int num_points) {
  int64_t s = *state, inside = 0;
  for (int i = 0; i < num_points; i++) {
    s = 16807 * s % modulus;
    const double x = (double)s / (double)modulus;
    s = 16807 * s % modulus;
    const double y = (double)s / (double)modulus;
    if (x * x + y * y <= 1.0) inside++;
  }
  *state = s;
  return inside;
}

double approximate_pi_c(int num_points) {
  int64_t state = 1;
  return 4.0 * (double)throw_points(&state, num_points) / num_points;
}

void pi_series(int first, int count, pi_estimate estimates[]) {
  for (int i = 0; i < count; i++) {
    estimates[i].num_points = first << i;
    estimates[i].value = approximate_pi_c(first << i);
    estimates[i].error = fabs(estimates[i].value - 3.14159265358979323846);
  }
}

pi_estimate *pi_series_new(int first, int count) {
  pi_estimate *estimates = malloc((size_t)count * sizeof(pi_estimate));
  if (estimates) pi_series(first, count, estimates);
  return estimates;
}

void pi_series_free(pi_estimate *estimates) { free(estimates); }

struct pi_stream {
  int64_t state, inside, thrown;
};

pi_stream *pi_stream_new(void) {
  pi_stream *stream = calloc(1, sizeof(pi_stream));
  if (stream) stream->state = 1;
  return stream;
}

void pi_stream_free(pi_stream *stream) { free(stream); }

double pi_stream_step(pi_stream *stream, int num_points) {
  stream->inside += throw_points(&stream->state, num_points);
  stream->thrown += num_points;
  return 4.0 * (double)stream->inside / (double)stream->thrown;
}

double pi_with_progress(int num_points, int steps, int (*progress)(double done, double value)) {
  pi_stream stream = {1, 0, 0};
  double value = 0;
  for (int i = 1; i <= steps; i++) {
    value = pi_stream_step(&stream, num_points / steps);
    if (!progress((double)i / steps, value)) break;
  }
  return value;
}
