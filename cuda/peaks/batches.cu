#include "batches.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "../common/check.h"

namespace ewald::cuda::peaks {
namespace {

// Number of peaks of a frame that are copied with the counts; more peaks take a second copy.
constexpr std::uint32_t kAtOnce = 1024;
// Pixels of a launch that keep a GPU busy; small frames are searched together up to this size.
constexpr std::uint32_t kLaunchPixels = 1u << 24;
// Batches on the GPU: while one is searched, the frames of the next one are uploaded.
constexpr unsigned kLanes = 2;

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }

template <class T>
DeviceBuffer<T> uploaded(ewald_cuda_context& context, const T* from, std::size_t count) {
  DeviceBuffer<T> buffer(context, count, "the tables of a peak finder");
  EWALD_CUDA(cudaMemcpyAsync(buffer.data(), from, buffer.bytes(), cudaMemcpyHostToDevice, context.stream));
  return buffer;
}

bool same(const ewald_peaks_params& a, const ewald_peaks_params& b) { return std::memcmp(&a, &b, sizeof a) == 0; }
}  // namespace

Tables::Tables(const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels, const std::uint16_t* bins)
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

// Memory of a frame on the device.
struct Batches::Place {
  DeviceBuffer<unsigned char> frame, bad, numbers, marks, found;
  DeviceBuffer<std::uint32_t> candidates, seeds, owners;
  DeviceBuffer<Limits> limits;
  DeviceBuffer<Counts> counts;
  DeviceBuffer<double> sums;
  DeviceBuffer<std::uint32_t> lost;

  explicit Place(const Batches& of)
      : frame(*of.context_, of.pixels_ * kNumberBytes[of.descriptor_.dtype], "a frame"),
        bad(*of.context_, of.pixels_, "the bad pixels of a frame"),
        numbers(*of.context_, of.ordered_ * kNumberBytes[of.descriptor_.dtype], "the numbers of rings"),
        marks(*of.context_, of.by_windows() ? 3 * std::size_t(of.pixels_) : 1, "the marks of pixels"),
        found(*of.context_, std::size_t(of.most_) * of.record_bytes(), "the peaks of a frame"),
        candidates(*of.context_, of.ordered_, "the candidates of a peak finder"),
        // Any pixel may be a summit.
        seeds(*of.context_, of.by_rings() ? of.most_ : of.pixels_, "the seeds of a peak finder"),
        owners(*of.context_, of.pixels_, "the owners of a peak finder"),
        limits(*of.context_, std::max(1u, of.rings_), "the limits of rings"),
        counts(*of.context_, 1, "the counts of a frame"),
        sums(*of.context_, 2 * std::size_t(std::max(1u, of.rings_)), "the sums of rings"),
        lost(*of.context_, 1 + kMostLost, "the lost pixels of a frame") {
    // Each search leaves them at zero.
    EWALD_CUDA(cudaMemsetAsync(counts.data(), 0, counts.bytes(), of.context_->stream));
    EWALD_CUDA(cudaStreamSynchronize(of.context_->stream));
  }
  Seat seat() const {
    return {frame.data(),      numbers.data(), found.data(),  bad.data(),    marks.data(),
            candidates.data(), seeds.data(),   owners.data(), limits.data(), counts.data(),
            sums.data(),       lost.data()};
  }
};

// A batch on the GPU.
struct Batches::Lane {
  cudaStream_t stream = nullptr;
  cudaEvent_t done = nullptr;
  DeviceBuffer<unsigned char> answers;
  PinnedBuffer<unsigned char> answers_on_host;
  std::vector<Request*> requests;
  std::vector<std::unique_ptr<Place>> places;

  Lane(ewald_cuda_context& context, std::size_t bytes)
      : answers(context, bytes, "the answers of a batch"), answers_on_host(bytes) {
    EWALD_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    // An answer is copied with the places of peaks that were not found.
    cudaError_t code = cudaMemsetAsync(answers.data(), 0, bytes, stream);
    // A thread that waits sleeps, so that the processor decodes frames meanwhile.
    if (code == cudaSuccess) code = cudaEventCreateWithFlags(&done, cudaEventBlockingSync | cudaEventDisableTiming);
    if (code != cudaSuccess) cudaStreamDestroy(stream);
    EWALD_CUDA(code);
  }
  ~Lane() {
    cudaEventDestroy(done);
    cudaStreamDestroy(stream);
  }
  void wait() {
    EWALD_CUDA(cudaEventRecord(done, stream));
    EWALD_CUDA(cudaEventSynchronize(done));
    // The event does not report a kernel that failed.
    EWALD_CUDA(cudaStreamQuery(stream));
  }
};

std::shared_ptr<Batches> Batches::of(const ewald_cuda_context& context, const ewald_peaks_descriptor& d,
                                     const ewald_peaks_panel* panels, const std::uint16_t* bins) {
  // Those in use; never freed, because threads of Node may end after the module's variables.
  static std::mutex& guard = *new std::mutex;
  static auto& known = *new std::vector<std::weak_ptr<Batches>>;
  const std::lock_guard lock(guard);
  std::erase_if(known, [](const auto& one) { return one.expired(); });
  for (const auto& one : known)
    if (const auto batches = one.lock(); batches && batches->is_for(context.device, d, panels, bins)) return batches;
  const auto made = std::make_shared<Batches>(context.device, d, panels, bins);
  known.push_back(made);
  return made;
}

Batches::Batches(int device, const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels,
                 const std::uint16_t* bins)
    : descriptor_(d),
      rectangles_(panels, panels + d.panels),
      pixels_(d.width * d.height),
      // Blobs of peakfinder8 are off the border, and no two of them touch; for the other finders, frames with more are
      // refused.
      most_((pixels_ + 3) / 4),
      each_(std::clamp(kLaunchPixels / pixels_, 1u, kMostFrames)) {
  Tables tables(d, panels, bins);
  rings_ = tables.rings();
  ordered_ = by_rings() ? std::uint32_t(tables.order.size()) : 1;
  places_on_host_ = std::move(tables.places);
  context_ = std::make_unique<ewald_cuda_context>(device);
  places_ = uploaded(*context_, places_on_host_.data(), pixels_);
  first_ = uploaded(*context_, tables.first.data(), tables.first.size());
  order_ = uploaded(*context_, tables.order.data(), ordered_);
  panels_ = uploaded(*context_, panels, d.panels);
  EWALD_CUDA(cudaStreamSynchronize(context_->stream));
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    lanes_.push_back(std::make_unique<Lane>(*context_, each_ * answer_bytes()));
    idle_.push_back(lanes_.back().get());
  }
}

Batches::~Batches() = default;

bool Batches::is_for(int device, const ewald_peaks_descriptor& d, const ewald_peaks_panel* panels,
                     const std::uint16_t* bins) const {
  // A lost device is left to those that were there; new finders start again.
  if (device != context_->device || context_->lost || std::memcmp(&d, &descriptor_, sizeof d) != 0 ||
      std::memcmp(panels, rectangles_.data(), rectangles_.size() * sizeof *panels) != 0)
    return false;
  // Pixels outside the panels belong to no ring.
  for (const ewald_peaks_panel& panel : rectangles_)
    for (std::uint32_t ss = panel.ss; ss < panel.end_ss; ++ss)
      for (std::uint32_t fs = panel.fs; fs < panel.end_fs; ++fs) {
        const std::size_t i = std::size_t(ss) * d.width + fs;
        if ((places_on_host_[i] & 0xffff) != bins[i]) return false;
      }
  return true;
}

std::uint64_t Batches::join() {
  const std::lock_guard lock(guard_);
  const std::uint64_t tables = places_.bytes() + first_.bytes() + order_.bytes() + panels_.bytes();
  std::uint64_t own = 0;
  if (made_ < std::size_t(kLanes) * each_) {
    const std::uint64_t before = context_->liveBytes;
    free_.push_back(std::make_unique<Place>(*this));
    ++made_;
    own = context_->liveBytes - before;
  }
  ++finders_;
  return tables + kLanes * each_ * answer_bytes() + own;
}

void Batches::leave() {
  const std::lock_guard lock(guard_);
  --finders_;
  // A finder has at most one frame in flight, so at least one place is free if there are more than finders.
  if (made_ <= finders_ || free_.empty()) return;
  free_.pop_back();
  --made_;
}

std::size_t Batches::answer_bytes() const { return sizeof(Counts) + std::min(most_, kAtOnce) * record_bytes(); }

void Batches::run(Request& mine) {
  std::unique_lock lock(guard_);
  waiting_.push_back(&mine);
  while (!mine.done) {
    // The first thread that finds a free lane takes the frames of all that wait, and the others sleep.
    const bool waits = std::find(waiting_.begin(), waiting_.end(), &mine) != waiting_.end();
    if (!waits || idle_.empty() || free_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Lane& lane = *idle_.back();
    idle_.pop_back();
    take(lane);
    lock.unlock();
    serve(lane);
    lock.lock();
    for (Request* const request : lane.requests) request->done = true;
    for (auto& place : lane.places) free_.push_back(std::move(place));
    lane.requests.clear();
    lane.places.clear();
    idle_.push_back(&lane);
    changed_.notify_all();
  }
}

// The earliest frame, and frames with the same parameters.
void Batches::take(Lane& lane) {
  const Request first = *waiting_.front();
  for (auto at = waiting_.begin(); at != waiting_.end() && lane.requests.size() < each_ && !free_.empty();) {
    if (!same((*at)->params, first.params) || ((*at)->bad != nullptr) != (first.bad != nullptr) ||
        ((*at)->sums != nullptr) != (first.sums != nullptr)) {
      ++at;
      continue;
    }
    lane.requests.push_back(*at);
    lane.places.push_back(std::move(free_.back()));
    free_.pop_back();
    at = waiting_.erase(at);
  }
}

// Does not throw: each frame has its own status.
void Batches::serve(Lane& lane) {
  const auto failed = [&](Request& request, ewald_status status, const char* why) {
    request.status = status;
    request.message = why;
  };
  try {
    submit(lane);
    lane.wait();
  } catch (const CudaError& error) {
    if (error.status() == EWALD_STATUS_DEVICE_LOST) markLost(*context_);
    for (Request* const request : lane.requests) failed(*request, error.status(), error.what());
    return;
  }
  for (unsigned f = 0; f < lane.requests.size(); ++f) {
    try {
      finish(lane, f);
    } catch (const CudaError& error) {
      if (error.status() == EWALD_STATUS_DEVICE_LOST) markLost(*context_);
      failed(*lane.requests[f], error.status(), error.what());
    } catch (const std::bad_alloc&) {
      failed(*lane.requests[f], EWALD_STATUS_OUT_OF_MEMORY, "out of memory");
    }
  }
}

void Batches::submit(Lane& lane) {
  for (std::size_t f = 0; f < lane.requests.size(); ++f) {
    const Place& place = *lane.places[f];
    const auto up = [&](const auto& to, const void* from) {
      EWALD_CUDA(cudaMemcpyAsync(to.data(), from, to.bytes(), cudaMemcpyHostToDevice, lane.stream));
    };
    if (lane.requests[f]->packed)
      lane.requests[f]->packed->send(lane.stream);
    else
      up(place.frame, lane.requests[f]->frame);
    if (lane.requests[f]->bad) up(place.bad, lane.requests[f]->bad);
  }
  switch (descriptor_.dtype) {
    case EWALD_NUMBER_U8:
      return send<std::uint8_t>(lane);
    case EWALD_NUMBER_I8:
      return send<std::int8_t>(lane);
    case EWALD_NUMBER_U16:
      return send<std::uint16_t>(lane);
    case EWALD_NUMBER_I16:
      return send<std::int16_t>(lane);
    case EWALD_NUMBER_U32:
      return send<std::uint32_t>(lane);
    case EWALD_NUMBER_I32:
      return send<std::int32_t>(lane);
    default:
      return send<float>(lane);
  }
}

template <class T>
void Batches::send(Lane& lane) {
  const ewald_peaks_params& params = lane.requests.front()->params;
  Search<T> search{};
  const auto frames = unsigned(lane.requests.size());
  for (unsigned f = 0; f < frames; ++f) {
    search.seats[f] = lane.places[f]->seat();
    if (lane.requests[f]->packed) search.seats[f].frame = lane.requests[f]->packed->data();
  }
  search.frames = frames;
  search.marked = lane.requests.front()->bad != nullptr;
  if constexpr (std::is_same_v<T, float>) {
    search.low = params.least_real;
    search.high = params.greatest_real;
  } else {
    search.low = params.least_integer;
    // No number of T is above the greatest of Bound<T>.
    search.high = Bound<T>(std::min<long long>(params.greatest_integer, std::numeric_limits<Bound<T>>::max()));
  }
  search.width = descriptor_.width;
  search.height = descriptor_.height;
  search.pixels = pixels_;
  search.rings = rings_;
  search.places = places_.data();
  search.first = first_.data();
  search.order = order_.data();
  search.panels = panels_.data();
  search.blocks = std::max(1u, std::min(most_, unsigned(context_->multiprocessors) * 16) / frames);
  search.room = most_;
  search.params = params;
  if (lane.requests.front()->sums) launch_sums(lane.stream, search);
  if (descriptor_.sums_only) {
    // Nothing is searched.
  } else if (by_slopes()) {
    launch_summits(lane.stream, search);
  } else if (by_windows()) {
    launch_dispersion(lane.stream, search, descriptor_.finder == EWALD_FINDER_DISPERSION_EXTENDED);
  } else {
    launch_limits(lane.stream, search);
    launch_blobs(lane.stream, search);
  }
  const auto bytes = std::uint32_t(answer_bytes());
  launch_answer(lane.stream, search.seats, frames, std::min(most_, kAtOnce), std::uint32_t(record_bytes()),
                lane.answers.data(), bytes);
  EWALD_CUDA(cudaMemcpyAsync(lane.answers_on_host.data(), lane.answers.data(), std::size_t(frames) * bytes,
                             cudaMemcpyDeviceToHost, lane.stream));
}

// The peaks of a frame, in the order of the scan.
void Batches::finish(Lane& lane, unsigned which) {
  Request& request = *lane.requests[which];
  const Place& place = *lane.places[which];
  if (request.packed) request.packed->check();
  unsigned char* const answer = lane.answers_on_host.data() + which * answer_bytes();
  unsigned char* list = answer + sizeof(Counts);
  const std::uint32_t count = reinterpret_cast<const Counts*>(answer)->peaks;
  if (count > most_)
    refuse(EWALD_STATUS_LIMIT, "the frame has " + std::to_string(count) + " peaks; the limit on a GPU is " +
                                   std::to_string(most_) + ": raise the threshold, or find them on native or wasm");
  const auto bring = [&](void* to, const void* from, std::size_t bytes) {
    EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, lane.stream));
    EWALD_CUDA(cudaStreamSynchronize(lane.stream));
  };
  std::vector<double> all;
  if (count > kAtOnce) {
    // Which peaks come first is known only when all are found. Doubles align both records.
    all.resize((count * record_bytes() + sizeof(double) - 1) / sizeof(double));
    list = reinterpret_cast<unsigned char*>(all.data());
    bring(list, place.found.data(), count * record_bytes());
  }
  if (request.limits && rings_ > 0) bring(request.limits, place.limits.data(), rings_ * sizeof(Limits));
  if (request.sums) {
    std::uint32_t lost[1 + kMostLost];
    if (rings_ > 0) bring(request.sums, place.sums.data(), 2 * rings_ * sizeof(double));
    bring(lost, place.lost.data(), sizeof lost);
    for (unsigned k = 0; k <= std::min(lost[0], kMostLost); ++k) request.sums[2 * rings_ + k] = lost[k];
  }
  if (by_slopes())
    in_order(reinterpret_cast<Summit*>(list), count, places_on_host_.data(), double(request.params.inner_radius),
             *request.into);
  else
    in_order(reinterpret_cast<ewald_peak*>(list), count, places_on_host_.data(), *request.into);
}

}  // namespace ewald::cuda::peaks
