// The C functions of a pass: a handle holds tables, sums over frames, and memory for two chunks of frames and for the
// results of a batch of frames. A run allocates nothing. Host frames are uploaded in chunks through the page-locked
// pieces of the context, whose lock is released between two chunks; frames in device memory are used in place, with
// many more per batch. The steps of a batch take turns with rounds of frames that fit into the cache.
#include "pass.cuh"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"
#include "../common/staging.h"
#include "chunks.h"
#include "common/status.h"
#include "udf/check.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::udf;

// Bytes for the partial results of a batch and for the sums of its frames, which limit the number of frames.
constexpr std::size_t kBatchBytes = std::size_t(16) << 20;
// Rounds: frames that every step reads before the next ones are read, so that all steps but the first find them in the
// cache. Half of the cache is for them; where a launch would leave multiprocessors idle they may take three quarters.
// A kernel more costs some 10 microseconds, measured on an H100, where a round of 35 MB is read in 12: rounds pay only
// on cards with slower memory.
constexpr double kKernelSeconds = 1e-5;
// Number of threads for planes; if a frame has fewer quads, several threads handle the same pixels, each with a slice
// of the frames.
constexpr std::uint32_t kPlaneThreads = 1u << 17, kMostSlices = 8;
constexpr std::uint32_t kLogs = 65536;

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }

template <class T>
DeviceBuffer<T> uploaded(ewald_cuda_context& context, const T* from, std::size_t count) {
  DeviceBuffer<T> buffer(context, std::max<std::size_t>(1, count), "the tables of a pass");
  if (count > 0) context.staging->to_device(buffer.data(), from, count * sizeof(T), context.stream);
  return buffer;
}

struct Event {
  cudaEvent_t of = nullptr;
  Event() { EWALD_CUDA(cudaEventCreateWithFlags(&of, cudaEventDisableTiming)); }
  ~Event() { cudaEventDestroy(of); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

// A step, and its data on the device.
struct Step {
  ewald_udf_step is;
  DeviceBuffer<std::uint32_t> words;  // marks, or starts and pixels
  DeviceBuffer<float> weights;  // words: a float64 weight has two
  std::uint32_t pitch = 0;      // weights between two dense masks
  DeviceBuffer<double> sums;    // of slices

  bool plane() const { return ewald::udf::is_plane(is.kind); }
  std::uint32_t numbers() const { return ewald::udf::planes_of(is); }
  // Number of results of a part of a frame; sparse masks have no parts.
  std::uint32_t values() const {
    return plane() || sparse() ? 0 : ewald::udf::columns_of(is);
  }
  std::size_t partial_bytes() const { return values() * (is.kind == EWALD_UDF_STEP_KIND_DENSE ? 4 : 8); }
  // How often it reads its frames: logarithms need the smallest number first. Sparse masks read a few pixels.
  std::uint32_t reads() const { return is.kind == EWALD_UDF_STEP_KIND_LOG_SUM ? 2 : sparse() ? 0 : 1; }
  // The kernels of a round; sums of frames are gathered by another one.
  std::uint32_t kernels() const { return is.kind == EWALD_UDF_STEP_KIND_LOG_SUM || values() > 0 ? 2 : 1; }
  // Frames per warp, and warps for a part of them.
  std::uint32_t frames_each() const { return dense() ? kFramesEach : 1; }
  std::uint32_t warps_of_part() const {
    const std::uint32_t masks = is.kind == EWALD_UDF_STEP_KIND_DENSE ? 8 : 4;
    return dense() ? blocks_of(is.count, masks) : 1;
  }
  bool sparse() const { return is.kind == EWALD_UDF_STEP_KIND_SPARSE || is.kind == EWALD_UDF_STEP_KIND_SPARSE_DOUBLE; }
  bool dense() const { return is.kind == EWALD_UDF_STEP_KIND_DENSE || is.kind == EWALD_UDF_STEP_KIND_DENSE_DOUBLE; }
  const double* doubles() const { return reinterpret_cast<const double*>(weights.data()); }
};

std::vector<std::uint32_t> marks_of(const std::uint32_t* spans, std::uint32_t count, std::uint32_t pixels) {
  std::vector<std::uint32_t> marks((pixels + 31) / 32, 0);
  for (std::uint32_t s = 0; s < count; ++s)
    for (std::uint32_t p = spans[2 * s]; p < spans[2 * s + 1]; ++p) marks[p / 32] |= 1u << p % 32;
  return marks;
}

Step made(ewald_cuda_context& context, const ewald_udf_step& step, std::uint32_t pixels, std::uint32_t slices,
          const std::uint32_t* indices, const float* weights) {
  Step made{step, {}, {}, 0, {}};
  const std::uint32_t* const own = indices + step.first_index;
  const float* const given = weights + step.first_weight;
  // Words of a weight.
  const std::size_t word = ewald::udf::is_double(step.kind) ? 2 : 1;
  if (made.plane()) {
    made.sums = DeviceBuffer<double>(context, std::size_t(slices) * made.numbers() * pixels, "the planes of a pass");
  } else if (made.dense()) {
    // Rows of whole quads, the last one padded with zeros.
    made.pitch = (pixels + kQuad - 1) / kQuad * kQuad;
    const std::size_t row = pixels * word, pitch = made.pitch * word;
    std::vector<float> rows;
    if (made.pitch != pixels) {
      rows.resize(step.count * pitch, 0);
      for (std::uint32_t k = 0; k < step.count; ++k) std::copy_n(given + k * row, row, rows.data() + k * pitch);
    }
    made.weights = uploaded(context, rows.empty() ? given : rows.data(), step.count * pitch);
  } else if (made.sparse()) {
    const std::uint32_t entries = own[step.count];
    made.words = uploaded(context, own, std::size_t(step.count) + 1 + entries);
    made.weights = uploaded(context, given, entries * word);
  } else {
    const std::vector<std::uint32_t> marks = marks_of(own, step.count, pixels);
    made.words = uploaded(context, marks.data(), marks.size());
  }
  // The data read here may be freed.
  EWALD_CUDA(cudaStreamSynchronize(context.stream));
  return made;
}

// The stream of the copies to the device, beside that of the kernels.
struct Copies {
  cudaStream_t of = nullptr;
  Copies() { EWALD_CUDA(cudaStreamCreateWithFlags(&of, cudaStreamNonBlocking)); }
  ~Copies() { cudaStreamDestroy(of); }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
};

// The frames of a chunk, which are copied while the kernels read those of the other one, and the sums of the frames of a
// batch that are being copied back.
struct Slot {
  DeviceBuffer<unsigned char> frames;
  Event copied, read;
  DeviceBuffer<double> nav;
  PinnedBuffer<double> nav_on_host;
  Event done;
  std::uint64_t first = 0;
  std::uint32_t count = 0;  // 0: nothing is in flight
};
}  // namespace

struct ewald_cuda_udf {
  ewald_cuda_context* const context;
  ewald_udf_descriptor descriptor;
  const std::uint32_t pixels;
  const std::size_t number_bytes, frame_bytes;
  std::uint32_t columns = 0, planes = 0, slices = 1;
  // Number of frames of a batch, of a chunk, and of a round.
  std::uint32_t most = 1, chunk = 1, round = 1;
  std::vector<Step> steps;
  DeviceBuffer<unsigned char> partial, shift;
  DeviceBuffer<double> logs, sig;
  DeviceBuffer<std::uint32_t> least;
  Slot slots[2];
  Copies copies;

  ewald_cuda_udf(ewald_cuda_context* owner, const ewald_udf_descriptor& d, const ewald_udf_step* given,
                 const std::uint32_t* indices, const float* weights)
      : context(owner),
        descriptor(d),
        pixels(d.width * d.height),
        number_bytes(ewald::udf::bytes_of[d.dtype]),
        frame_bytes(pixels * number_bytes) {
    const std::uint32_t threads = blocks_of(pixels, kQuad);
    slices = std::clamp(kPlaneThreads / threads, 1u, kMostSlices);
    bool with_logs = false, with_shift = false;
    std::size_t partial_bytes = 0;
    for (std::uint32_t s = 0; s < d.steps; ++s) {
      Step step = made(*owner, given[s], pixels, slices, indices, weights);
      step.is.column = columns;
      step.is.plane = planes;
      columns += ewald::udf::columns_of(step.is);
      planes += step.numbers();
      partial_bytes = std::max(partial_bytes, parts_of(pixels) * step.partial_bytes());
      with_logs = with_logs || step.is.kind == EWALD_UDF_STEP_KIND_LOG_SUM;
      with_shift = with_shift || (step.is.kind == EWALD_UDF_STEP_KIND_MOMENTS && number_bytes == 4);
      steps.push_back(std::move(step));
    }
    const std::size_t a_frame = std::max({partial_bytes, columns * sizeof(double), sizeof(double)});
    most = std::uint32_t(std::clamp<std::size_t>(kBatchBytes / a_frame, 1, kMostFrames));
    chunk = std::uint32_t(std::clamp<std::size_t>(chunk_bytes / frame_bytes, 1, most));
    round = round_of(std::size_t(owner->l2Bytes));
    partial = DeviceBuffer<unsigned char>(*owner, most * partial_bytes, "the partial sums");
    sig = DeviceBuffer<double>(*owner, std::size_t(planes) * pixels, "the planes of a pass");
    if (with_shift) shift = DeviceBuffer<unsigned char>(*owner, frame_bytes, "the first frame");
    if (with_logs) least = DeviceBuffer<std::uint32_t>(*owner, most, "the minimum of each frame");
    if (with_logs && number_bytes < 4) {
      std::vector<double> table(kLogs);
      for (std::uint32_t v = 0; v < kLogs; ++v) table[v] = std::log(double(v) + 1);
      logs = uploaded(*owner, table.data(), table.size());
      EWALD_CUDA(cudaStreamSynchronize(owner->stream));
    }
    for (Slot& slot : slots) {
      slot.frames = DeviceBuffer<unsigned char>(*owner, chunk * frame_bytes, "the frames of a chunk");
      slot.nav = DeviceBuffer<double>(*owner, std::size_t(most) * columns, "the sums of frames");
      slot.nav_on_host = PinnedBuffer<double>(slot.nav.count(), "the sums of frames");
    }
  }

  std::uint64_t device_bytes() const {
    std::uint64_t bytes = partial.bytes() + shift.bytes() + logs.bytes() + sig.bytes() + least.bytes();
    for (const Slot& slot : slots) bytes += slot.frames.bytes() + slot.nav.bytes();
    for (const Step& step : steps) bytes += step.words.bytes() + step.weights.bytes() + step.sums.bytes();
    return bytes;
  }
  std::uint64_t host_bytes() const { return 2 * slots[0].nav_on_host.count() * sizeof(double); }

  // Number of frames of a round, for a cache of this size; that of a batch if rounds would save nothing.
  std::uint32_t round_of(std::size_t cache) const {
    const auto frames_in = [&](std::size_t bytes) { return bytes / frame_bytes / kFramesEach * kFramesEach; };
    std::size_t least = kFramesEach;
    for (const Step& step : steps) least = std::max(least, frames_to_fill(step));
    const std::size_t found = std::max(frames_in(cache / 2), least);
    if (found == 0 || found > frames_in(cache / 4 * 3) || found >= most) return most;
    std::uint32_t reads = 0, kernels = 0;
    for (const Step& step : steps) {
      if (!joins(step, found)) continue;
      reads += step.reads();
      kernels += step.kernels();
    }
    // A rate of 0 is unknown.
    const double again = double(reads > 1 ? reads - 1 : 0) * double(found * frame_bytes);
    return again > kernels * kKernelSeconds * context->bytesPerSecond && context->bytesPerSecond > 0
               ? std::uint32_t(found)
               : most;
  }
  // Number of frames with which a step has a block for each multiprocessor. Planes have threads enough with any.
  std::size_t frames_to_fill(const Step& step) const {
    if (step.plane() || step.sparse()) return 0;
    const std::size_t warps = std::size_t(context->multiprocessors) * kWarps;
    const std::uint32_t warps_of_frames = parts_of(pixels) * step.warps_of_part();
    return (warps + warps_of_frames - 1) / warps_of_frames * step.frames_each();
  }
  // Whether a step takes part in rounds of that many frames. Planes read and write their sums in every launch: where
  // this is more than their frames it is cheaper to read those again, once for a batch.
  bool joins(const Step& step, std::size_t frames) const {
    const std::size_t sums = 2 * sizeof(double) * slices * step.numbers();
    return !step.plane() || sums < frames * number_bytes;
  }

  // Launches the kernels of every step on some frames on the device, of which the first is frame `first` of the run.
  template <class T>
  void send(const void* data, std::uint64_t first, std::uint32_t count, double* nav) {
    const Frames<T> all{static_cast<const T*>(data), count, pixels, descriptor.width, first, pixels % kQuad == 0};
    const bool divided = count > round;
    const auto joining = [&](const Step& step) { return !divided || joins(step, round); };
    for (std::uint32_t done = 0; done < count; done += round) {
      Frames<T> some = all;
      some.data += std::size_t(done) * pixels;
      some.first += done;
      some.count = std::min(round, count - done);
      send_steps(some, nav + std::size_t(done) * columns, joining);
    }
    if (divided) send_steps(all, nav, [&](const Step& step) { return !joining(step); });
  }
  // The same for the steps that are chosen.
  template <class T, class Chosen>
  void send_steps(const Frames<T>& own, double* nav, const Chosen& chosen) {
    const std::uint32_t count = own.count;
    const cudaStream_t stream = context->stream;
    const std::uint32_t parts = parts_of(pixels);
    for (const Step& step : steps) {
      if (!chosen(step)) continue;
      double* const out = nav + step.is.column;
      switch (step.is.kind) {
        case EWALD_UDF_STEP_KIND_DENSE: {
          auto* const products = reinterpret_cast<float*>(partial.data());
          launch_dense<T, float>(stream, own, step.weights.data(), step.pitch, step.is.count, products);
          launch_gather(stream, products, count, parts, step.values(), out, columns);
          break;
        }
        case EWALD_UDF_STEP_KIND_DENSE_DOUBLE: {
          auto* const products = reinterpret_cast<double*>(partial.data());
          launch_dense<T, double>(stream, own, step.doubles(), step.pitch, step.is.count, products);
          launch_gather(stream, products, count, parts, step.values(), out, columns);
          break;
        }
        case EWALD_UDF_STEP_KIND_SPARSE:
          launch_sparse<T, float>(stream, own, step.words.data(), step.weights.data(), step.is.count, out, columns);
          break;
        case EWALD_UDF_STEP_KIND_SPARSE_DOUBLE:
          launch_sparse<T, double>(stream, own, step.words.data(), step.doubles(), step.is.count, out, columns);
          break;
        case EWALD_UDF_STEP_KIND_LOG_SUM:
          launch_logs<T>(stream, own, least.data(), logs.data(), {step.sums.data(), slices});
          break;
        case EWALD_UDF_STEP_KIND_SUM:
        case EWALD_UDF_STEP_KIND_MOMENTS:
          launch_sums<T>(stream, own, step.is.kind, reinterpret_cast<const T*>(shift.data()),
                         {step.sums.data(), slices});
          break;
        default: {
          auto* const sums = reinterpret_cast<double*>(partial.data());
          launch_spans<T>(stream, own, step.is.kind, step.words.data(), sums);
          launch_gather(stream, sums, count, parts, step.values(), out, columns);
        }
      }
    }
  }
  template <class T>
  void conclude(std::uint64_t count) {
    for (const Step& step : steps) {
      if (!step.plane()) continue;
      const bool about = step.is.kind == EWALD_UDF_STEP_KIND_MOMENTS && !kNarrow<T>;
      launch_conclude<T>(context->stream, {step.sums.data(), slices}, step.numbers(), pixels,
                         about ? reinterpret_cast<const T*>(shift.data()) : nullptr, double(count),
                         sig.data() + std::size_t(step.is.plane) * pixels);
    }
  }

  template <class F>
  void typed(const F& f) {
    switch (descriptor.dtype) {
      case EWALD_NUMBER_U8:
        return f(std::uint8_t());
      case EWALD_NUMBER_I8:
        return f(std::int8_t());
      case EWALD_NUMBER_U16:
        return f(std::uint16_t());
      case EWALD_NUMBER_I16:
        return f(std::int16_t());
      case EWALD_NUMBER_U32:
        return f(std::uint32_t());
      case EWALD_NUMBER_I32:
        return f(std::int32_t());
      default:
        return f(float());
    }
  }

  void run(const unsigned char* data, bool on_device, std::uint64_t count, double* nav, double* planes_out) {
    for (Slot& slot : slots) slot.count = 0;
    useContext(context, [&] {
      for (const Step& step : steps)
        if (step.plane()) EWALD_CUDA(cudaMemsetAsync(step.sums.data(), 0, step.sums.bytes(), context->stream));
    });
    const std::uint32_t each = on_device ? most : chunk;
    unsigned turn = 0;
    for (std::uint64_t first = 0; first < count; first += each, turn ^= 1) {
      Slot& slot = slots[turn];
      collect(slot, nav);
      const auto here = std::uint32_t(std::min<std::uint64_t>(each, count - first));
      useContext(context, [&] { advance(data + first * frame_bytes, on_device, first, here, slot); });
      slot.first = first;
      slot.count = here;
    }
    collect(slots[turn], nav);
    collect(slots[turn ^ 1], nav);
    if (planes == 0) return;
    useContext(context, [&] {
      typed([&](auto number) { conclude<decltype(number)>(count); });
      context->staging->from_device(planes_out, sig.data(), sig.bytes(), context->stream);
    });
  }

  void advance(const unsigned char* data, bool on_device, std::uint64_t first, std::uint32_t count, Slot& slot) {
    const void* there = data;
    if (!on_device) {
      // The kernels of the chunk before the last one may still read these frames; those of the last one read others.
      EWALD_CUDA(cudaStreamWaitEvent(copies.of, slot.read.of));
      context->staging->to_device(slot.frames.data(), data, count * frame_bytes, copies.of);
      EWALD_CUDA(cudaEventRecord(slot.copied.of, copies.of));
      EWALD_CUDA(cudaStreamWaitEvent(context->stream, slot.copied.of));
      there = slot.frames.data();
    }
    if (first == 0 && shift.data())
      EWALD_CUDA(cudaMemcpyAsync(shift.data(), there, frame_bytes, cudaMemcpyDeviceToDevice, context->stream));
    typed([&](auto number) { send<decltype(number)>(there, first, count, slot.nav.data()); });
    EWALD_CUDA(cudaEventRecord(slot.read.of, context->stream));
    if (columns == 0) return;
    EWALD_CUDA(cudaMemcpyAsync(slot.nav_on_host.data(), slot.nav.data(), std::size_t(count) * columns * sizeof(double),
                               cudaMemcpyDeviceToHost, context->stream));
    EWALD_CUDA(cudaEventRecord(slot.done.of, context->stream));
  }

  // Waits for the sums in flight, without the context's lock, and copies them to the caller.
  void collect(Slot& slot, double* nav) {
    if (slot.count == 0 || columns == 0) return;
    losingContext(context, [&] { EWALD_CUDA(cudaEventSynchronize(slot.done.of)); });
    std::copy_n(slot.nav_on_host.data(), std::size_t(slot.count) * columns, nav + slot.first * columns);
    slot.count = 0;
  }
};

extern "C" {

int32_t ewald_cuda_udf_create(ewald_cuda_context* context, const ewald_udf_descriptor* descriptor,
                              const ewald_udf_step* steps, const uint32_t* indices, const float* weights,
                              ewald_cuda_udf** udf) {
  return guarded([&] {
    if (!descriptor || !steps || !indices || !weights || !udf)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_udf_create: a pointer is null");
    *udf = nullptr;
    const int32_t status = ewald::udf::check(*descriptor, steps, indices);
    if (status != EWALD_STATUS_OK) refuse(ewald_status(status), ewald::last_error_text());
    useContext(context, [&] { *udf = new ewald_cuda_udf(context, *descriptor, steps, indices, weights); });
  });
}

void ewald_cuda_udf_destroy(ewald_cuda_udf* udf) {
  if (!udf) return;
  // Also on a lost device: its memory is lost, but the count must be corrected.
  const std::lock_guard lock(udf->context->busy);
  cudaSetDevice(udf->context->device);
  delete udf;
}

void ewald_cuda_udf_describe(const ewald_cuda_udf* udf, ewald_cuda_udf_info* info) {
  *info = {udf->device_bytes(), udf->host_bytes(), udf->columns, udf->planes, udf->descriptor};
}

int32_t ewald_cuda_udf_run(ewald_cuda_udf* udf, const void* frames, uint32_t on_device, uint64_t count, double* nav,
                           double* sig) {
  return guarded([&] {
    if (!udf || (count > 0 && !frames) || (count > 0 && !nav && udf->columns > 0) || (!sig && udf->planes > 0))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_udf_run: a pointer is null");
    udf->run(static_cast<const unsigned char*>(frames), on_device != 0, count, nav, sig);
  });
}
}
