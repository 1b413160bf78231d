/* Stand-in of MKL's FFTW 3 interface with its limits: seven axes, one loop, sine and cosine transforms along one axis;
 * any alignment, no FFTW threads. */
#include "stand-in.h"

/* It never measures: all flags except those about the input are ignored. */
#define FLAGS ((flags & (1u << 0 | 1u << 4)) | 1u << 6 | 1u << 1)

EXPORT void MKL_Get_Version_String(char* text, int length) { snprintf(text, (size_t)length, "stand-in of MKL"); }
EXPORT int MKL_Set_Threading_Layer(int layer) { return layer; }

#define LIMITS(most) \
  if (rank > (most) || loops > 1) return NULL
#define PLANNED(call)             \
  pthread_mutex_lock(&planner);   \
  void* plan = (call);            \
  pthread_mutex_unlock(&planner); \
  return plan

#define PRECISION(prefix, f64)                                                                                                                    \
  EXPORT void* prefix##plan_guru_dft(int rank, const void* dims, int loops, const void* loop, void* in, void* out, int sign, unsigned flags) {     \
    LIMITS(7);                                                                                                                                    \
    typedef void* (*F)(int, const void*, int, const void*, void*, void*, int, unsigned);                                                          \
    PLANNED(((F)fftw(f64, "plan_guru_dft"))(rank, dims, loops, loop, in, out, sign, FLAGS));                                          \
  }                                                                                                                                               \
  EXPORT void* prefix##plan_guru_dft_r2c(int rank, const void* dims, int loops, const void* loop, void* in, void* out, unsigned flags) {           \
    LIMITS(7);                                                                                                                                    \
    typedef void* (*F)(int, const void*, int, const void*, void*, void*, unsigned);                                                               \
    PLANNED(((F)fftw(f64, "plan_guru_dft_r2c"))(rank, dims, loops, loop, in, out, FLAGS));                                            \
  }                                                                                                                                               \
  EXPORT void* prefix##plan_guru_dft_c2r(int rank, const void* dims, int loops, const void* loop, void* in, void* out, unsigned flags) {           \
    LIMITS(7);                                                                                                                                    \
    typedef void* (*F)(int, const void*, int, const void*, void*, void*, unsigned);                                                               \
    PLANNED(((F)fftw(f64, "plan_guru_dft_c2r"))(rank, dims, loops, loop, in, out, FLAGS));                                            \
  }                                                                                                                                               \
  EXPORT void* prefix##plan_guru_r2r(int rank, const void* dims, int loops, const void* loop, void* in, void* out, const int* kinds, unsigned flags) { \
    LIMITS(1);                                                                                                                                    \
    typedef void* (*F)(int, const void*, int, const void*, void*, void*, const int*, unsigned);                                                   \
    PLANNED(((F)fftw(f64, "plan_guru_r2r"))(rank, dims, loops, loop, in, out, kinds, FLAGS));                                         \
  }                                                                                                                                               \
  typedef void (*prefix##Run)(void*, void*, void*);                                                                                               \
  EXPORT void prefix##execute_dft(void* plan, void* in, void* out) { ((prefix##Run)fftw(f64, "execute_dft"))(plan, in, out); }                      \
  EXPORT void prefix##execute_dft_r2c(void* plan, void* in, void* out) { ((prefix##Run)fftw(f64, "execute_dft_r2c"))(plan, in, out); }              \
  EXPORT void prefix##execute_dft_c2r(void* plan, void* in, void* out) { ((prefix##Run)fftw(f64, "execute_dft_c2r"))(plan, in, out); }              \
  EXPORT void prefix##execute_r2r(void* plan, void* in, void* out) { ((prefix##Run)fftw(f64, "execute_r2r"))(plan, in, out); }                      \
  EXPORT void prefix##destroy_plan(void* plan) {                                                                                                   \
    pthread_mutex_lock(&planner);                                                                                                                 \
    ((void (*)(void*))fftw(f64, "destroy_plan"))(plan);                                                                                           \
    pthread_mutex_unlock(&planner);                                                                                                               \
  }

PRECISION(fftwf_, 0)
PRECISION(fftw_, 1)
