// One batch in flight: its own stream, arrays on both sides of the bus, and workspace for its blocks. While the GPU
// works on the batch of one lane the host fills and empties the other's, and its blocks start as those of the first
// finish, so a hard image that was drawn late does not delay others.
#pragma once
#include <atomic>
#include <vector>

#include "../common/check.h"
#include "../common/memory.h"
#include "plan.cuh"

namespace ewald::cuda::indexing {

// Data shared by the lanes of a handle.
struct Shape {
  ewald_indexer_descriptor descriptor;
  std::uint64_t max_batch_spots;
  std::size_t lengths, shared_bytes;
  bool exhaustive;
  // Time limit of one kernel on a display GPU; 0: unlimited.
  float longest_launch_ms;
};

// One batch, in memory of the caller.
struct Batch {
  const ewald_indexer_params& params;
  const float* spots;
  const std::uint32_t* offsets;
  unsigned images;
  const KnownCell* cells;
  unsigned cell_count;
  ewald_indexed_cell* found;
  ewald_image_result* results;
  std::uint8_t* assignment;
};

class Lane {
public:
  // `plan`: the data common to all batches. The workspace is set later, when all lanes exist.
  Lane(ewald_cuda_context& context, const Shape& shape, const Plan& plan);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  void make_workspace(unsigned blocks);

  // Copies a batch into page-locked memory, without the context's lock.
  void fill(const Batch& batch);
  // Submits it to the GPU, with the context's lock. `wave_ms`: the longest time that one image for each block has
  // taken.
  void start(const Batch& batch, float wave_ms);
  // Waits for the answers; returns the time that one image for each block took in the slowest launch, 0 if launches are
  // not timed.
  float wait(const Batch& batch);
  // Copies the answers to the caller.
  void empty(const Batch& batch) const;

  cudaStream_t stream = nullptr;
  std::size_t host_bytes() const { return input_.count() + output_.count() + angles_.count() * sizeof(float2); }

private:
  struct Measured {
    cudaEvent_t begin, end;
    unsigned waves;
  };
  void launch(unsigned first, unsigned images);
  void set_angles(const ewald_indexer_params& params);
  cudaEvent_t event(std::size_t index);

  ewald_cuda_context& context_;
  const Shape& shape_;
  Plan plan_;
  unsigned blocks_ = 1;
  int angles_there_ = 0;
  bool unfinished_ = false;
  std::size_t sent_ = 0, received_ = 0;         // bytes of the current batch
  std::size_t found_at_ = 0, assigned_at_ = 0;  // places in the output
  float cells_each_ = 4;                        // cells per image in the last batch
  DeviceBuffer<unsigned char> device_input_, device_output_, workspace_;
  DeviceBuffer<float2> device_angles_;
  DeviceBuffer<unsigned> ticket_;
  PinnedBuffer<unsigned char> input_, output_;
  PinnedBuffer<float2> angles_;
  std::vector<cudaEvent_t> events_;
  std::vector<Measured> measured_;
};

}  // namespace ewald::cuda::indexing
