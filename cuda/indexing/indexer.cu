// The C functions of the indexer: check what they are given, lay out the memory of a handle, and run a batch. What
// happens to one image is in image.cuh. A run allocates nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/launch.h"
#include "../common/memory.h"
#include "generated/ranges.h"
#include "indexing/check.h"
#include "indexing/tables.h"
#include "kernels.cuh"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::indexing;
using ewald::Complaint;

[[noreturn]] void refuse(const Complaint& wrong) {
  char text[200];
  std::snprintf(text, sizeof text, "ewald_cuda_indexer: %s is %.9g, must be %s", wrong.name, wrong.value, wrong.wanted);
  throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, text);
}

// Whether the kernels have room for it, beyond what any indexer may be.
void check_fit(const ewald_indexer_descriptor& d, std::uint64_t max_batch_spots) {
  if (const Complaint wrong = check(d); wrong.name) refuse(wrong);
  if (d.max_spots > max_block_spots)
    throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer: max_spots is " + std::to_string(d.max_spots) +
                                                       ", must be at most " + std::to_string(max_block_spots) +
                                                       ": an image's spots lie in the shared memory of one block");
  if (max_batch_spots > batch_spots_high)
    throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer: max_batch_spots is " +
                                                       std::to_string(max_batch_spots) + ", must be at most " +
                                                       std::to_string(batch_spots_high));
}

Sizes sizes_of(const ewald_indexer_descriptor& d) {
  Sizes s{};
  s.spots = int(d.max_spots);
  s.points = int(d.max_sample_points);
  s.angles = std::max(int(d.max_angle_points), min_angles);
  s.outputs = int(d.max_output_cells);
  s.lattices = s.outputs + pool_spare;
  s.slots = std::max(64, power_of_two(2 * s.spots));
  int keys = 2 * power_of_two(s.spots);
  if (d.method == EWALD_METHOD_EXHAUSTIVE) {
    const int vectors = int(d.candidate_vectors ? d.candidate_vectors : exhaustive_vectors);
    s.candidates = vectors;
    s.directions = 2 * vectors * (d.redundant ? 3 : 1) * int(d.max_input_cells);
    s.picked_hits = ties_per_output * s.outputs;
    s.hits = s.angles + (ties_per_output + 1) * s.outputs + 32;
    keys = std::max({keys, 2 * power_of_two(vectors), power_of_two(s.directions), 2 * power_of_two(s.picked_hits)});
  } else {
    s.candidates = max_picked;
    s.hits = s.angles + enough_hits + max_ties + 32;
  }
  s.keys = keys;
  return s;
}

Places places_of(const Sizes& s, bool exhaustive) {
  Places p{};
  std::size_t used = 0;
  const auto take = [&](std::size_t count, std::size_t bytes) {
    const std::size_t at = used;
    used = (used + count * bytes + 127) / 128 * 128;
    return at;
  };
  p.all = take(s.spots, sizeof(float4));
  p.source = take(s.spots, 4);
  p.owner = take(s.spots, 1);
  p.counts = take(s.points, 2);
  p.listed = take(exhaustive ? s.points : 0, 4);
  p.keys = take(s.keys * 8 > scratch_bytes ? s.keys : 0, 8);
  p.kept = take(s.candidates, sizeof(float4));
  p.directions = take(s.directions, sizeof(Direction));
  p.order = take(s.directions, 4);
  p.picked_hits = take(s.picked_hits, 8);
  p.angle_counts = take(std::size_t(kWarps) * s.angles, 2);
  p.hits = take(std::size_t(kWarps) * s.hits, 8);
  p.residual2 = take(std::size_t(kWarps) * s.spots, 4);
  p.node_keys = take(std::size_t(kWarps) * s.slots, 4);
  p.node_levels = take(std::size_t(kWarps) * s.slots, 4);
  p.lattices = take(std::size_t(pools) * s.lattices, sizeof(Lattice));
  p.lattice_order = take(std::size_t(pools) * s.lattices, 4);
  p.fresh = take(max_effort_hits, sizeof(Lattice));
  p.accepted = take(s.outputs, sizeof(Lattice));
  p.bytes = used;
  return p;
}

}  // namespace

struct ewald_cuda_indexer {
  ewald_cuda_context* context;
  ewald_indexer_descriptor descriptor;
  std::uint64_t max_batch_spots;
  Plan plan{};
  int blocks = 1;
  std::size_t bytes = 0;  // on the device
  int angles_there = 0;

  DeviceBuffer<float> spiral_cos, spiral_sin, turn_cos, turn_sin, angle_cos, angle_sin, spots;
  DeviceBuffer<double> log10_factorial;
  DeviceBuffer<KnownCell> cells;
  DeviceBuffer<Length> lengths;
  DeviceBuffer<std::uint32_t> offsets;
  DeviceBuffer<ewald_indexed_cell> found;
  DeviceBuffer<ewald_image_result> results;
  DeviceBuffer<std::uint8_t> assignment;
  DeviceBuffer<unsigned> ticket;
  DeviceBuffer<unsigned char> workspace;
  // With `debug`: the record of a search.
  DeviceBuffer<ewald_stage_summary> summary;
  DeviceBuffer<std::uint32_t> stage_counts;
  DeviceBuffer<ewald_stage_pick> picked;
  DeviceBuffer<ewald_stage_vector> vectors;
  DeviceBuffer<ewald_stage_cell> hits, refined;

  PinnedBuffer<float> host_spots, host_cells, host_angles;
  PinnedBuffer<std::uint32_t> host_offsets;
  PinnedBuffer<KnownCell> host_known;
  PinnedBuffer<Length> host_lengths;
  PinnedBuffer<ewald_indexed_cell> host_found;
  PinnedBuffer<ewald_image_result> host_results;
  PinnedBuffer<std::uint8_t> host_assignment;

  std::uint64_t hostBytes() const {
    const auto bytes = [](const auto& buffer) { return buffer.count() * sizeof *buffer.data(); };
    return bytes(host_spots) + bytes(host_cells) + bytes(host_angles) + bytes(host_offsets) + bytes(host_known) +
           bytes(host_lengths) + bytes(host_found) + bytes(host_results) + bytes(host_assignment);
  }
  bool exhaustive() const { return descriptor.method == EWALD_METHOD_EXHAUSTIVE; }
  std::size_t shared() const { return shared_bytes(plan.size.spots); }

  ewald_cuda_indexer(ewald_cuda_context* owner, const ewald_indexer_descriptor& d, std::uint64_t batch_spots)
      : context(owner), descriptor(d), max_batch_spots(std::max<std::uint64_t>(batch_spots, 1)) {
    const std::uint64_t before = context->liveBytes;
    plan.size = sizes_of(d);
    plan.at = places_of(plan.size, exhaustive());
    plan.candidate_vectors = int(d.candidate_vectors);
    plan.first_effort = d.method == EWALD_METHOD_TURBO ? turbo_effort : 0;
    plan.spiral_points = plan.size.points;
    plan.angle_capacity = plan.size.angles;
    makeTables();
    makeBatch();
    if (d.debug) makeRecord();
    makeWorkspace();
    bytes = std::size_t(context->liveBytes - before);
  }

  template <class T, class Fill>
  DeviceBuffer<T> table(std::size_t count, Fill fill) {
    DeviceBuffer<T> buffer(*context, count, "a table of the indexer");
    const std::unique_ptr<T[]> values(new T[count]);
    fill(values.get());
    EWALD_CUDA(cudaMemcpyAsync(buffer.data(), values.get(), buffer.bytes(), cudaMemcpyHostToDevice, context->stream));
    EWALD_CUDA(cudaStreamSynchronize(context->stream));
    return buffer;
  }

  void makeTables() {
    const std::size_t points = std::size_t(plan.size.points);
    const std::unique_ptr<float[]> other(new float[std::max<std::size_t>(points, turn_steps)]);
    spiral_cos = table<float>(points, [&](float* p) { fill_spiral(p, other.get(), int(points)); });
    spiral_sin = table<float>(points, [&](float* p) { fill_spiral(other.get(), p, int(points)); });
    turn_cos = table<float>(turn_steps, [&](float* p) { fill_turn(p, other.get(), turn_steps); });
    turn_sin = table<float>(turn_steps, [&](float* p) { fill_turn(other.get(), p, turn_steps); });
    log10_factorial =
        table<double>(std::size_t(plan.size.spots) + 1, [&](double* p) { fill_log10_factorial(p, plan.size.spots); });
    plan.spiral_cos = spiral_cos.data(), plan.spiral_sin = spiral_sin.data();
    plan.turn_cos = turn_cos.data(), plan.turn_sin = turn_sin.data();
    plan.log10_factorial = log10_factorial.data();
    if (!exhaustive()) return;
    const std::size_t angles = std::size_t(plan.size.angles);
    angle_cos = DeviceBuffer<float>(*context, angles, "the angles of the indexer");
    angle_sin = DeviceBuffer<float>(*context, angles, "the angles of the indexer");
    host_angles = PinnedBuffer<float>(2 * angles);
    plan.angle_cos = angle_cos.data(), plan.angle_sin = angle_sin.data();
  }

  void makeBatch() {
    const std::size_t batch = descriptor.batch, known = descriptor.max_input_cells;
    spots = DeviceBuffer<float>(*context, 3 * max_batch_spots, "the spots of a batch");
    offsets = DeviceBuffer<std::uint32_t>(*context, batch + 1, "the offsets of a batch");
    cells = DeviceBuffer<KnownCell>(*context, known, "the known cells");
    lengths = DeviceBuffer<Length>(*context, 3 * known, "the known lengths");
    found = DeviceBuffer<ewald_indexed_cell>(*context, batch * descriptor.max_output_cells, "the cells of a batch");
    results = DeviceBuffer<ewald_image_result>(*context, batch, "the results of a batch");
    assignment = DeviceBuffer<std::uint8_t>(*context, max_batch_spots, "the assignment of a batch");
    ticket = DeviceBuffer<unsigned>(*context, 1, "the counter of the indexer");
    host_spots = PinnedBuffer<float>(spots.count());
    host_offsets = PinnedBuffer<std::uint32_t>(offsets.count());
    host_cells = PinnedBuffer<float>(9 * known);
    host_known = PinnedBuffer<KnownCell>(known);
    host_lengths = PinnedBuffer<Length>(lengths.count());
    host_found = PinnedBuffer<ewald_indexed_cell>(found.count());
    host_results = PinnedBuffer<ewald_image_result>(results.count());
    host_assignment = PinnedBuffer<std::uint8_t>(assignment.count());
    plan.spots = spots.data();
    plan.offsets = offsets.data();
    plan.cells = cells.data();
    plan.lengths = lengths.data();
    plan.found = found.data();
    plan.results = results.data();
    plan.assignment = assignment.data();
    plan.ticket = ticket.data();
  }

  void makeRecord() {
    const std::size_t most = std::size_t(std::max(plan.size.candidates, max_picked)),
                      kept = std::size_t(std::max(plan.size.outputs, max_effort_hits));
    summary = DeviceBuffer<ewald_stage_summary>(*context, 1, "the record of the stages");
    stage_counts = DeviceBuffer<std::uint32_t>(*context, std::size_t(plan.size.points), "the record of the stages");
    picked = DeviceBuffer<ewald_stage_pick>(*context, most, "the record of the stages");
    vectors = DeviceBuffer<ewald_stage_vector>(*context, most, "the record of the stages");
    hits = DeviceBuffer<ewald_stage_cell>(*context, kept, "the record of the stages");
    refined = DeviceBuffer<ewald_stage_cell>(*context, kept, "the record of the stages");
    plan.record = {summary.data(), stage_counts.data(), picked.data(), vectors.data(), hits.data(), refined.data()};
    EWALD_CUDA(cudaMemsetAsync(summary.data(), 0, summary.bytes(), context->stream));
  }

  // Bytes of a stage; copies them, as far as `capacity` goes.
  std::size_t stage(std::uint32_t which, void* out, std::size_t capacity) {
    if (!plan.record.summary)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_stage: the indexer was made without debug");
    if (which > EWALD_STAGE_CELLS)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_stage: stage is " + std::to_string(which) +
                                                         ", must be 0 to " + std::to_string(EWALD_STAGE_CELLS));
    ewald_stage_summary n;
    const auto copy = [&](void* to, const void* from, std::size_t bytes) {
      if (bytes) EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, context->stream));
      EWALD_CUDA(cudaStreamSynchronize(context->stream));
    };
    copy(&n, summary.data(), sizeof n);
    const struct {
      const void* records;
      std::size_t bytes;
    } kinds[] = {{summary.data(), sizeof n},
                 {stage_counts.data(), n.directions * sizeof(std::uint32_t)},
                 {picked.data(), n.picked * sizeof(ewald_stage_pick)},
                 {vectors.data(), n.vectors * sizeof(ewald_stage_vector)},
                 {hits.data(), n.hits * sizeof(ewald_stage_cell)},
                 {refined.data(), n.cells * sizeof(ewald_stage_cell)}};
    if (out) copy(out, kinds[which].records, std::min(capacity, kinds[which].bytes));
    return kinds[which].bytes;
  }

  // As many blocks as the card holds at a time, if their workspaces take no more than half of the memory that is free.
  void makeWorkspace() {
    int each = 0;
    if (exhaustive()) {
      EWALD_CUDA(cudaFuncSetAttribute(index_exhaustive, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared())));
      EWALD_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, index_exhaustive, kThreads, shared()));
    } else {
      EWALD_CUDA(cudaFuncSetAttribute(index_fast, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared())));
      EWALD_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, index_fast, kThreads, shared()));
    }
    std::size_t free = 0, total = 0;
    EWALD_CUDA(cudaMemGetInfo(&free, &total));
    plan.stride = plan.at.bytes;
    const std::size_t most = std::max<std::size_t>(1, free / 2 / plan.stride);
    blocks = int(std::min(
        {most, std::size_t(std::max(each, 1)) * std::size_t(context->multiprocessors), std::size_t(descriptor.batch)}));
    workspace = DeviceBuffer<unsigned char>(*context, blocks * plan.stride, "the workspace of the indexer");
    plan.workspace = workspace.data();
    // Once over nothing: the driver loads the code and sets the memory aside that the threads' stacks take, so that no
    // run has to.
    plan.images = 0;
    launch(1);
    EWALD_CUDA(cudaStreamSynchronize(context->stream));
  }

  void launch(unsigned grid) {
    EWALD_CUDA(cudaMemsetAsync(ticket.data(), 0, sizeof(unsigned), context->stream));
    if (exhaustive())
      EWALD_LAUNCH(index_exhaustive, grid, kThreads, shared(), context->stream, plan);
    else
      EWALD_LAUNCH(index_fast, grid, kThreads, shared(), context->stream, plan);
    EWALD_CUDA(cudaGetLastError());
  }

  template <class T>
  void upload(const DeviceBuffer<T>& to, const T* from, std::size_t count) {
    if (count) EWALD_CUDA(cudaMemcpyAsync(to.data(), from, count * sizeof(T), cudaMemcpyHostToDevice, context->stream));
  }
  template <class T>
  void download(T* to, const DeviceBuffer<T>& from, std::size_t count) {
    if (count) EWALD_CUDA(cudaMemcpyAsync(to, from.data(), count * sizeof(T), cudaMemcpyDeviceToHost, context->stream));
  }

  void setAngles(const ewald_indexer_params& p) {
    const int steps = exhaustive_angles(p.angle_points, exhaustive_directions(p.sample_points, plan.spiral_points),
                                        plan.angle_capacity);
    plan.angle_points = steps;
    if (steps == angles_there) return;
    float* const cosine = host_angles.data();
    float* const sine = cosine + angle_cos.count();
    for (int q = 0; q < steps; q++) {
      cosine[q] = float(std::cos(2 * pi * q / steps));
      sine[q] = float(std::sin(2 * pi * q / steps));
    }
    upload(angle_cos, cosine, std::size_t(steps));
    upload(angle_sin, sine, std::size_t(steps));
    angles_there = steps;
  }

  void run(const ewald_indexer_params& params, unsigned images, unsigned cell_count) {
    if (images > descriptor.batch)
      throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_indexer_run: " + std::to_string(images) +
                                              " images, the indexer was made for " + std::to_string(descriptor.batch) +
                                              " a run");
    if (cell_count < 1 || cell_count > descriptor.max_input_cells)
      throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_indexer_run: " + std::to_string(cell_count) +
                                              " known cells, must be 1 to " +
                                              std::to_string(descriptor.max_input_cells));
    if (const Complaint wrong = check(descriptor, params); wrong.name) refuse(wrong);
    for (unsigned i = 0; i <= images; i++)
      if (i == 0 ? host_offsets[0] != 0 : host_offsets[i] < host_offsets[i - 1] || host_offsets[i] > max_batch_spots)
        throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_run: offsets[" + std::to_string(i) +
                                                           "] is " + std::to_string(host_offsets[i]) +
                                                           "; offsets begin at 0, never fall, and end at most at " +
                                                           std::to_string(max_batch_spots));
    for (unsigned c = 0; c < cell_count; c++)
      if (!describe_cell(host_cells.data() + 9 * std::size_t(c), host_known[c]))
        throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                        "ewald_cuda_indexer_run: known cell " + std::to_string(c) + " is degenerate");
    if (images == 0) return;
    plan.params = params;
    plan.images = images;
    plan.cell_count = int(cell_count);
    if (exhaustive()) {
      setAngles(params);
      plan.length_count = list_lengths(host_known.data(), int(cell_count), descriptor.redundant != 0,
                                       params.length_threshold, host_lengths.data());
      upload(lengths, host_lengths.data(), std::size_t(plan.length_count));
    }
    const std::size_t count = host_offsets[images];
    upload(spots, host_spots.data(), 3 * count);
    upload(offsets, host_offsets.data(), std::size_t(images) + 1);
    upload(cells, host_known.data(), cell_count);
    if (plan.record.summary) EWALD_CUDA(cudaMemsetAsync(summary.data(), 0, summary.bytes(), context->stream));
    launch(std::min(unsigned(blocks), images));
    download(host_found.data(), found, std::size_t(images) * descriptor.max_output_cells);
    download(host_results.data(), results, images);
    download(host_assignment.data(), assignment, count);
    EWALD_CUDA(cudaStreamSynchronize(context->stream));
  }
};

extern "C" {

int32_t ewald_cuda_indexer_create(ewald_cuda_context* context, const ewald_indexer_descriptor* descriptor,
                                  uint64_t max_batch_spots, ewald_cuda_indexer** indexer) {
  return guarded([&] {
    if (!descriptor || !indexer)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_create: a pointer is null");
    *indexer = nullptr;
    check_fit(*descriptor, max_batch_spots);
    useContext(context, [&] { *indexer = new ewald_cuda_indexer(context, *descriptor, max_batch_spots); });
  });
}

void ewald_cuda_indexer_destroy(ewald_cuda_indexer* indexer) {
  if (!indexer) return;
  // Of a lost device too: the memory is gone, its count is not.
  const std::lock_guard lock(indexer->context->busy);
  cudaSetDevice(indexer->context->device);
  delete indexer;
}

void ewald_cuda_indexer_staging(const ewald_cuda_indexer* indexer, ewald_cuda_staging* staging) {
  *staging = {indexer->host_spots.data(),   indexer->host_offsets.data(),
              indexer->host_cells.data(),   indexer->host_found.data(),
              indexer->host_results.data(), indexer->host_assignment.data(),
              indexer->max_batch_spots,     indexer->bytes,
              indexer->hostBytes(),         indexer->descriptor};
}

int32_t ewald_cuda_indexer_run(ewald_cuda_indexer* indexer, const ewald_indexer_params* params, uint32_t images,
                               uint32_t cell_count) {
  return guarded([&] {
    if (!indexer || !params)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_run: a pointer is null");
    useContext(indexer->context, [&] { indexer->run(*params, images, cell_count); });
  });
}

int32_t ewald_cuda_indexer_stage(ewald_cuda_indexer* indexer, uint32_t stage, void* out, size_t capacity,
                                 size_t* bytes) {
  return guarded([&] {
    if (!indexer || !bytes)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_stage: a pointer is null");
    useContext(indexer->context, [&] { *bytes = indexer->stage(stage, out, capacity); });
  });
}
}
