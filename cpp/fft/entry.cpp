// The C functions of fft: a handle holds the programs of both directions, their tables, the threads, and its own
// workspace if it has one.
#include <cmath>
#include <new>

#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "ewald.h"
#include "fft/plan.h"

using namespace ewald::fft;

// A module of one precision (CMakeLists.txt) has no kernels of the other one: nothing but this file refers to them.
#if defined(EWALD_FFT_BITS)
constexpr bool has_f32 = EWALD_FFT_BITS == 32, has_f64 = EWALD_FFT_BITS == 64;
#else
constexpr bool has_f32 = true, has_f64 = true;
#endif

namespace {

template <class T>
constexpr bool is_here = sizeof(T) == sizeof(float) ? has_f32 : has_f64;

template <class T>
const Engines<T>* engines();

#if defined(__wasm_simd128__)
template <>
const Engines<float>* engines<float>() {
  return &ewald::simd128::fft_engines_float;
}
template <>
const Engines<double>* engines<double>() {
  return &ewald::simd128::fft_engines_double;
}
#elif defined(__x86_64__)
template <>
const Engines<float>* engines<float>() {
  switch (ewald::best_isa()) {
    case ewald::Isa::avx512:
      return &ewald::avx512::fft_engines_float;
    case ewald::Isa::avx2:
      return &ewald::avx2::fft_engines_float;
    default:
      return &ewald::sse2::fft_engines_float;
  }
}
template <>
const Engines<double>* engines<double>() {
  switch (ewald::best_isa()) {
    case ewald::Isa::avx512:
      return &ewald::avx512::fft_engines_double;
    case ewald::Isa::avx2:
      return &ewald::avx2::fft_engines_double;
    default:
      return &ewald::sse2::fft_engines_double;
  }
}
#else
template <>
const Engines<float>* engines<float>() {
  return &ewald::neon::fft_engines_float;
}
template <>
const Engines<double>* engines<double>() {
  return &ewald::neon::fft_engines_double;
}
#endif

template <class T>
struct Programs {
  Program<T> direction[2];
};

}  // namespace

struct ewald_fft {
  explicit ewald_fft(uint32_t threads) : team(threads) {}

  Problem problem;
  bool f64;
  Store store;
  Programs<float>* f32_programs;
  Programs<double>* f64_programs;
  void* workspace;
  size_t workspace_numbers;
  ewald::Team team;
  Watch watch;
};

namespace {

template <class T>
bool plan_both(ewald_fft& plan, Programs<T>*& programs) {
  if constexpr (is_here<T>) {
    programs = plan.store.take<Programs<T>>(1);
    if (programs == nullptr) return false;
    size_t numbers = 0;
    Tables tables(plan.store);
    for (uint32_t d = 0; d < 2; d++) {
      Program<T>& program = programs->direction[d];
      if (!build<T>(plan.problem, d == EWALD_FFT_DIRECTION_BACKWARD, *engines<T>(), plan.store, tables, program))
        return false;
      program.work = (program.work + 15) / 16 * 16;
      program.extra = (program.extra + 15) / 16 * 16;
      const size_t threads = plan.team.size(), more = program.work > program.extra ? program.work : program.extra;
      const size_t need = (program.middle + 15) / 16 * 16 + program.work + (threads - 1) * more;
      if (need > numbers) numbers = need;
    }
    plan.workspace_numbers = numbers + (numbers & 1);
    if (!plan.problem.user_workspace && numbers > 0) {
      plan.workspace = plan.store.take_raw<T>(plan.workspace_numbers);
      if (plan.workspace == nullptr) return false;
    }
    return true;
  }
  return false;
}

template <class T>
void execute(ewald_fft& plan, const Programs<T>& programs, uint32_t direction, const void* in, void* out,
             void* workspace, double scale) {
  if constexpr (is_here<T>)
    run<T>(programs.direction[direction], static_cast<const T*>(in), static_cast<T*>(out), static_cast<T*>(workspace),
           T(scale), plan.team, plan.watch);
}

}  // namespace

extern "C" {

EWALD_EXPORT(ewald_fft_create) int32_t ewald_fft_create(const ewald_fft_descriptor* descriptor, ewald_fft** result) {
  if (descriptor == nullptr || result == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_fft_create: a pointer is null");
  *result = nullptr;
  Problem problem;
  const int32_t status = check(*descriptor, problem);
  if (status != EWALD_STATUS_OK) return status;
  if (!(descriptor->precision == EWALD_FFT_PRECISION_F64 ? has_f64 : has_f32))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "ewald_fft_create: this module transforms %s precision alone; load the whole ewald.wasm",
                       has_f32 ? "single" : "double");
  void* memory = ewald::allocate(sizeof(ewald_fft));
  if (memory == nullptr) return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_fft_create: no memory for the handle");
  ewald_fft* plan = new (memory) ewald_fft(problem.threads);
  plan->problem = problem;
  plan->f64 = descriptor->precision == EWALD_FFT_PRECISION_F64;
  plan->f32_programs = nullptr;
  plan->f64_programs = nullptr;
  plan->workspace = nullptr;
  const bool ok =
      plan->f64 ? plan_both<double>(*plan, plan->f64_programs) : plan_both<float>(*plan, plan->f32_programs);
  if (!ok) {
    ewald_fft_destroy(plan);
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY,
                       "ewald_fft_create: no memory for the tables and the workspace of this plan");
  }
  *result = plan;
  return EWALD_STATUS_OK;
}

EWALD_EXPORT(ewald_fft_destroy) void ewald_fft_destroy(ewald_fft* plan) {
  if (plan == nullptr) return;
  plan->~ewald_fft();
  ewald::release(plan);
}

EWALD_EXPORT(ewald_fft_bytes) size_t ewald_fft_bytes(const ewald_fft* plan) {
  return plan == nullptr ? 0 : (sizeof(ewald_fft) + 63) / 64 * 64 + plan->store.bytes();
}

EWALD_EXPORT(ewald_fft_sizes)
int32_t ewald_fft_sizes(const ewald_fft* plan, size_t* input, size_t* output, size_t* workspace) {
  if (plan == nullptr) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_fft_sizes: the plan is null");
  if (input != nullptr) *input = plan->problem.input.size;
  if (output != nullptr) *output = plan->problem.output.size;
  if (workspace != nullptr) *workspace = plan->workspace_numbers / 2;
  return EWALD_STATUS_OK;
}

EWALD_EXPORT(ewald_fft_execute)
int32_t ewald_fft_execute(ewald_fft* plan, uint32_t direction, const void* in, void* out, void* workspace,
                          uint32_t scale) {
  if (plan == nullptr || in == nullptr || out == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_fft_execute: a pointer is null");
  if (direction > EWALD_FFT_DIRECTION_BACKWARD)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_fft_execute: unknown direction %u", direction);
  // Inside, forward is the negative exponent; c2r reads its input, the spectrum, with the positive one.
  if (plan->problem.kind == EWALD_FFT_KIND_C2R)
    direction = direction == EWALD_FFT_DIRECTION_FORWARD ? EWALD_FFT_DIRECTION_BACKWARD : EWALD_FFT_DIRECTION_FORWARD;
  if (scale > EWALD_FFT_SCALE_SYMMETRIC)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_fft_execute: unknown scale %u", scale);
  if (workspace == nullptr) workspace = plan->workspace;
  if (workspace == nullptr && plan->workspace_numbers > 0)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "ewald_fft_execute: the plan holds no workspace; give one of %zu complex numbers",
                       plan->workspace_numbers / 2);

  const bool reads_input = (plan->problem.kind == EWALD_FFT_KIND_C2R) == (direction == EWALD_FFT_DIRECTION_BACKWARD);
  const Side &source = reads_input ? plan->problem.input : plan->problem.output,
             &target = reads_input ? plan->problem.output : plan->problem.input;
  const size_t number = plan->f64 ? 8 : 4;
  const uintptr_t a = reinterpret_cast<uintptr_t>(in), b = reinterpret_cast<uintptr_t>(out);
  const uintptr_t a_end = a + source.size * number * (source.complex ? 2 : 1),
                  b_end = b + target.size * number * (target.complex ? 2 : 1);
  if (plan->problem.in_place ? a != b : (a < b_end && b < a_end))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       plan->problem.in_place
                           ? "ewald_fft_execute: the plan is in place; input and output must be the same memory"
                           : "ewald_fft_execute: input and output overlap; plan in place, or pass separate arrays");
  if (((a | b) & (number - 1)) != 0)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "ewald_fft_execute: input and output must be aligned to the size of their numbers");

  const double n = plan->problem.logical;
  const double factor = scale == EWALD_FFT_SCALE_FULL        ? 1 / n
                        : scale == EWALD_FFT_SCALE_SYMMETRIC ? 1 / std::sqrt(n)
                                                             : 1;
  if (plan->f64)
    execute<double>(*plan, *plan->f64_programs, direction, in, out, workspace, factor);
  else
    execute<float>(*plan, *plan->f32_programs, direction, in, out, workspace, factor);
  return EWALD_STATUS_OK;
}

EWALD_EXPORT(ewald_fft_stop) void ewald_fft_stop(ewald_fft* plan, uint32_t on) {
  if (plan != nullptr) plan->watch.stop = on != 0;
}

EWALD_EXPORT(ewald_fft_done) double ewald_fft_done(const ewald_fft* plan) {
  if (plan == nullptr) return 0;
  const double whole = double(plan->watch.whole.load());
  const double done = double(plan->watch.done.load());
  return whole > 0 ? (done < whole ? done / whole : 1) : 0;
}
}
