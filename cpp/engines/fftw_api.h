// The functions of FFTW 3 that are called, single or double precision; MKL has them under the same names.
// Prototypes and constants as the FFTW manual gives them (section "FFTW Reference").
#pragma once
#include <string>

#include "engines/library.h"

namespace ewald::engines {

struct IoDim {
  int n, is, os;
};

namespace fftw {
constexpr int forward = -1, backward = 1;
constexpr unsigned measure = 0, destroy_input = 1u << 0, unaligned = 1u << 1, preserve_input = 1u << 4,
                   estimate = 1u << 6;
constexpr double no_timelimit = -1;
enum Kind : int {
  redft00 = 3,
  redft01 = 4,
  redft10 = 5,
  redft11 = 6,
  rodft00 = 7,
  rodft01 = 8,
  rodft10 = 9,
  rodft11 = 10
};
using Handle = struct PlanOfFftw*;
}  // namespace fftw

template <class T>
struct FftwApi {
  using Complex = T[2];
  using Handle = fftw::Handle;

  Handle (*plan_c2c)(int rank, const IoDim* dims, int loop_rank, const IoDim* loops, Complex* in, Complex* out,
                     int sign, unsigned flags);
  Handle (*plan_r2c)(int rank, const IoDim* dims, int loop_rank, const IoDim* loops, T* in, Complex* out,
                     unsigned flags);
  Handle (*plan_c2r)(int rank, const IoDim* dims, int loop_rank, const IoDim* loops, Complex* in, T* out,
                     unsigned flags);
  Handle (*plan_r2r)(int rank, const IoDim* dims, int loop_rank, const IoDim* loops, T* in, T* out, const int* kinds,
                     unsigned flags);
  void (*run_c2c)(Handle plan, Complex* in, Complex* out);
  void (*run_r2c)(Handle plan, T* in, Complex* out);
  void (*run_c2r)(Handle plan, Complex* in, T* out);
  void (*run_r2r)(Handle plan, T* in, T* out);
  void (*destroy)(Handle plan);
  // Missing in some versions: the offset of an address from the alignment that the library's vectors need.
  int (*alignment_of)(T* address);
  // Missing in some versions: the time limit of planning in seconds; planning that takes longer ends without a plan.
  void (*set_timelimit)(double seconds);
  // In a separate library; null if that is missing.
  int (*init_threads)();
  void (*plan_with_threads)(int count);

  // False, with the name of the missing function, if the library is not one of these.
  bool load(const Library& library, const Library& threads, std::string& missing) {
    const std::string prefix = sizeof(T) == 4 ? "fftwf_" : "fftw_";
    const auto need = [&](const char* name, auto*& function) {
      if (library.find(prefix + name, function)) return true;
      if (missing.empty()) missing = prefix + name;
      return false;
    };
    const bool all = need("plan_guru_dft", plan_c2c) & need("plan_guru_dft_r2c", plan_r2c) &
                     need("plan_guru_dft_c2r", plan_c2r) & need("plan_guru_r2r", plan_r2r) &
                     need("execute_dft", run_c2c) & need("execute_dft_r2c", run_r2c) &
                     need("execute_dft_c2r", run_c2r) & need("execute_r2r", run_r2r) & need("destroy_plan", destroy);
    library.find(prefix + "alignment_of", alignment_of);
    library.find(prefix + "set_timelimit", set_timelimit);
    init_threads = nullptr;
    plan_with_threads = nullptr;
    if (threads && (!threads.find(prefix + "init_threads", init_threads) ||
                    !threads.find(prefix + "plan_with_nthreads", plan_with_threads)))
      init_threads = nullptr;
    return all;
  }
};

}  // namespace ewald::engines
