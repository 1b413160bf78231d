// The C functions of the transforms: a handle holds the passes of both directions, their tables, the memory of
// intermediate results, and device memory for both sides. A run allocates nothing.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"
#include "../common/staging.h"
#include "common/status.h"
#include "kernels.cuh"
#include "program.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::fft;
using ewald::fft::Problem;
using ewald::fft::Side;

Problem checked(const ewald_fft_descriptor& descriptor) {
  Problem problem;
  const int32_t status = ewald::fft::check(descriptor, problem);
  if (status != EWALD_STATUS_OK) throw CudaError(ewald_status(status), ewald::last_error_text());
  return problem;
}

std::uint64_t count_of(const Side& side, std::uint32_t rank) {
  std::uint64_t count = 1;
  for (std::uint32_t d = 0; d <= rank; d++) count *= side.count[d];
  return count;
}
std::uint64_t bytes_of(const Side& side, std::size_t number) {
  return std::uint64_t(side.size) * number * (side.complex ? 2 : 1);
}

// Everything about a transform that is known without the device.
struct Draft {
  Problem problem;
  std::size_t number;   // bytes of a real number
  Program programs[2];  // forward, backward
  Tables tables;
  std::uint64_t input, output, middle, pieces, roots;  // bytes; in place, `input` serves both sides and `output` is 0

  Draft(const ewald_cuda_context& context, const ewald_fft_descriptor& descriptor)
      : problem(checked(descriptor)), number(descriptor.precision == EWALD_FFT_PRECISION_F64 ? 8 : 4) {
    const Card card{std::uint32_t(context.multiprocessors), context.l2Bytes, context.bytesPerSecond};
    tables.roots(1, 1);  // so that the array of roots is never empty
    for (int backward = 0; backward < 2; backward++)
      programs[backward] = f64() ? program_of<double>(problem, backward != 0, card, tables)
                                 : program_of<float>(problem, backward != 0, card, tables);
    input = bytes_of(problem.input, number);
    output = bytes_of(problem.output, number);
    if (problem.in_place) {
      input = std::max(input, output);
      output = 0;
    }
    middle = std::max(programs[0].middle, programs[1].middle) * number;
    pieces = std::max(programs[0].pieces, programs[1].pieces) * number;
    roots = tables.count() * 2 * number;
  }
  bool f64() const { return number == 8; }
  std::uint64_t bytes() const { return input + output + middle + pieces + roots; }

  ewald_cuda_fft_info info() const {
    ewald_cuda_fft_info info{};
    info.input_bytes = bytes_of(problem.input, number);
    info.output_bytes = bytes_of(problem.output, number);
    info.device_bytes = bytes();
    for (int d = 0; d < 2; d++) {
      info.passes[d] = std::uint32_t(programs[d].steps.size());
      info.bytes_read[d] = programs[d].bytes_read;
      info.bytes_written[d] = programs[d].bytes_written;
      info.bytes_kept[d] = programs[d].bytes_kept;
      info.slabs[d] = programs[d].slabs;
    }
    return info;
  }

  // Refuses transforms that exceed this GPU's memory or the index range of the kernels.
  void fits() const {
    std::size_t free = 0, total = 0;
    EWALD_CUDA(cudaMemGetInfo(&free, &total));
    if (bytes() > total)
      throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_fft: the transform requires " + std::to_string(bytes()) +
                                              " bytes (its sides " + std::to_string(input + output) +
                                              ", between its passes " + std::to_string(middle + pieces) + ", tables " +
                                              std::to_string(roots) + "), and the card has " + std::to_string(total) +
                                              "; use a smaller shape or batch, or another backend");
    for (const Program& program : programs)
      for (const Step& step : program.steps)
        if (step.pass.lines >= std::uint64_t(1) << 31)
          throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_fft: " + std::to_string(step.pass.lines) +
                                                  " lines; a launch takes at most 2147483647");
  }
};
}  // namespace

struct ewald_cuda_fft {
  ewald_cuda_context* const context;
  const Problem problem;
  const std::size_t number;
  const Program programs[2];
  DeviceBuffer<unsigned char> roots, middle, pieces, input, output;

  // `table`: the roots, rounded.
  ewald_cuda_fft(ewald_cuda_context* owner, Draft&& draft, const void* table)
      : context(owner),
        problem(draft.problem),
        number(draft.number),
        programs{std::move(draft.programs[0]), std::move(draft.programs[1])},
        roots(*owner, draft.roots, "the tables of a transform"),
        middle(*owner, draft.middle, "the data between the axes of a transform"),
        pieces(*owner, draft.pieces, "the data between the passes of a transform"),
        input(*owner, draft.input, "the input of a transform"),
        output(*owner, draft.output, "the output of a transform") {
    context->staging->to_device(roots.data(), table, roots.bytes(), context->stream);
    EWALD_CUDA(cudaStreamSynchronize(context->stream));
  }

  bool f64() const { return number == 8; }
  std::uint64_t side_bytes(const Side& side) const { return bytes_of(side, number); }

  // Inside, forward is the negative exponent; c2r reads its input, the spectrum, with the positive one.
  bool backwardOf(std::uint32_t direction) const {
    return (direction == EWALD_FFT_DIRECTION_BACKWARD) != (problem.kind == EWALD_FFT_KIND_C2R);
  }
  const Side& source(bool backward) const {
    return (problem.kind == EWALD_FFT_KIND_C2R) == backward ? problem.input : problem.output;
  }
  const Side& target(bool backward) const {
    return (problem.kind == EWALD_FFT_KIND_C2R) == backward ? problem.output : problem.input;
  }

  double factor(std::uint32_t scale) const {
    return scale == EWALD_FFT_SCALE_FULL        ? 1 / problem.logical
           : scale == EWALD_FFT_SCALE_SYMMETRIC ? 1 / std::sqrt(problem.logical)
                                                : 1;
  }

  // All passes, on device memory.
  void start(bool backward, const void* in, void* out, std::uint32_t scale) {
    const auto place = [&](Place which) -> unsigned char* {
      switch (which) {
        case Place::source:
          return static_cast<unsigned char*>(const_cast<void*>(in));
        case Place::target:
          return static_cast<unsigned char*>(out);
        case Place::middle:
          return middle.data();
        default:
          return pieces.data();
      }
    };
    const Program& program = programs[backward];
    const auto pass = [&](std::size_t i, std::uint64_t slab) {
      const Step& step = program.steps[i];
      const double by = step.pass.last ? factor(scale) : 1;
      const void* const from = place(step.from) + slab * step.from_slab;
      void* const to = place(step.to) + slab * step.to_slab;
      if (f64())
        launch_pass(step.pass, from, to, reinterpret_cast<const double2*>(roots.data()), by, context->stream);
      else
        launch_pass(step.pass, from, to, reinterpret_cast<const float2*>(roots.data()), by, context->stream);
      EWALD_CUDA(cudaGetLastError());
    };
    for (std::size_t i = 0; i < program.group_begin; i++) pass(i, 0);
    for (std::uint32_t slab = 0; slab < program.slabs; slab++)
      for (std::size_t i = program.group_begin; i < program.group_end; i++) pass(i, slab);
    for (std::size_t i = program.group_end; i < program.steps.size(); i++) pass(i, 0);
  }

  void run(bool backward, const void* in, void* out, std::uint32_t on_device, std::uint32_t scale) {
    const Side &from = source(backward), &to = target(backward);
    const bool in_there = (on_device & EWALD_CUDA_INPUT_ON_DEVICE) != 0,
               out_there = (on_device & EWALD_CUDA_OUTPUT_ON_DEVICE) != 0;
    unsigned char* const held[2] = {input.data(), problem.in_place ? input.data() : output.data()};
    const bool first = &from == &problem.input;
    const void* const read = in_there ? in : held[first ? 0 : 1];
    unsigned char* const written = out_there ? static_cast<unsigned char*>(out) : held[first ? 1 : 0];
    const std::uint64_t read_bytes = side_bytes(from), written_bytes = side_bytes(to);
    Staging& staging = *context->staging;
    if (!in_there) staging.to_device(held[first ? 0 : 1], in, read_bytes, context->stream);
    if (!out_there) {
      // Memory between the elements belongs to the caller and must be returned unchanged; in place, the input already
      // provides most of it.
      const std::uint64_t there = problem.in_place                        ? read_bytes
                                  : to.size == count_of(to, problem.rank) ? written_bytes
                                                                          : 0;
      if (there < written_bytes)
        staging.to_device(written + there, static_cast<unsigned char*>(out) + there, written_bytes - there,
                          context->stream);
    }
    start(backward, read, written, scale);
    if (!out_there) staging.from_device(out, written, written_bytes, context->stream);
    // Without waiting: later work of this context runs after it, and reports its errors.
    if (!in_there || !out_there || !(on_device & EWALD_CUDA_NO_WAIT))
      EWALD_CUDA(cudaStreamSynchronize(context->stream));
  }

  void checkRun(std::uint32_t direction, const void* in, const void* out, std::uint32_t on_device,
                std::uint32_t scale) const {
    if (in == nullptr || out == nullptr)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_fft: a pointer is null");
    if (direction > EWALD_FFT_DIRECTION_BACKWARD)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                      "ewald_cuda_fft: unknown direction " + std::to_string(direction));
    if (scale > EWALD_FFT_SCALE_SYMMETRIC)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                      "ewald_cuda_fft: unknown scale " + std::to_string(scale));
    const bool backward = backwardOf(direction);
    // Complex numbers, and pairs of real ones, are read in one access.
    const auto misaligned = [&](const void* memory, const Side& side, std::uint32_t there) {
      const bool pairs = side.complex || problem.kind == EWALD_FFT_KIND_R2C || problem.kind == EWALD_FFT_KIND_C2R;
      return (on_device & there) != 0 && reinterpret_cast<std::uintptr_t>(memory) % (number * (pairs ? 2 : 1)) != 0;
    };
    if (misaligned(in, source(backward), EWALD_CUDA_INPUT_ON_DEVICE) ||
        misaligned(out, target(backward), EWALD_CUDA_OUTPUT_ON_DEVICE))
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                      "ewald_cuda_fft: device memory has to begin at a multiple of " + std::to_string(2 * number) +
                          " bytes, a complex number");
    const auto a = reinterpret_cast<std::uintptr_t>(in), b = reinterpret_cast<std::uintptr_t>(out);
    if (problem.in_place ? a != b : a < b + side_bytes(target(backward)) && b < a + side_bytes(source(backward)))
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                      problem.in_place
                          ? "ewald_cuda_fft: the plan is in place; input and output must be the same memory"
                          : "ewald_cuda_fft: input and output overlap; plan in place, or pass separate arrays");
  }
};

extern "C" {

int32_t ewald_cuda_fft_create(ewald_cuda_context* context, const ewald_fft_descriptor* descriptor,
                              ewald_cuda_fft** plan) {
  return guarded([&] {
    if (!descriptor || !plan)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_fft_create: a pointer is null");
    *plan = nullptr;
    if (!context) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "the CUDA context is null");
    Draft draft(*context, *descriptor);
    useContext(context, [&] { draft.fits(); });
    // Roots take up to a second, so other runs of the context continue meanwhile.
    const std::vector<double> exact = draft.tables.fill();
    std::vector<float> rounded;
    if (!draft.f64()) rounded.assign(exact.begin(), exact.end());
    const void* const table = draft.f64() ? static_cast<const void*>(exact.data()) : rounded.data();
    useContext(context, [&] { *plan = new ewald_cuda_fft(context, std::move(draft), table); });
  });
}

void ewald_cuda_fft_destroy(ewald_cuda_fft* plan) {
  if (!plan) return;
  // Also on a lost device: its memory is lost, but the count must be corrected.
  const std::lock_guard lock(plan->context->busy);
  cudaSetDevice(plan->context->device);
  delete plan;
}

int32_t ewald_cuda_fft_describe(ewald_cuda_context* context, const ewald_fft_descriptor* descriptor,
                                ewald_cuda_fft_info* info) {
  return guarded([&] {
    if (!context || !descriptor || !info)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_fft_describe: a pointer is null");
    *info = Draft(*context, *descriptor).info();
  });
}

int32_t ewald_cuda_fft_execute(ewald_cuda_fft* plan, uint32_t direction, const void* in, void* out, uint32_t on_device,
                               uint32_t scale) {
  return guarded([&] {
    if (!plan) throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_fft_execute: the plan is null");
    plan->checkRun(direction, in, out, on_device, scale);
    useContext(plan->context, [&] { plan->run(plan->backwardOf(direction), in, out, on_device, scale); });
  });
}
}
