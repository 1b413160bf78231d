// Reads a descriptor: all checks are made before any work, and all defaults are set in one place.
#include <cstring>

#include "common/status.h"
#include "fft/plan.h"

namespace ewald::fft {
namespace {

// C order over `count`, the batch (dimension 0) outermost.
void contiguous(Side& side, const size_t* padded, uint32_t dims) {
  size_t stride = 1;
  for (uint32_t d = dims; d-- > 0;) {
    side.stride[d] = stride;
    stride *= padded[d];
  }
}

bool fits(const size_t* count, uint32_t dims, size_t element) {
  size_t size = element;
  for (uint32_t d = 0; d < dims; d++) {
    if (count[d] > (size_t(-1) >> 2) / size) return false;
    size *= count[d];
  }
  return true;
}

}  // namespace

int32_t check(const ewald_fft_descriptor& given, Problem& problem) {
  problem = {};
  if (given.rank < 1 || given.rank > max_rank)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: rank is %u; expected 1 to %u", given.rank, max_rank);
  if (given.kind > EWALD_FFT_KIND_R2R)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: unknown kind %u", given.kind);
  if (given.precision > EWALD_FFT_PRECISION_F64)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: unknown precision %u", given.precision);
  const uint32_t rank = given.rank, dims = rank + 1, all = (1u << rank) - 1;
  if ((given.axes & ~all) != 0)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: axes 0x%x name an axis beyond rank %u", given.axes, rank);
  problem.rank = rank;
  problem.kind = given.kind;
  problem.axes = given.axes != 0 ? given.axes : all;
  problem.reduced = given.reduced;
  problem.threads = thread_count(given.threads);
  problem.in_place = (given.flags & EWALD_FFT_FLAG_IN_PLACE) != 0;
  problem.user_workspace = (given.flags & EWALD_FFT_FLAG_USER_WORKSPACE) != 0;
  problem.tune = given.tune;
  problem.batch = given.batch != 0 ? given.batch : 1;
  problem.shape[0] = problem.batch;
  for (uint32_t i = 0; i < rank; i++) {
    if (given.shape[i] == 0)
      return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: the length of axis %u is 0; expected at least 1", i);
    problem.shape[i + 1] = given.shape[i];
  }
  const bool halves = given.kind == EWALD_FFT_KIND_R2C || given.kind == EWALD_FFT_KIND_C2R;
  if (halves && (given.reduced >= rank || (problem.axes >> given.reduced & 1) == 0))
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: the reduced axis %u is not among the transformed axes 0x%x",
                given.reduced, problem.axes);

  problem.logical = 1;
  for (uint32_t i = 0; i < rank; i++) {
    if ((problem.axes >> i & 1) == 0) continue;
    const size_t n = given.shape[i];
    double logical = double(n);
    if (given.kind == EWALD_FFT_KIND_R2R) {
      if (given.axis_kind[i] > EWALD_FFT_AXIS_KIND_DST4)
        return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: unknown kind %u of axis %u", given.axis_kind[i], i);
      const Trig kind = Trig(given.axis_kind[i]);
      problem.trig[i + 1] = kind;
      if (kind == Trig::dct1 && n < 2)
        return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: the length of axis %u is 1; DCT-I requires at least 2", i);
      logical = 2 * (kind == Trig::dct1 ? double(n) - 1 : kind == Trig::dst1 ? double(n) + 1 : double(n));
    }
    problem.logical *= logical;
  }

  // Counts of both sides.
  const bool real_input =
      given.kind == EWALD_FFT_KIND_R2C || given.kind == EWALD_FFT_KIND_REAL_C2C || given.kind == EWALD_FFT_KIND_R2R;
  const bool real_output = given.kind == EWALD_FFT_KIND_C2R || given.kind == EWALD_FFT_KIND_R2R;
  Side &input = problem.input, &output = problem.output;
  input.complex = !real_input;
  output.complex = !real_output;
  for (uint32_t d = 0; d < dims; d++) input.count[d] = output.count[d] = problem.shape[d];
  const uint32_t reduced = given.reduced + 1;
  if (halves) (real_input ? output : input).count[reduced] = problem.shape[reduced] / 2 + 1;

  struct Part {
    Side& side;
    const uint32_t *start, *count;
    const char* name;
  };
  const Part parts[2] = {{input, given.in_start, given.in_count, "input"},
                         {output, given.out_start, given.out_count, "output"}};
  bool windowed = false;
  for (const Part& part : parts)
    for (uint32_t d = 0; d < dims; d++) {
      Side& side = part.side;
      const size_t whole = side.count[d];
      side.window[d] = {0, whole, whole};
      if (d == 0 || part.count[d - 1] == 0) continue;
      const size_t start = part.start[d - 1], count = part.count[d - 1];
      // Windows of half spectra and of real numbers cannot wrap around.
      const bool around = side.complex && !(halves && d == reduced);
      if (count > whole || start >= whole || (!around && start + count > whole))
        return fail(EWALD_STATUS_INVALID_ARGUMENT,
                    "fft: the %s holds %zu elements starting at %zu of axis %u, which has %zu", part.name, count, start,
                    d - 1, whole);
      if ((problem.axes >> (d - 1) & 1) == 0 && count != whole)
        return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: the %s holds a part of axis %u, which is not transformed",
                    part.name, d - 1);
      side.window[d] = {start, count, whole};
      side.count[d] = count;
      windowed = windowed || !side.window[d].all();
    }
  if (windowed && problem.in_place)
    return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: a plan whose sides hold parts of the axes cannot be in place");

  const size_t element = (given.precision == EWALD_FFT_PRECISION_F64 ? 8 : 4) * 2;
  struct Given {
    Side& side;
    const uint32_t* stride;
    uint32_t distance;
    const char* name;
  };
  const Given sides[2] = {{input, given.in_stride, given.in_distance, "input"},
                          {output, given.out_stride, given.out_distance, "output"}};
  for (const Given& which : sides) {
    Side& side = which.side;
    if (!fits(side.count, dims, element))
      return fail(EWALD_STATUS_LIMIT, "fft: the %s has more elements than this machine can address", which.name);
    size_t padded[max_dims];
    std::memcpy(padded, side.count, sizeof padded);
    const bool pad = problem.in_place && halves && !side.complex && reduced == rank;
    if (pad) padded[rank] = 2 * (problem.shape[rank] / 2 + 1);
    bool any = false;
    for (uint32_t i = 0; i < rank; i++) any = any || which.stride[i] != 0;
    contiguous(side, padded, dims);
    if (any)
      for (uint32_t i = 0; i < rank; i++) {
        if (which.stride[i] == 0 && side.count[i + 1] > 1)
          return fail(EWALD_STATUS_INVALID_ARGUMENT, "fft: the %s stride of axis %u is 0, but others are given",
                      which.name, i);
        side.stride[i + 1] = which.stride[i];
      }
    if (which.distance != 0)
      side.stride[0] = which.distance;
    else if (any) {
      size_t extent = 1;
      for (uint32_t d = 1; d < dims; d++) extent += (side.count[d] - 1) * side.stride[d];
      side.stride[0] = extent;
    }
    double size = 1;
    for (uint32_t d = 0; d < dims; d++) size += double(side.count[d] - 1) * double(side.stride[d]);
    if (size > double(size_t(-1) >> 2) / double(element))
      return fail(EWALD_STATUS_LIMIT,
          "fft: the strides of the %s extend beyond the memory that this machine can address",
                  which.name);
    side.size = 1;
    for (uint32_t d = 0; d < dims; d++) side.size += (side.count[d] - 1) * side.stride[d];
  }

  if (problem.in_place && given.kind == EWALD_FFT_KIND_REAL_C2C)
    return fail(EWALD_STATUS_INVALID_ARGUMENT,
        "fft: real numbers cannot be transformed to equally many complex numbers in place");
  if (problem.in_place && halves) {
    const Side &real = real_input ? input : output, &complex = real_input ? output : input;
    bool same = real.stride[reduced] == 1 && complex.stride[reduced] == 1;
    for (uint32_t d = 0; d < dims; d++)
      if (d != reduced && real.count[d] > 1) same = same && real.stride[d] == 2 * complex.stride[d];
    if (!same)
      return fail(EWALD_STATUS_INVALID_ARGUMENT,
                  "fft: in place, the reduced axis must be contiguous and the real strides of the others twice the "
                  "complex ones");
  }
  return EWALD_STATUS_OK;
}

}  // namespace ewald::fft
