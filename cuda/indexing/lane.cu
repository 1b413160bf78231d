#include "lane.cuh"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../common/launch.h"
#include "indexing/tables.h"
#include "kernels.cuh"

namespace ewald::cuda::indexing {
namespace {
// Maximum number of launches that are timed, with one event each.
constexpr std::size_t max_measured = 64;

// Cells per image that are copied with the answers; if there are more, a second copy fetches the rest. The average of
// the previous batch, but at least this many.
constexpr float least_cells_each = 2;
constexpr std::size_t spare_cells = 64;

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 127) / 128 * 128; }
}  // namespace

Lane::Lane(ewald_cuda_context& context, const Shape& shape, const Plan& plan)
    : context_(context), shape_(shape), plan_(plan) {
  const ewald_indexer_descriptor& d = shape.descriptor;
  const std::size_t batch = d.batch, spots = shape.max_batch_spots;
  const std::size_t in = aligned(sizeof(unsigned)) + aligned(d.max_input_cells * sizeof(KnownCell)) +
                         aligned(shape.lengths * sizeof(Length)) + aligned((batch + 1) * 4) + 12 * spots;
  const std::size_t out = aligned(batch * sizeof(ewald_image_result)) + aligned(batch * sizeof(unsigned)) +
                          aligned(spots) + batch * d.max_output_cells * sizeof(ewald_indexed_cell);
  device_input_ = DeviceBuffer<unsigned char>(context, in, "the spots of a batch");
  device_output_ = DeviceBuffer<unsigned char>(context, out, "the results of a batch");
  ticket_ = DeviceBuffer<unsigned>(context, 1, "the counter of the indexer");
  input_ = PinnedBuffer<unsigned char>(in);
  output_ = PinnedBuffer<unsigned char>(out);
  if (shape.exhaustive) {
    const std::size_t angles = std::size_t(plan.angle_capacity);
    device_angles_ = DeviceBuffer<float2>(context, angles, "the angles of the indexer");
    angles_ = PinnedBuffer<float2>(angles);
    plan_.angles = device_angles_.data();
  }
  plan_.ticket = ticket_.data();
  EWALD_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
}

Lane::~Lane() {
  for (const cudaEvent_t each : events_) cudaEventDestroy(each);
  if (stream) cudaStreamDestroy(stream);
  cudaGetLastError();
}

void Lane::make_workspace(unsigned blocks) {
  workspace_ = DeviceBuffer<unsigned char>(context_, blocks * plan_.stride, "the workspace of the indexer");
  plan_.workspace = workspace_.data();
  blocks_ = blocks;
  EWALD_CUDA(cudaMemsetAsync(ticket_.data(), 0, sizeof(unsigned), stream));
  // The number of copied cells slightly exceeds the number found.
  EWALD_CUDA(cudaMemsetAsync(device_output_.data(), 0, device_output_.bytes(), stream));
  // One launch without images: the driver loads the code and reserves the memory of the threads' stacks, so that no run
  // has to.
  launch(0, 0);
  EWALD_CUDA(cudaStreamSynchronize(stream));
}

void Lane::fill(const Batch& b) {
  const ewald_indexer_descriptor& d = shape_.descriptor;
  const std::size_t count = b.offsets[b.images];
  // One block in each direction, ordered so that a batch of any size has no gaps: one copy over the bus.
  std::size_t used = 0;
  const auto put = [&](const void* from, std::size_t bytes) {
    const std::size_t at = used;
    if (bytes) std::memcpy(input_.data() + at, from, bytes);
    used = aligned(at + bytes);
    return device_input_.data() + at;
  };
  const unsigned none = 0;
  plan_.found_count = reinterpret_cast<unsigned*>(put(&none, sizeof none));
  plan_.cells = reinterpret_cast<const KnownCell*>(put(b.cells, b.cell_count * sizeof(KnownCell)));
  if (shape_.exhaustive) {
    std::vector<Length> lengths(shape_.lengths);
    plan_.length_count =
        list_lengths(b.cells, int(b.cell_count), d.redundant != 0, b.params.length_threshold, lengths.data());
    plan_.lengths =
        reinterpret_cast<const Length*>(put(lengths.data(), std::size_t(plan_.length_count) * sizeof(Length)));
  }
  plan_.offsets = reinterpret_cast<const std::uint32_t*>(put(b.offsets, (std::size_t(b.images) + 1) * 4));
  plan_.spots = reinterpret_cast<const float*>(put(b.spots, 12 * count));
  sent_ = std::min(used, device_input_.count());
  // Cells come last: their number is not known in advance, and the space for the maximum is mostly empty.
  const std::size_t places_at = aligned(b.images * sizeof(ewald_image_result));
  assigned_at_ = places_at + aligned(b.images * sizeof(unsigned));
  found_at_ = assigned_at_ + aligned(count);
  const std::size_t most = std::size_t(b.images) * d.max_output_cells,
                    some = std::size_t(float(b.images) * cells_each_) + spare_cells;
  received_ = found_at_ + std::min(some, most) * sizeof(ewald_indexed_cell);
  unsigned char* const out = device_output_.data();
  plan_.results = reinterpret_cast<ewald_image_result*>(out);
  plan_.found_at = reinterpret_cast<unsigned*>(out + places_at);
  plan_.assignment = out + assigned_at_;
  plan_.found = reinterpret_cast<ewald_indexed_cell*>(out + found_at_);
  plan_.params = b.params;
  plan_.cell_count = int(b.cell_count);
}

cudaEvent_t Lane::event(std::size_t index) {
  while (events_.size() <= index) {
    cudaEvent_t made = nullptr;
    EWALD_CUDA(cudaEventCreate(&made));
    events_.push_back(made);
  }
  return events_[index];
}

void Lane::start(const Batch& b, float wave_ms) {
  if (shape_.exhaustive) set_angles(b.params);
  EWALD_CUDA(cudaMemcpyAsync(device_input_.data(), input_.data(), sent_, cudaMemcpyHostToDevice, stream));
  if (plan_.record.summary) EWALD_CUDA(cudaMemsetAsync(plan_.record.summary, 0, sizeof(ewald_stage_summary), stream));
  // Resets the counter after a failed launch.
  if (unfinished_) EWALD_CUDA(cudaMemsetAsync(ticket_.data(), 0, sizeof(unsigned), stream));
  unfinished_ = true;
  measured_.clear();
  if (shape_.longest_launch_ms == 0) {
    launch(0, b.images);
  } else {
    // As many images per block as fit into the time limit, based on the slowest launch so far; one while this is
    // unknown.
    const float waves = wave_ms > 0 ? shape_.longest_launch_ms / wave_ms : 1;
    const unsigned each = unsigned(std::min(std::max(waves, 1.0f), 1e6f));
    const unsigned most = unsigned(std::min<std::uint64_t>(std::uint64_t(each) * blocks_, b.images));
    for (unsigned first = 0; first < b.images; first += most) {
      const bool timed = measured_.size() < max_measured;
      const std::size_t pair = 2 * measured_.size();
      if (timed) EWALD_CUDA(cudaEventRecord(event(pair), stream));
      const unsigned images = std::min(most, b.images - first);
      launch(first, images);
      if (!timed) continue;
      EWALD_CUDA(cudaEventRecord(event(pair + 1), stream));
      measured_.push_back({events_[pair], events_[pair + 1], (images + blocks_ - 1) / blocks_});
    }
  }
  EWALD_CUDA(cudaMemcpyAsync(output_.data(), device_output_.data(), received_, cudaMemcpyDeviceToHost, stream));
}

float Lane::wait(const Batch& b) {
  EWALD_CUDA(cudaStreamSynchronize(stream));
  const auto* const results = reinterpret_cast<const ewald_image_result*>(output_.data());
  std::size_t cells = 0;
  for (unsigned i = 0; i < b.images; i++) cells += results[i].cells;
  cells_each_ = std::max(float(cells) / float(b.images), least_cells_each);
  if (const std::size_t all = found_at_ + cells * sizeof(ewald_indexed_cell); all > received_) {
    EWALD_CUDA(cudaMemcpyAsync(output_.data() + received_, device_output_.data() + received_, all - received_,
                               cudaMemcpyDeviceToHost, stream));
    EWALD_CUDA(cudaStreamSynchronize(stream));
  }
  unfinished_ = false;
  float slowest = 0;
  for (const Measured& m : measured_) {
    float ms = 0;
    EWALD_CUDA(cudaEventElapsedTime(&ms, m.begin, m.end));
    slowest = std::max(slowest, ms / float(m.waves));
  }
  return slowest;
}

void Lane::empty(const Batch& b) const {
  const auto* const results = reinterpret_cast<const ewald_image_result*>(output_.data());
  const auto* const places =
      reinterpret_cast<const unsigned*>(output_.data() + aligned(b.images * sizeof(ewald_image_result)));
  const auto* const found = reinterpret_cast<const ewald_indexed_cell*>(output_.data() + found_at_);
  const std::size_t room = shape_.descriptor.max_output_cells;
  std::memcpy(b.results, results, b.images * sizeof *results);
  for (unsigned i = 0; i < b.images; i++) {
    ewald_indexed_cell* const to = b.found + i * room;
    const std::size_t cells = results[i].cells;
    if (cells) std::memcpy(to, found + places[i], cells * sizeof *to);
    std::memset(static_cast<void*>(to + cells), 0, (room - cells) * sizeof *to);
  }
  if (const std::size_t count = b.offsets[b.images]) std::memcpy(b.assignment, output_.data() + assigned_at_, count);
}

void Lane::launch(unsigned first, unsigned images) {
  plan_.first = first;
  plan_.images = images;
  const unsigned grid = std::max(1u, std::min(blocks_, images));
  if (shape_.exhaustive)
    EWALD_LAUNCH(index_exhaustive, grid, kThreads, shape_.shared_bytes, stream, plan_);
  else
    EWALD_LAUNCH(index_fast, grid, kThreads, shape_.shared_bytes, stream, plan_);
  EWALD_CUDA(cudaGetLastError());
}

void Lane::set_angles(const ewald_indexer_params& p) {
  const int steps = exhaustive_angles(p.angle_points, exhaustive_directions(p.sample_points, plan_.spiral_points),
                                      plan_.angle_capacity);
  plan_.angle_points = steps;
  if (steps == angles_there_) return;
  for (int q = 0; q < steps; q++)
    angles_[std::size_t(q)] = {float(std::cos(2 * pi * q / steps)), float(std::sin(2 * pi * q / steps))};
  EWALD_CUDA(cudaMemcpyAsync(device_angles_.data(), angles_.data(), std::size_t(steps) * sizeof(float2),
                             cudaMemcpyHostToDevice, stream));
  angles_there_ = steps;
}

}  // namespace ewald::cuda::indexing
