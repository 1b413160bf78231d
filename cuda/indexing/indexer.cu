// The C functions of the indexer: check the arguments, lay out the memory of a handle, and run a batch. image.cuh
// processes a single image. A run allocates nothing.
#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/memory.h"
#include "generated/ranges.h"
#include "indexing/check.h"
#include "indexing/tables.h"
#include "kernels.cuh"
#include "lane.cuh"
#include "sizes.cuh"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::indexing;
using ewald::Complaint;

[[noreturn]] void refuse(const Complaint& wrong) {
  char text[200];
  std::snprintf(text, sizeof text,
      "ewald_cuda_indexer: %s is %.9g; expected %s", wrong.name, wrong.value, wrong.wanted);
  throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, text);
}

// Whether the kernels have room for it, in addition to the general limits of an indexer.
void check_fit(const ewald_indexer_descriptor& d, std::uint64_t max_batch_spots) {
  if (const Complaint wrong = check(d); wrong.name) refuse(wrong);
  if (d.max_spots > max_block_spots)
    throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer: max_spots is " + std::to_string(d.max_spots) +
                                                       "; expected at most " + std::to_string(max_block_spots) +
                                                       ", because the spots of an image are kept in "
                                                       "the shared memory of one block");
  if (max_batch_spots > batch_spots_high)
    throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer: max_batch_spots is " +
                                                       std::to_string(max_batch_spots) + "; expected at most " +
                                                       std::to_string(batch_spots_high));
}

// Batches that a handle holds at a time: while the GPU works on one, the host empties and fills the other.
constexpr int usual_lanes = 2;
// Time limit of one kernel on a GPU that also drives a display: well below the limit of its watchdog (2 s on Windows).
constexpr float longest_launch_ms = 50;

}  // namespace

struct ewald_cuda_indexer {
  ewald_cuda_context* context;
  ewald_indexer_descriptor descriptor;
  std::uint64_t max_batch_spots;
  Plan plan{};
  std::size_t bytes = 0;  // on the device

  DeviceBuffer<float> spiral_cos, spiral_sin;
  DeviceBuffer<float2> turn;
  DeviceBuffer<unsigned> turn_at;
  // With `debug`: the record of a search.
  DeviceBuffer<ewald_stage_summary> summary;
  DeviceBuffer<std::uint32_t> stage_counts;
  DeviceBuffer<ewald_stage_pick> picked;
  DeviceBuffer<ewald_stage_vector> vectors;
  DeviceBuffer<ewald_stage_cell> hits, refined;

  Shape shape{};
  std::vector<std::unique_ptr<Lane>> lanes;
  // Free lanes, and the longest time that one image for each block has taken.
  std::mutex guard;
  std::condition_variable returned;
  std::vector<Lane*> idle;
  float wave_ms = 0;

  std::uint64_t host_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& lane : lanes) sum += lane->host_bytes();
    return sum;
  }
  bool exhaustive() const { return descriptor.method == EWALD_METHOD_EXHAUSTIVE; }

  ewald_cuda_indexer(ewald_cuda_context* owner, const ewald_indexer_descriptor& d, std::uint64_t batch_spots)
      : context(owner), descriptor(d), max_batch_spots(std::max<std::uint64_t>(batch_spots, 1)) {
    const std::uint64_t before = context->liveBytes;
    plan.size = sizes_of(d);
    plan.at = places_of(plan.size, exhaustive());
    plan.candidate_vectors = int(d.candidate_vectors);
    plan.first_effort = d.method == EWALD_METHOD_TURBO ? turbo_effort : 0;
    plan.efforts = int(d.efforts);
    plan.spiral_points = plan.size.points;
    plan.angle_capacity = plan.size.angles;
    makeTables();
    if (d.debug) makeRecord();
    makeLanes();
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
    const std::unique_ptr<float[]> other(new float[points]);
    spiral_cos = table<float>(points, [&](float* p) { fill_spiral(p, other.get(), int(points)); });
    spiral_sin = table<float>(points, [&](float* p) { fill_spiral(other.get(), p, int(points)); });
    // The angles of each stride have a separate table: some 70 000 entries.
    std::vector<unsigned> at(turn_steps / min_angles + 1);
    std::vector<float2> turns;
    const std::unique_ptr<float[]> cosine(new float[turn_steps]), sine(new float[turn_steps]);
    fill_turn(cosine.get(), sine.get(), turn_steps);
    for (int stride = 1; stride < int(at.size()); stride++) {
      if (turn_steps % stride != 0 || (turn_steps / stride) % turn_multiple != 0) continue;
      at[std::size_t(stride)] = unsigned(turns.size());
      for (int k = 0; k < turn_steps; k += stride) turns.push_back({cosine[std::size_t(k)], sine[std::size_t(k)]});
    }
    turn = table<float2>(turns.size(), [&](float2* p) { std::copy(turns.begin(), turns.end(), p); });
    turn_at = table<unsigned>(at.size(), [&](unsigned* p) { std::copy(at.begin(), at.end(), p); });
    plan.spiral_cos = spiral_cos.data(), plan.spiral_sin = spiral_sin.data();
    plan.turn = turn.data(), plan.turn_at = turn_at.data();
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

  // Returns the bytes of a stage, and copies up to `capacity` of them.
  std::size_t stage(std::uint32_t which, void* out, std::size_t capacity) {
    if (!plan.record.summary)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_stage: the indexer was created without debug");
    if (which > EWALD_STAGE_CELLS)
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_stage: stage is " + std::to_string(which) +
                                                         "; expected 0 to " + std::to_string(EWALD_STAGE_CELLS));
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

  // As many lanes as memory allows, and for each as many blocks as the GPU holds at a time, provided that all
  // workspaces together take at most half of the free memory.
  void makeLanes() {
    int timeout = 0;
    EWALD_CUDA(cudaDeviceGetAttribute(&timeout, cudaDevAttrKernelExecTimeout, context->device));
    shape = {descriptor,
             max_batch_spots,
             std::size_t(3) * descriptor.max_input_cells,
             shared_bytes(plan.size.spots),
             exhaustive(),
             timeout ? longest_launch_ms : 0.0f};
    int each = 0;
    // The attribute belongs to the function, not to this handle: it is set to the need of the largest handle, or a
    // smaller handle would reduce it for a larger one.
    const int most_shared = int(shared_bytes(max_block_spots));
    const auto ask = [&](auto kernel) {
      EWALD_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most_shared));
      EWALD_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, kThreads, shape.shared_bytes));
    };
    if (exhaustive())
      ask(index_exhaustive);
    else
      ask(index_fast);
    plan.stride = plan.at.bytes;
    const auto make = [&] {
      lanes.push_back(std::make_unique<Lane>(*context, shape, plan));
      std::size_t free = 0, total = 0;
      EWALD_CUDA(cudaMemGetInfo(&free, &total));
      const std::size_t most = std::max<std::size_t>(1, free / 2 / plan.stride);
      lanes.back()->make_workspace(
          unsigned(std::min({most, std::size_t(std::max(each, 1)) * std::size_t(context->multiprocessors),
                             std::size_t(descriptor.batch)})));
    };
    // A record is of the latest run, so there is one lane.
    const int wanted = descriptor.debug ? 1 : usual_lanes;
    for (int i = 0; i < wanted; i++) {
      try {
        make();
      } catch (const CudaError& error) {
        if (i == 0 || error.status() != EWALD_STATUS_OUT_OF_MEMORY) throw;
        lanes.resize(std::size_t(i));
        break;
      }
    }
    for (const auto& lane : lanes) idle.push_back(lane.get());
  }

  Lane* claim() {
    std::unique_lock lock(guard);
    returned.wait(lock, [&] { return !idle.empty(); });
    Lane* const lane = idle.back();
    idle.pop_back();
    return lane;
  }
  void give_back(Lane* lane, float ms) {
    {
      const std::lock_guard lock(guard);
      idle.push_back(lane);
      wave_ms = std::max(wave_ms, ms);
    }
    returned.notify_one();
  }

  void run(const ewald_indexer_params& params, const float* spots, const std::uint32_t* offsets, unsigned images,
           const float* cells, unsigned cell_count, ewald_indexed_cell* found, ewald_image_result* results,
           std::uint8_t* assignment) {
    if (images > descriptor.batch)
      throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_indexer_run: " + std::to_string(images) +
                                              " images; the indexer was created for at most "
                                              "" + std::to_string(descriptor.batch) +
                                              " per run");
    if (cell_count < 1 || cell_count > descriptor.max_input_cells)
      throw CudaError(EWALD_STATUS_LIMIT, "ewald_cuda_indexer_run: " + std::to_string(cell_count) +
                                              " known cells; expected 1 to " +
                                              std::to_string(descriptor.max_input_cells));
    if (const Complaint wrong = check(descriptor, params); wrong.name) refuse(wrong);
    for (unsigned i = 0; i <= images; i++)
      if (i == 0 ? offsets[0] != 0 : offsets[i] < offsets[i - 1] || offsets[i] > max_batch_spots)
        throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                        "ewald_cuda_indexer_run: offsets[" + std::to_string(i) + "] is " + std::to_string(offsets[i]) +
                            "; offsets must start at 0, must not decrease, and must end at most at "
                            "" + std::to_string(max_batch_spots));
    std::vector<KnownCell> known(cell_count);
    for (unsigned c = 0; c < cell_count; c++)
      if (!describe_cell(cells + 9 * std::size_t(c), known[c]))
        throw CudaError(EWALD_STATUS_INVALID_ARGUMENT,
                        "ewald_cuda_indexer_run: known cell " + std::to_string(c) + " is degenerate");
    if (images == 0) return;
    const Batch batch{params, spots, offsets, images, known.data(), cell_count, found, results, assignment};
    struct Claimed {
      ewald_cuda_indexer& indexer;
      Lane* const lane = indexer.claim();
      float ms = 0;
      ~Claimed() { indexer.give_back(lane, ms); }
    } claimed{*this};
    // Only submitting work blocks other runs of the context; copies and waiting do not.
    claimed.lane->fill(batch);
    useContext(context, [&] { claimed.lane->start(batch, slowest()); });
    losingContext(context, [&] { claimed.ms = claimed.lane->wait(batch); });
    claimed.lane->empty(batch);
  }
  float slowest() {
    const std::lock_guard lock(guard);
    return wave_ms;
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
  // Also on a lost device: its memory is lost, but the count must be corrected.
  const std::lock_guard lock(indexer->context->busy);
  cudaSetDevice(indexer->context->device);
  delete indexer;
}

void ewald_cuda_indexer_describe(const ewald_cuda_indexer* indexer, ewald_cuda_indexer_info* info) {
  *info = {indexer->max_batch_spots, indexer->bytes, indexer->host_bytes(), uint32_t(indexer->lanes.size()),
           indexer->descriptor};
}

int32_t ewald_cuda_indexer_run(ewald_cuda_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                               const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                               ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment) {
  return guarded([&] {
    if (!indexer || !params || !offsets || !cells || (images && (!found || !results)) ||
        (offsets[images] && (!spots || !assignment)))
      throw CudaError(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_indexer_run: a pointer is null");
    indexer->run(*params, spots, offsets, images, cells, cell_count, found, results, assignment);
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
