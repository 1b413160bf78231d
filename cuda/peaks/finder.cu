// The C functions of peaks: a handle holds the tables of a detector, the memory of a run on both sides, and a stream. A
// run allocates nothing, and waits without the context's lock, so that another plan's frame can be searched meanwhile.
#include "finder.cuh"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::peaks;

constexpr std::size_t kNumberBytes[] = {1, 1, 2, 2, 4, 4, 4};
constexpr std::uint64_t kMaxPixels = 1u << 28;
// Number of peaks that are copied with the counts; more peaks take a second copy.
constexpr std::uint32_t kAtOnce = 1024;

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }

// Tables of the detector; counterpart of src/serial/peaks/kernels/webgpu/tables.ts.
struct Tables {
  std::vector<std::uint32_t> places, first, order;

  Tables(const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels, const std::uint16_t* bins)
      : places(std::size_t(d.width) * d.height, kMasked) {
    std::vector<std::uint8_t> seen(places.size(), 0);
    std::uint32_t rings = 0;
    for (std::uint32_t p = 0; p < d.panels; ++p) {
      const ewald_peaks_panel& panel = panels[p];
      if (panel.fs >= panel.end_fs || panel.ss >= panel.end_ss || panel.end_fs > d.width || panel.end_ss > d.height)
        refuse(EWALD_STATUS_INVALID_ARGUMENT, "panel " + std::to_string(p) + " does not lie in the frame");
      for (std::uint32_t ss = panel.ss; ss < panel.end_ss; ++ss)
        for (std::uint32_t fs = panel.fs; fs < panel.end_fs; ++fs) {
          const std::size_t i = std::size_t(ss) * d.width + fs;
          if (seen[i]++)
            refuse(EWALD_STATUS_INVALID_ARGUMENT, "panel " + std::to_string(p) + " overlaps another panel at pixel " +
                                                      "fs " + std::to_string(fs) + ", ss " + std::to_string(ss));
          const bool edge = fs == panel.fs || fs + 1 == panel.end_fs || ss == panel.ss || ss + 1 == panel.end_ss;
          places[i] = bins[i] | (edge ? kBorder : 0) | p << kPanelShift;
          if (bins[i] != kMasked) rings = std::max(rings, std::uint32_t(bins[i]) + 1);
        }
    }
    first.assign(rings + 1, 0);
    for (const std::uint32_t place : places)
      if ((place & 0xffff) != kMasked) first[(place & 0xffff) + 1]++;
    for (std::uint32_t r = 0; r < rings; ++r) first[r + 1] += first[r];
    order.resize(std::max<std::size_t>(1, first[rings]));
    std::vector<std::uint32_t> next(first);
    for (std::size_t i = 0; i < places.size(); ++i)
      if ((places[i] & 0xffff) != kMasked) order[next[places[i] & 0xffff]++] = std::uint32_t(i);
  }
  std::uint32_t rings() const { return std::uint32_t(first.size() - 1); }
};

template <class T>
DeviceBuffer<T> uploaded(ewald_cuda_context& context, const T* from, std::size_t count) {
  DeviceBuffer<T> buffer(context, count, "the tables of a peak finder");
  EWALD_CUDA(cudaMemcpyAsync(buffer.data(), from, buffer.bytes(), cudaMemcpyHostToDevice, context.stream));
  return buffer;
}

struct Stream {
  cudaStream_t of = nullptr;
  Stream() { EWALD_CUDA(cudaStreamCreateWithFlags(&of, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(of); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};
}  // namespace

struct ewald_cuda_peaks {
  ewald_cuda_context* const context;
  const ewald_peaks_descriptor descriptor;
  const std::uint32_t pixels, rings, most;
  const std::vector<std::uint32_t> places_on_host;
  Stream stream;
  DeviceBuffer<std::uint32_t> places, first, order, candidates, seeds, owners;
  DeviceBuffer<ewald_peaks_panel> panels;
  DeviceBuffer<unsigned char> frame, bad, numbers, marks, found;
  DeviceBuffer<Limits> limits;
  // Page-locked: the frame and its marks for the upload, counts with peaks and limits for the download.
  PinnedBuffer<unsigned char> frame_on_host, bad_on_host, found_on_host;
  PinnedBuffer<Limits> limits_on_host;
  // The peaks of the latest run, in the order of the scan.
  std::vector<ewald_peak> sorted;

  ewald_cuda_peaks(ewald_cuda_context* owner, const ewald_peaks_descriptor& d, const ewald_peaks_panel* rectangles,
                   Tables&& tables)
      : context(owner),
        descriptor(d),
        pixels(d.width * d.height),
        rings(tables.rings()),
        // Blobs of peakfinder8 are off the border, and no two of them touch; for the other finders, frames with more
        // are refused.
        most((pixels + 3) / 4),
        places_on_host(std::move(tables.places)),
        places(uploaded(*owner, places_on_host.data(), pixels)),
        first(uploaded(*owner, tables.first.data(), tables.first.size())),
        order(uploaded(*owner, tables.order.data(), by_rings() ? tables.order.size() : 1)),
        candidates(*owner, by_rings() ? tables.order.size() : 1, "the candidates of a peak finder"),
        // Any pixel may be a summit.
        seeds(*owner, by_rings() ? most : pixels, "the seeds of a peak finder"),
        owners(*owner, pixels, "the owners of a peak finder"),
        panels(uploaded(*owner, rectangles, d.panels)),
        frame(*owner, pixels * number_bytes(), "a frame"),
        bad(*owner, pixels, "the bad pixels of a frame"),
        numbers(*owner, (by_rings() ? tables.order.size() : 1) * number_bytes(), "the numbers of rings"),
        marks(*owner, by_windows() ? 3 * std::size_t(pixels) : 1, "the marks of pixels"),
        found(*owner, sizeof(Counts) + std::size_t(most) * record_bytes(), "the peaks of a frame"),
        limits(*owner, std::max(1u, rings), "the limits of rings"),
        frame_on_host(frame.bytes()),
        bad_on_host(bad.bytes()),
        found_on_host(found.bytes()),
        limits_on_host(limits.count()) {
    EWALD_CUDA(cudaStreamSynchronize(owner->stream));
  }
  bool by_rings() const { return descriptor.finder == EWALD_FINDER_PEAKFINDER8; }
  bool by_slopes() const { return descriptor.finder == EWALD_FINDER_ZAEF; }
  bool by_windows() const { return !by_rings() && !by_slopes(); }
  std::size_t record_bytes() const { return by_slopes() ? sizeof(Summit) : sizeof(ewald_peak); }
  std::size_t number_bytes() const { return kNumberBytes[descriptor.dtype]; }
  std::uint64_t device_bytes() const {
    return places.bytes() + first.bytes() + order.bytes() + candidates.bytes() + seeds.bytes() + owners.bytes() +
           panels.bytes() + frame.bytes() + bad.bytes() + numbers.bytes() + marks.bytes() + found.bytes() +
           limits.bytes();
  }
  std::uint64_t host_bytes() const {
    return frame_on_host.count() + bad_on_host.count() + found_on_host.count() +
           limits_on_host.count() * sizeof(Limits);
  }
  std::uint32_t at_once() const { return std::min(most, kAtOnce); }

  template <class T>
  void send(const ewald_peaks_params& params, bool marked) {
    Scene<T> scene{reinterpret_cast<const T*>(frame.data()),
                   marked ? bad.data() : nullptr,
                   double(params.least_integer),
                   double(params.greatest_integer),
                   descriptor.width,
                   places.data(),
                   limits.data()};
    if constexpr (std::is_same_v<T, float>) {
      scene.low = double(params.least_real);
      scene.high = double(params.greatest_real);
    }
    auto* const counts = reinterpret_cast<Counts*>(found.data());
    auto* const list = reinterpret_cast<unsigned char*>(counts + 1);
    const unsigned blocks = std::min(most, unsigned(context->multiprocessors) * 16);
    const Lists lists{panels.data(), seeds.data(), owners.data(), counts, blocks};
    if (by_slopes())
      return launch_summits<T>(stream.of, scene, pixels, params, lists, reinterpret_cast<Summit*>(list), most);
    if (by_windows())
      return launch_dispersion<T>(stream.of, scene, descriptor.height, params,
                                  descriptor.finder == EWALD_FINDER_DISPERSION_EXTENDED, lists, marks.data(),
                                  reinterpret_cast<ewald_peak*>(list), most);
    const RingTables<T> tables{first.data(), order.data(), reinterpret_cast<T*>(numbers.data())};
    launch_limits<T>(stream.of, scene, tables, params, rings, limits.data(), candidates.data(), counts);
    launch_blobs<T>(stream.of, scene, params, panels.data(), candidates.data(), seeds.data(), owners.data(), counts,
                    reinterpret_cast<ewald_peak*>(list), blocks);
  }

  void send_typed(const ewald_peaks_params& params, bool marked) {
    switch (descriptor.dtype) {
      case EWALD_NUMBER_U8:
        return send<std::uint8_t>(params, marked);
      case EWALD_NUMBER_I8:
        return send<std::int8_t>(params, marked);
      case EWALD_NUMBER_U16:
        return send<std::uint16_t>(params, marked);
      case EWALD_NUMBER_I16:
        return send<std::int16_t>(params, marked);
      case EWALD_NUMBER_U32:
        return send<std::uint32_t>(params, marked);
      case EWALD_NUMBER_I32:
        return send<std::int32_t>(params, marked);
      default:
        return send<float>(params, marked);
    }
  }

  // Fills `sorted`.
  void run(const ewald_peaks_params& params, const void* data, const std::uint8_t* marks, float* ring_limits) {
    std::memcpy(frame_on_host.data(), data, frame.bytes());
    if (marks) std::memcpy(bad_on_host.data(), marks, bad.bytes());
    useContext(context, [&] {
      const auto up = [&](auto& to, const auto& from) {
        EWALD_CUDA(cudaMemcpyAsync(to.data(), from.data(), to.bytes(), cudaMemcpyHostToDevice, stream.of));
      };
      up(frame, frame_on_host);
      if (marks) up(bad, bad_on_host);
      EWALD_CUDA(cudaMemsetAsync(found.data(), 0, sizeof(Counts), stream.of));
      send_typed(params, marks != nullptr);
      bring(0, sizeof(Counts) + at_once() * record_bytes());
      if (ring_limits)
        EWALD_CUDA(cudaMemcpyAsync(limits_on_host.data(), limits.data(), rings * sizeof(Limits), cudaMemcpyDeviceToHost,
                                   stream.of));
    });
    wait();
    const std::uint32_t count = reinterpret_cast<const Counts*>(found_on_host.data())->peaks;
    if (count > most)
      refuse(EWALD_STATUS_LIMIT, "the frame has " + std::to_string(count) + " peaks; the limit on a GPU is " +
                                     std::to_string(most) + ": raise the threshold, or find them on native or wasm");
    if (count > at_once()) {
      // Which peaks come first is known only when all are found.
      useContext(context, [&] { bring(sizeof(Counts), count * record_bytes()); });
      wait();
    }
    if (ring_limits) std::memcpy(ring_limits, limits_on_host.data(), rings * sizeof(Limits));
    auto* const list = found_on_host.data() + sizeof(Counts);
    const std::uint32_t* const places_of = places_on_host.data();
    if (by_slopes())
      in_order(reinterpret_cast<Summit*>(list), count, places_of, double(params.inner_radius), sorted);
    else
      in_order(reinterpret_cast<ewald_peak*>(list), count, places_of, sorted);
  }

  void bring(std::size_t from, std::size_t bytes) {
    EWALD_CUDA(
        cudaMemcpyAsync(found_on_host.data() + from, found.data() + from, bytes, cudaMemcpyDeviceToHost, stream.of));
  }
  void wait() {
    losingContext(context, [&] { EWALD_CUDA(cudaStreamSynchronize(stream.of)); });
  }
};

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
    Tables tables(d, panels, bins);
    useContext(context, [&] { *peaks = new ewald_cuda_peaks(context, d, panels, std::move(tables)); });
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
  *info = {peaks->device_bytes(), peaks->host_bytes(), peaks->rings, 0, peaks->descriptor};
}

int32_t ewald_cuda_peaks_run(ewald_cuda_peaks* peaks, const ewald_peaks_params* params, const void* frame,
                             const uint8_t* bad, const ewald_peak** found, uint32_t* count, float* limits) {
  return guarded([&] {
    if (!peaks || !params || !frame || !found || !count)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_run: a pointer is null");
    if (!(params->min_snr >= 0) || params->threshold != params->threshold || params->local_bg_radius > 1024)
      refuse(EWALD_STATUS_INVALID_ARGUMENT,
             "ewald_cuda_peaks_run: expected a threshold that is a number, min_snr >= 0 and a radius of at most 1024");
    if (params->kernel_size > 64 || !(params->outer_radius <= 64))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_peaks_run: expected a kernel size and radii of at most 64");
    if (peaks->descriptor.finder != EWALD_FINDER_ZAEF && params->max_pix_count > kMaxBlob)
      refuse(EWALD_STATUS_LIMIT,
             "max_pix_count is " + std::to_string(params->max_pix_count) + "; the limit on a GPU is " +
                 std::to_string(kMaxBlob));
    peaks->run(*params, frame, bad, limits);
    *found = peaks->sorted.data();
    *count = std::uint32_t(peaks->sorted.size());
  });
}
}
