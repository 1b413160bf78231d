// Frames of one detector on one GPU, in batches: the finders of a process for the same detector share its tables and
// the memory of their frames on the device, and frames that wait at the same time are searched by one launch.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../common/context.h"
#include "../common/memory.h"
#include "../frames/packed.h"
#include "finder.cuh"

namespace ewald::cuda::peaks {

// Number of bytes of a pixel, by the dtype of a descriptor.
constexpr std::size_t kNumberBytes[] = {1, 1, 2, 2, 4, 4, 4};

// Tables of the detector; counterpart of src/peaks/kernels/webgpu/tables.ts.
struct Tables {
  std::vector<std::uint32_t> places, first, order;

  Tables(const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels, const std::uint16_t* bins);
  std::uint32_t rings() const { return std::uint32_t(first.size() - 1); }
};

// A frame of a finder, and its answer. It belongs to the thread that runs it until that thread has called `run`.
struct Request {
  ewald_peaks_params params;
  // Page-locked; `bad` may be nullptr, and `frame` if it is sent packed.
  const void* frame;
  const std::uint8_t* bad;
  // Written if it is not nullptr: four numbers for each ring.
  float* limits;
  // Written if it is not nullptr: as ewald_peaks_run has it.
  double* sums;
  // The peaks in the order of the scan.
  std::vector<ewald_peak>* into;
  // A frame on the device, into which it is decoded; nullptr if `frame` is sent.
  data::PackedFrame* packed = nullptr;
  ewald_status status = EWALD_STATUS_OK;
  std::string message;
  bool done = false;
};

class Batches {
public:
  // The batches of this detector on the device of the context; made if no finder of the process has them. The caller
  // holds the context, which selects the device.
  static std::shared_ptr<Batches> of(const ewald_cuda_context& context, const ewald_peaks_descriptor& d,
                                     const ewald_peaks_panel* panels, const std::uint16_t* bins);
  Batches(int device, const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels, const std::uint16_t* bins);
  // With the device selected on the calling thread.
  ~Batches();

  // A finder joins with memory for its frame, unless there is enough; returns the bytes on the device that it uses
  // alone or together with others.
  std::uint64_t join();
  void leave();
  // Searches a frame, with those of other threads where some wait; returns when its answer is there. The device is
  // selected on the calling thread.
  void run(Request& request);

  std::uint32_t rings() const { return rings_; }

private:
  struct Place;
  struct Lane;

  bool is_for(int device, const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels,
              const std::uint16_t* bins) const;
  bool by_rings() const { return descriptor_.finder == EWALD_FINDER_PEAKFINDER8; }
  bool by_slopes() const { return descriptor_.finder == EWALD_FINDER_ZAEF; }
  bool by_windows() const { return !by_rings() && !by_slopes(); }
  std::size_t record_bytes() const { return by_slopes() ? sizeof(Summit) : sizeof(ewald_peak); }
  std::size_t answer_bytes() const;
  void take(Lane& lane);
  void serve(Lane& lane);
  void submit(Lane& lane);
  void finish(Lane& lane, unsigned which);
  template <class T>
  void send(Lane& lane);

  const ewald_peaks_descriptor descriptor_;
  const std::vector<ewald_peaks_panel> rectangles_;
  const std::uint32_t pixels_;
  // Number of peaks for which there is memory, and of frames per launch.
  const std::uint32_t most_, each_;
  std::uint32_t rings_ = 0, ordered_ = 1;
  std::vector<std::uint32_t> places_on_host_;
  // Its own, because it outlives the contexts of the finders.
  std::unique_ptr<ewald_cuda_context> context_;
  DeviceBuffer<std::uint32_t> places_, first_, order_;
  DeviceBuffer<ewald_peaks_panel> panels_;

  std::mutex guard_;
  std::condition_variable changed_;
  std::uint32_t finders_ = 0;
  std::deque<Request*> waiting_;
  std::vector<std::unique_ptr<Place>> free_;
  std::size_t made_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> idle_;
};

}  // namespace ewald::cuda::peaks
