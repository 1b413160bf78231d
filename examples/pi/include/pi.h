/* Approximations of pi by throwing points: the one thing that all languages of this example agree on.
 *
 * approximate_pi_c and the functions below it are in the library pi_cpp, approximate_pi_fortran is in pi_f90. */
#ifndef PI_H
#define PI_H

#ifndef PI_API
#include "pi_export.h"
#define PI_API PI_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Throws num_points points into the unit square and counts those in the quarter circle; the points are the same in every language. */
PI_API double approximate_pi_c(int num_points);
/* The same in Fortran. */
PI_API double approximate_pi_fortran(int num_points);

/* One approximation of a series. */
typedef struct pi_estimate {
  int num_points;
  double value; /* the approximation */
  double error; /* its distance from pi */
} pi_estimate;
/* Fills `estimates` with `count` approximations, of first, 2 first, 4 first … points; the caller allocates. */
PI_API void pi_series(int first, int count, pi_estimate estimates[]);
/* The same in memory of the library: free it with pi_series_free, or it leaks. */
PI_API pi_estimate *pi_series_new(int first, int count);
PI_API void pi_series_free(pi_estimate *estimates);

/* A running approximation: each step throws more points. */
typedef struct pi_stream pi_stream;
PI_API pi_stream *pi_stream_new(void);
PI_API void pi_stream_free(pi_stream *stream);
PI_API double pi_stream_step(pi_stream *stream, int num_points);

/* Calls `progress` with the share that is done and the approximation so far, `steps` times; it ends the work by answering 0. */
PI_API double pi_with_progress(int num_points, int steps, int (*progress)(double done, double value));

#ifdef __cplusplus
}
#endif
#endif
