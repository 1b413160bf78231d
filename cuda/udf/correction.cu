// Corrections of frames: dark frame, gain and bad pixels, a thread for each pixel of some frames. Frames are uploaded
// and corrected ones downloaded in chunks, through the page-locked pieces of the context.
#include "udf/correction.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"
#include "../common/staging.h"
#include "common/status.h"
#include "pass.cuh"
#include "udf/check.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::udf;

// Bytes of frames and of corrected frames that are on the device together.
constexpr std::size_t kChunk = std::size_t(16) << 20;
// Frames of a thread, so that it reads its tables once for all of them.
constexpr unsigned kFramesOfThread = 8;

// The tables on the device, in the type of the results.
template <class O>
struct Tables {
  const O *dark, *rest, *gain, *limits;
  const std::uint8_t* mask;
  std::uint8_t* marks;  // [frames][pixels]; null if no value can be bad
  std::uint32_t pixels, markers, panel_width, panel_height;
  bool nan_is_bad;
};

template <class T, class O>
__device__ bool outside(const Tables<O>& t, O value) {
  if (value != value) return kReal<T> && t.nan_is_bad;
  bool bad = value > t.limits[0] || value < t.limits[1];
  for (std::uint32_t m = 0; m < t.markers; ++m) bad = bad || value == t.limits[2 + m];
  return bad;
}

template <class T, class O>
__global__ __launch_bounds__(kThreads) void correct(Tables<O> t, const T* frames, std::uint32_t count, O* out) {
  const std::uint32_t pixel = blockIdx.x * kThreads + threadIdx.x;
  if (pixel >= t.pixels) return;
  const O dark = t.dark[pixel], rest = t.rest[pixel], gain = t.gain[pixel];
  const std::uint8_t bad = t.mask[pixel];
  const std::uint32_t first = blockIdx.y * kFramesOfThread;
  for (std::uint32_t f = first; f < count && f < first + kFramesOfThread; ++f) {
    const std::size_t at = std::size_t(f) * t.pixels + pixel;
    const O value = O(frames[at]);
    if (t.marks) t.marks[at] = bad || outside<T, O>(t, value);
    out[at] = ((value - dark) - rest) * gain;
  }
}

// Replaces the bad pixels, when all others are corrected.
template <class O>
__global__ __launch_bounds__(kThreads) void fill(Tables<O> t, std::uint32_t count, O* out) {
  const std::uint32_t pixel = blockIdx.x * kThreads + threadIdx.x;
  if (pixel >= t.pixels) return;
  const std::uint32_t first = blockIdx.y * kFramesOfThread;
  const std::int64_t width = t.panel_width, height = t.panel_height;
  for (std::uint32_t f = first; f < count && f < first + kFramesOfThread; ++f) {
    const std::size_t frame = std::size_t(f) * t.pixels;
    const std::uint8_t* const marks = t.marks ? t.marks + frame : t.mask;
    if (marks[pixel] == 0) continue;
    double sum = 0;
    unsigned good = 0;
    if (width > 0) {
      const std::int64_t x = pixel % width, y = pixel / width % height;
      for (std::int64_t dy = -1; dy <= 1; ++dy)
        for (std::int64_t dx = -1; dx <= 1; ++dx) {
          if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
          const std::size_t other = std::size_t(std::int64_t(pixel) + dy * width + dx);
          if (marks[other] != 0) continue;
          sum += double(out[frame + other]);
          ++good;
        }
    }
    out[frame + pixel] = good > 0 ? O(sum / good) : O(0);
  }
}

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }

template <class T>
DeviceBuffer<T> uploaded(ewald_cuda_context& context, const std::vector<T>& from) {
  DeviceBuffer<T> buffer(context, from.size(), "the tables of corrections");
  context.staging->to_device(buffer.data(), from.data(), from.size() * sizeof(T), context.stream);
  EWALD_CUDA(cudaStreamSynchronize(context.stream));
  return buffer;
}
}  // namespace

struct ewald_cuda_correction {
  ewald_cuda_context* const context;
  const ewald_correction_descriptor d;
  const std::size_t number_bytes, result_bytes;
  bool limited = false, any_bad = false;
  std::uint32_t most = 1;
  // dark, rest, gain, limits: floats or doubles
  DeviceBuffer<unsigned char> numbers, frames, out;
  DeviceBuffer<std::uint8_t> mask, marks;

  ewald_cuda_correction(ewald_cuda_context* owner, const ewald_correction_descriptor& descriptor, const double* dark,
                        const double* gain, const std::uint8_t* bad, const double* limits)
      : context(owner),
        d(descriptor),
        number_bytes(ewald::udf::bytes_of[d.dtype]),
        result_bytes(d.wide ? 8 : 4) {
    std::vector<std::uint8_t> marked(d.pixels, 0);
    for (std::size_t i = 0; bad && i < d.pixels; ++i) any_bad |= (marked[i] = bad[i] != 0) != 0;
    mask = uploaded(*context, marked);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    limited = d.markers > 0 || limits[0] < infinity || limits[1] > -infinity ||
              (d.dtype == EWALD_NUMBER_F32 && d.nan_is_bad);
    if (d.wide)
      upload<double>(dark, gain, limits);
    else
      upload<float>(dark, gain, limits);
    const std::size_t a_frame = d.pixels * (number_bytes + result_bytes + (limited ? 1 : 0));
    most = std::uint32_t(std::clamp<std::size_t>(kChunk / a_frame, 1, kMostFrames));
    frames = DeviceBuffer<unsigned char>(*context, most * d.pixels * number_bytes, "frames to correct");
    out = DeviceBuffer<unsigned char>(*context, most * d.pixels * result_bytes, "corrected frames");
    if (limited) marks = DeviceBuffer<std::uint8_t>(*context, std::size_t(most) * d.pixels, "bad pixels of frames");
  }

  template <class O>
  void upload(const double* dark, const double* gain, const double* limits) {
    const std::size_t pixels = d.pixels;
    std::vector<O> all(3 * pixels + 2 + d.markers);
    for (std::size_t i = 0; i < pixels; ++i) {
      all[i] = dark ? O(dark[i]) : O(0);
      all[pixels + i] = dark && !d.wide ? O(ewald::udf::rest_of(dark[i])) : O(0);
      all[2 * pixels + i] = gain ? O(gain[i]) : O(1);
    }
    O* const own = all.data() + 3 * pixels;
    own[0] = d.wide ? O(limits[0]) : O(ewald::udf::not_above(limits[0]));
    own[1] = d.wide ? O(limits[1]) : O(ewald::udf::not_below(limits[1]));
    for (std::uint32_t m = 0; m < d.markers; ++m) {
      const O marker = O(limits[2 + m]);
      own[2 + m] = double(marker) == limits[2 + m] ? marker : std::numeric_limits<O>::quiet_NaN();
    }
    std::vector<unsigned char> bytes(all.size() * sizeof(O));
    std::copy_n(reinterpret_cast<const unsigned char*>(all.data()), bytes.size(), bytes.data());
    numbers = uploaded(*context, bytes);
  }

  template <class T, class O>
  void send(std::uint32_t count) {
    const O* const tables = reinterpret_cast<const O*>(numbers.data());
    const std::size_t pixels = d.pixels;
    const Tables<O> t{tables,       tables + pixels, tables + 2 * pixels, tables + 3 * pixels, mask.data(),
                      marks.data(), d.pixels,        d.markers,           d.panel_width,       d.panel_height,
                      d.nan_is_bad != 0};
    O* const to = reinterpret_cast<O*>(out.data());
    const dim3 grid(blocks_of(d.pixels, kThreads), blocks_of(count, kFramesOfThread));
    const T* const from = reinterpret_cast<const T*>(frames.data());
    EWALD_LAUNCH((correct<T, O>), grid, kThreads, 0, context->stream, t, from, count, to);
    EWALD_CUDA(cudaGetLastError());
    if (!any_bad && !limited) return;
    EWALD_LAUNCH((fill<O>), grid, kThreads, 0, context->stream, t, count, to);
    EWALD_CUDA(cudaGetLastError());
  }

  template <class T>
  void send(std::uint32_t count) {
    if (d.wide)
      send<T, double>(count);
    else
      send<T, float>(count);
  }

  void correct_chunk(const unsigned char* from, std::uint32_t count, unsigned char* to) {
    context->staging->to_device(frames.data(), from, count * d.pixels * number_bytes, context->stream);
    switch (d.dtype) {
      case EWALD_NUMBER_U8:
        send<std::uint8_t>(count);
        break;
      case EWALD_NUMBER_I8:
        send<std::int8_t>(count);
        break;
      case EWALD_NUMBER_U16:
        send<std::uint16_t>(count);
        break;
      case EWALD_NUMBER_I16:
        send<std::int16_t>(count);
        break;
      case EWALD_NUMBER_U32:
        send<std::uint32_t>(count);
        break;
      case EWALD_NUMBER_I32:
        send<std::int32_t>(count);
        break;
      default:
        send<float>(count);
    }
    context->staging->from_device(to, out.data(), count * d.pixels * result_bytes, context->stream);
  }

  std::uint64_t device_bytes() const {
    return numbers.bytes() + frames.bytes() + out.bytes() + mask.bytes() + marks.bytes();
  }
};

extern "C" {

int32_t ewald_cuda_correction_create(ewald_cuda_context* context, const ewald_correction_descriptor* descriptor,
                                     const double* dark, const double* gain, const uint8_t* mask, const double* limits,
                                     ewald_cuda_correction** correction) {
  return guarded([&] {
    if (!descriptor || !limits || !correction)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_correction_create: a pointer is null");
    *correction = nullptr;
    const int32_t status = ewald::udf::check(*descriptor);
    if (status != EWALD_STATUS_OK) refuse(ewald_status(status), ewald::last_error_text());
    useContext(context,
               [&] { *correction = new ewald_cuda_correction(context, *descriptor, dark, gain, mask, limits); });
  });
}

void ewald_cuda_correction_destroy(ewald_cuda_correction* correction) {
  if (!correction) return;
  const std::lock_guard lock(correction->context->busy);
  cudaSetDevice(correction->context->device);
  delete correction;
}

uint64_t ewald_cuda_correction_bytes(const ewald_cuda_correction* correction) {
  return correction ? correction->device_bytes() : 0;
}

int32_t ewald_cuda_correction_run(ewald_cuda_correction* correction, const void* frames, uint64_t count, void* out) {
  return guarded([&] {
    if (!correction || (count > 0 && (!frames || !out)))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_correction_run: a pointer is null");
    const std::size_t pixels = correction->d.pixels;
    for (std::uint64_t first = 0; first < count; first += correction->most) {
      const auto here = std::uint32_t(std::min<std::uint64_t>(correction->most, count - first));
      const auto* const from = static_cast<const unsigned char*>(frames) + first * pixels * correction->number_bytes;
      auto* const to = static_cast<unsigned char*>(out) + first * pixels * correction->result_bytes;
      useContext(correction->context, [&] { correction->correct_chunk(from, here, to); });
    }
  });
}
}
