// Frames that are sent packed and stay on the device: a chunk goes there as it is in the file, with a table of its
// blocks; of the decoded frame only the pixels around reflections come back.
#include "packed.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "../common/check.h"
#include "../common/launch.h"
#include "blocks.h"

namespace ewald::cuda::data {
namespace {

// Smaller blocks are left to cores: their table would be longer than the data.
constexpr std::uint32_t kLeastBlock = 1 << 10;
constexpr unsigned kThreads = 256, kTilePixels = kTile * kTile;

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }

// A thread copies a pixel; pixels beyond the frame are not written.
template <class T>
__global__ void gather(const T* frame, std::uint32_t width, std::uint32_t height, std::uint32_t across,
                       const std::uint32_t* tiles, std::uint32_t count, T* out) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x, which = i / kTilePixels, pixel = i % kTilePixels;
  if (which >= count) return;
  const std::uint32_t tile = tiles[which];
  const std::uint32_t x = tile % across * kTile + pixel % kTile, y = tile / across * kTile + pixel / kTile;
  out[i] = x < width && y < height ? frame[std::size_t(y) * width + x] : T(0);
}

template <class T>
void launch_gather(cudaStream_t stream, const unsigned char* frame, std::uint32_t width, std::uint32_t height,
                   std::uint32_t across, const std::uint32_t* tiles, std::uint32_t count, unsigned char* out) {
  const auto* const from = reinterpret_cast<const T*>(frame);
  auto* const to = reinterpret_cast<T*>(out);
  EWALD_LAUNCH((gather<T>), (count * kTilePixels + kThreads - 1) / kThreads, kThreads, 0, stream, from, width, height,
               across, tiles, count, to);
  EWALD_CUDA(cudaGetLastError());
}

}  // namespace

PackedFrame::PackedFrame(ewald_cuda_context& context, std::uint32_t width, std::uint32_t height, std::uint32_t element)
    : context_(context), width_(width), height_(height), element_(element), across_((width + kTile - 1) / kTile) {
  const std::size_t bytes = std::size_t(width) * height * element;
  frame_ = DeviceBuffer<unsigned char>(context, bytes, "a frame");
  const std::size_t most = bytes / kLeastBlock + 2;
  blocks_ = DeviceBuffer<Block>(context, most, "a table of blocks");
  blocks_on_host_ = PinnedBuffer<Block>(most, "a table of blocks");
  damaged_ = DeviceBuffer<unsigned>(context, 1, "whether a frame is damaged");
  damaged_on_host_ = PinnedBuffer<unsigned>(1);
  // A damaged chunk leaves what was there.
  EWALD_CUDA(cudaMemsetAsync(frame_.data(), 0, frame_.bytes(), context.stream));
  EWALD_CUDA(cudaStreamSynchronize(context.stream));
  EWALD_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  const cudaError_t code = cudaEventCreateWithFlags(&done_, cudaEventBlockingSync | cudaEventDisableTiming);
  if (code != cudaSuccess) cudaStreamDestroy(stream_);
  EWALD_CUDA(code);
}

PackedFrame::~PackedFrame() {
  cudaEventDestroy(done_);
  cudaStreamDestroy(stream_);
}

std::uint64_t PackedFrame::device_bytes() const {
  return frame_.bytes() + packed_.bytes() + blocks_.bytes() + damaged_.bytes() + wanted_.bytes() + gathered_.bytes();
}

std::uint64_t PackedFrame::host_bytes() const {
  return packed_on_host_.count() + gathered_on_host_.count() + blocks_on_host_.count() * sizeof(Block) +
         wanted_on_host_.count() * sizeof(std::uint32_t) + sizeof(unsigned);
}

void PackedFrame::take(const std::uint8_t* chunk, std::size_t bytes) {
  count_ = 0;
  if (bytes > 0xffffffffu - 64) refuse(EWALD_STATUS_LIMIT, "a chunk has more than 4 GiB");
  Parts parts({chunk, bytes}, frame_.bytes(), element_);
  block_ = parts.block();
  if (parts.outcome().ok() && (block_ > kMostBlock || block_ < kLeastBlock))
    refuse(EWALD_STATUS_LIMIT, "a chunk has blocks of " + std::to_string(block_) + " bytes; expected " +
                                   std::to_string(kLeastBlock) + " to " + std::to_string(kMostBlock));
  Part part;
  while (parts.next(part))
    blocks_on_host_[count_++] = {part.at, std::uint32_t(part.from - chunk), part.packed, part.bytes, 0, part.stored, 0};
  if (!parts.outcome().ok()) refuse_damaged(bytes, frame_.bytes(), parts.outcome().why);
  // Read up to the end of the last 16 bytes.
  if (round_up(bytes) > packed_.bytes()) {
    const std::size_t room = round_up(bytes + bytes / 4);
    packed_ = DeviceBuffer<unsigned char>();
    packed_ = DeviceBuffer<unsigned char>(context_, room, "a packed frame");
    EWALD_CUDA(cudaMemsetAsync(packed_.data(), 0, room, stream_));
    EWALD_CUDA(cudaStreamSynchronize(stream_));
  }
  chunk_ = chunk;
  bytes_ = bytes;
  if (isPinned(chunk, bytes)) return;
  if (packed_on_host_.count() < bytes) packed_on_host_ = PinnedBuffer<unsigned char>(packed_.bytes(), "a packed frame");
  std::memcpy(packed_on_host_.data(), chunk, bytes);
  chunk_ = packed_on_host_.data();
}

void PackedFrame::send(cudaStream_t stream) {
  EWALD_CUDA(cudaMemsetAsync(damaged_.data(), 0xff, damaged_.bytes(), stream));
  EWALD_CUDA(cudaMemcpyAsync(packed_.data(), chunk_, bytes_, cudaMemcpyHostToDevice, stream));
  EWALD_CUDA(cudaMemcpyAsync(blocks_.data(), blocks_on_host_.data(), count_ * sizeof(Block), cudaMemcpyHostToDevice,
                             stream));
  launch_decode(stream, element_, {blocks_.data(), count_, packed_.data(), block_, frame_.data(), damaged_.data()});
  EWALD_CUDA(cudaMemcpyAsync(damaged_on_host_.data(), damaged_.data(), damaged_.bytes(), cudaMemcpyDeviceToHost,
                             stream));
}

void PackedFrame::check() const {
  if (damaged_on_host_[0] != kNone)
    refuse_damaged(bytes_, frame_.bytes(), "a block is not valid LZ4 data of its size");
}

void PackedFrame::wait() {
  EWALD_CUDA(cudaEventRecord(done_, stream_));
  EWALD_CUDA(cudaEventSynchronize(done_));
  EWALD_CUDA(cudaStreamQuery(stream_));
}

void PackedFrame::reserve(std::uint32_t count) {
  if (is_all(count) || wanted_.count() >= count) return;
  const std::size_t room = std::min<std::size_t>(all_tiles(), count + count / 4 + 64);
  const std::size_t bytes = room * kTilePixels * element_;
  wanted_ = DeviceBuffer<std::uint32_t>(context_, room, "tiles of a frame");
  gathered_ = DeviceBuffer<unsigned char>(context_, bytes, "tiles of a frame");
  wanted_on_host_ = PinnedBuffer<std::uint32_t>(room, "tiles of a frame");
  gathered_on_host_ = PinnedBuffer<unsigned char>(bytes, "tiles of a frame");
}

void PackedFrame::tiles(const std::uint32_t* tiles, std::uint32_t count, unsigned char* out) {
  const std::uint32_t all = all_tiles();
  for (std::uint32_t t = 0; t < count; ++t)
    if (tiles[t] >= all)
      refuse(EWALD_STATUS_INVALID_ARGUMENT,
             "tile " + std::to_string(tiles[t]) + " is not one of the " + std::to_string(all) + " of a frame");
  if (count == 0) return;
  if (is_all(count)) {
    EWALD_CUDA(cudaMemcpyAsync(out, frame_.data(), frame_.bytes(), cudaMemcpyDeviceToHost, stream_));
    return wait();
  }
  const std::size_t tile_bytes = std::size_t(kTilePixels) * element_;
  std::memcpy(wanted_on_host_.data(), tiles, count * sizeof(std::uint32_t));
  EWALD_CUDA(cudaMemcpyAsync(wanted_.data(), wanted_on_host_.data(), count * sizeof(std::uint32_t),
                             cudaMemcpyHostToDevice, stream_));
  const auto launch = element_ == 1   ? launch_gather<std::uint8_t>
                      : element_ == 2 ? launch_gather<std::uint16_t>
                                      : launch_gather<std::uint32_t>;
  launch(stream_, frame_.data(), width_, height_, across_, wanted_.data(), count, gathered_.data());
  EWALD_CUDA(cudaMemcpyAsync(gathered_on_host_.data(), gathered_.data(), count * tile_bytes, cudaMemcpyDeviceToHost,
                             stream_));
  wait();
  for (std::uint32_t t = 0; t < count; ++t) {
    const std::uint32_t x = tiles[t] % across_ * kTile, y = tiles[t] / across_ * kTile;
    const std::size_t row = std::min(kTile, width_ - x) * element_;
    const unsigned char* from = gathered_on_host_.data() + t * tile_bytes;
    for (std::uint32_t r = 0; r < std::min(kTile, height_ - y); ++r, from += kTile * element_)
      std::memcpy(out + (std::size_t(y + r) * width_ + x) * element_, from, row);
  }
}

}  // namespace ewald::cuda::data
