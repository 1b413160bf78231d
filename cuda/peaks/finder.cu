// The C functions of peaks: a frame is uploaded from page-locked memory, its own or the handle's; everything on the
// device is shared by the finders of a detector (batches.h). A run waits without the context's lock.
#include "finder.cuh"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"
#include "batches.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::peaks;

constexpr std::uint64_t kMaxPixels = 1u << 28;

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }
}  // namespace

struct ewald_cuda_peaks {
  ewald_cuda_context* const context;
  const ewald_peaks_descriptor descriptor;
  const std::shared_ptr<Batches> batches;
  const std::size_t frame_bytes;
  // For the upload; that of the frame only once one is not page-locked itself.
  PinnedBuffer<unsigned char> frame_on_host, bad_on_host;
  std::atomic<std::uint64_t> host_bytes;
  // What the handle uses on the device, alone or with others.
  const std::uint64_t device_bytes;
  // The peaks of the latest run, in the order of the scan.
  std::vector<ewald_peak> sorted;

  ewald_cuda_peaks(ewald_cuda_context* owner, const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels,
                   const std::uint16_t* bins)
      : context(owner),
        descriptor(d),
        batches(Batches::of(*owner, d, panels, bins)),
        frame_bytes(std::size_t(d.width) * d.height * kNumberBytes[d.dtype]),
        bad_on_host(std::size_t(d.width) * d.height),
        host_bytes(bad_on_host.count()),
        device_bytes(batches->join()) {
    context->liveBytes += device_bytes;
  }
  ~ewald_cuda_peaks() {
    batches->leave();
    context->liveBytes -= device_bytes;
  }

  // Fills `sorted`.
  void run(const ewald_peaks_params& params, const void* data, const std::uint8_t* marks, float* ring_limits,
           double* sums) {
    const bool in_place = isPinned(data, frame_bytes);
    // Selects the device, and reports a lost one.
    useContext(context, [&] {
      if (in_place || frame_on_host.count() > 0) return;
      frame_on_host = PinnedBuffer<unsigned char>(frame_bytes, "a frame");
      host_bytes += frame_bytes;
    });
    if (!in_place) std::memcpy(frame_on_host.data(), data, frame_bytes);
    if (marks) std::memcpy(bad_on_host.data(), marks, bad_on_host.count());
    const void* const frame = in_place ? data : frame_on_host.data();
    Request request{params, frame, marks ? bad_on_host.data() : nullptr, ring_limits, sums, &sorted};
    answer(request);
  }

  // Fills `sorted` with the peaks of a frame that is decoded into `into`, where it stays.
  void run_packed(const ewald_peaks_params& params, const std::uint8_t* chunk, std::size_t bytes,
                  data::PackedFrame& into, float* ring_limits, double* sums) {
    if (into.device() != context->device || into.frame_bytes() != frame_bytes)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "the frame is not one of this detector and device");
    useContext(context, [&] { into.take(chunk, bytes); });
    Request request{params, nullptr, nullptr, ring_limits, sums, &sorted, &into};
    answer(request);
  }

private:
  void answer(Request& request) {
    losingContext(context, [&] {
      batches->run(request);
      if (request.status != EWALD_STATUS_OK) refuse(request.status, request.message);
    });
  }
};

struct ewald_cuda_frame {
  ewald_cuda_context* const context;
  data::PackedFrame frame;
};

namespace {
void check(const ewald_cuda_peaks& peaks, const ewald_peaks_params& params, bool sums) {
  if (!(params.min_snr >= 0) || params.threshold != params.threshold || params.local_bg_radius > 1024)
    refuse(EWALD_STATUS_INVALID_ARGUMENT,
           "ewald_cuda_peaks_run: expected a threshold that is a number, min_snr >= 0 and a radius of at most 1024");
  if (params.kernel_size > 64 || !(params.outer_radius <= 64))
    refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_run: expected a kernel size and radii of at most 64");
  if (peaks.descriptor.finder != EWALD_FINDER_ZAEF && params.max_pix_count > kMaxBlob)
    refuse(EWALD_STATUS_LIMIT,
           "max_pix_count is " + std::to_string(params.max_pix_count) + "; the limit on a GPU is " +
               std::to_string(kMaxBlob));
  if (sums && peaks.descriptor.finder != EWALD_FINDER_PEAKFINDER8)
    refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_run: only peakfinder8 has sums of rings");
}
}  // namespace

extern "C" {

int32_t ewald_cuda_peaks_create(ewald_cuda_context* context, const ewald_peaks_descriptor* descriptor,
                                const ewald_peaks_panel* panels, const uint16_t* bins, ewald_cuda_peaks** peaks) {
  return guarded([&] {
    if (!descriptor || !panels || !bins || !peaks)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_create: a pointer is null");
    *peaks = nullptr;
    const ewald_peaks_descriptor& d = *descriptor;
    const std::uint64_t pixels = std::uint64_t(d.width) * d.height;
    if (pixels < 1 || pixels > kMaxPixels || d.panels < 1 || d.panels > 1u << 14)
      refuse(EWALD_STATUS_LIMIT, "a frame has " + std::to_string(d.width) + " x " + std::to_string(d.height) +
                                     " pixels and " + std::to_string(d.panels) + " panels; expected 1 to " +
                                     std::to_string(kMaxPixels) + " pixels and 1 to 16384 panels");
    if (d.dtype > EWALD_NUMBER_F32)
      refuse(EWALD_STATUS_INVALID_ARGUMENT,
             "dtype is " + std::to_string(d.dtype) + "; expected a value of ewald_number");
    if (d.finder > EWALD_FINDER_DISPERSION_EXTENDED)
      refuse(EWALD_STATUS_INVALID_ARGUMENT,
             "finder is " + std::to_string(d.finder) + "; expected a value of ewald_finder");
    useContext(context, [&] { *peaks = new ewald_cuda_peaks(context, d, panels, bins); });
  });
}

void ewald_cuda_peaks_destroy(ewald_cuda_peaks* peaks) {
  if (!peaks) return;
  // Also on a lost device: its memory is lost, but the count must be corrected.
  const std::lock_guard lock(peaks->context->busy);
  cudaSetDevice(peaks->context->device);
  delete peaks;
}

void ewald_cuda_peaks_describe(const ewald_cuda_peaks* peaks, ewald_cuda_peaks_info* info) {
  *info = {peaks->device_bytes, peaks->host_bytes, peaks->batches->rings(), 0, peaks->descriptor};
}

int32_t ewald_cuda_peaks_run(ewald_cuda_peaks* peaks, const ewald_peaks_params* params, const void* frame,
                             const uint8_t* bad, const ewald_peak** found, uint32_t* count, float* limits,
                             double* sums) {
  return guarded([&] {
    if (!peaks || !params || !frame || !found || !count)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_run: a pointer is null");
    check(*peaks, *params, sums != nullptr);
    peaks->run(*params, frame, bad, limits, sums);
    *found = peaks->sorted.data();
    *count = std::uint32_t(peaks->sorted.size());
  });
}

int32_t ewald_cuda_frame_create(ewald_cuda_peaks* peaks, ewald_cuda_frame** frame) {
  return guarded([&] {
    if (!peaks || !frame) refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_frame_create: a pointer is null");
    *frame = nullptr;
    const ewald_peaks_descriptor& d = peaks->descriptor;
    const auto element = std::uint32_t(kNumberBytes[d.dtype]);
    useContext(peaks->context, [&] {
      *frame = new ewald_cuda_frame{peaks->context, {*peaks->context, d.width, d.height, element}};
    });
  });
}

void ewald_cuda_frame_destroy(ewald_cuda_frame* frame) {
  if (!frame) return;
  const std::lock_guard lock(frame->context->busy);
  cudaSetDevice(frame->context->device);
  delete frame;
}

void ewald_cuda_frame_describe(const ewald_cuda_frame* frame, ewald_cuda_frame_info* info) {
  *info = {};
  if (frame) *info = {frame->frame.device_bytes(), frame->frame.host_bytes(), frame->frame.frame_bytes()};
}

int32_t ewald_cuda_frame_search(ewald_cuda_frame* frame, ewald_cuda_peaks* peaks, const uint8_t* chunk, uint64_t bytes,
                                const ewald_peaks_params* params, const ewald_peak** found, uint32_t* count,
                                float* limits, double* sums) {
  return guarded([&] {
    if (!frame || !peaks || !params || !chunk || !found || !count)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_frame_search: a pointer is null");
    check(*peaks, *params, sums != nullptr);
    peaks->run_packed(*params, chunk, std::size_t(bytes), frame->frame, limits, sums);
    *found = peaks->sorted.data();
    *count = std::uint32_t(peaks->sorted.size());
  });
}

int32_t ewald_cuda_frame_tiles(ewald_cuda_frame* frame, const uint32_t* tiles, uint32_t count, void* out) {
  return guarded([&] {
    if (!frame || !out || (count > 0 && !tiles))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_frame_tiles: a pointer is null");
    useContext(frame->context, [&] { frame->frame.reserve(count); });
    // The frame has a stream of its own, and waits without the context's lock.
    losingContext(frame->context, [&] { frame->frame.tiles(tiles, count, static_cast<unsigned char*>(out)); });
  });
}
}
