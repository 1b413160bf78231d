// Chunks of bitshuffle and LZ4, one for each frame, to frames. The host finds the blocks of the chunks (blocks.cpp) and
// gathers them in page-locked memory; while one half of it is sent and decoded, the other one is filled.
#include "bitshuffle.cuh"

#include <algorithm>
#include <cstring>
#include <string>

#include "../common/check.h"
#include "../common/context.h"
#include "../common/launch.h"
#include "../common/memory.h"
#include "../common/shared.h"
#include "../common/staging.h"
#include "blocks.h"
#include "decode.h"

namespace {
using namespace ewald::cuda;
using namespace ewald::cuda::data;

// Bytes of frames on the device together, and of packed blocks in a half of the page-locked memory.
constexpr std::size_t kFrames = std::size_t(16) << 20, kPacked = std::size_t(4) << 20;
// A warp decodes a block: it copies the packed data to the end of its shared memory, with the 16 bytes in which they
// begin and end, decodes them towards the front, and stores the elements. `first_damaged` becomes the first frame with a
// damaged block.
template <unsigned Element>
__global__ __launch_bounds__(kWarp) void decode(const Block* blocks, const unsigned char* packed, unsigned capacity,
                                                unsigned char* frames, unsigned* first_damaged) {
  EWALD_DYNAMIC_SHARED(unsigned char, memory);
  const Block block = blocks[blockIdx.x];
  const unsigned char* const from = packed + block.from;
  unsigned char* const to = frames + block.at;
  if (block.stored != 0) {
    for (unsigned i = threadIdx.x; i < block.bytes; i += kWarp) to[i] = from[i];
    return;
  }
  const unsigned skew = block.from % 16, held = skew + block.packed;
  const unsigned start = (capacity - held) / 16 * 16;
  for (unsigned i = 16 * threadIdx.x; i < held; i += 16 * kWarp)
    *reinterpret_cast<uint4*>(memory + start + i) = *reinterpret_cast<const uint4*>(from - skew + i);
  __syncwarp();
  if (!decode_lz4(memory, start + skew, start + held, block.bytes)) {
    if (threadIdx.x == 0) atomicMin(first_damaged, block.frame);
    return;
  }
  __syncwarp();
  join_planes<Element>(memory, block.bytes, to);
}

[[noreturn]] void refuse(ewald_status status, const std::string& message) { throw CudaError(status, message); }


template <unsigned Element>
void launch(cudaStream_t stream, const Decoding& d) {
  const auto capacity = unsigned(shared_bytes(d.block));
  EWALD_LAUNCH((decode<Element>), d.count, kWarp, capacity, stream, d.blocks, d.packed, capacity, d.frames, d.damaged);
}
}  // namespace

namespace ewald::cuda::data {

void launch_decode(cudaStream_t stream, std::uint32_t element, const Decoding& decoding) {
  if (element == 1)
    launch<1>(stream, decoding);
  else if (element == 2)
    launch<2>(stream, decoding);
  else
    launch<4>(stream, decoding);
  EWALD_CUDA(cudaGetLastError());
}

void refuse_damaged(std::uint64_t chunk, std::size_t bytes, const char* why) {
  refuse(EWALD_STATUS_DAMAGED, std::to_string(chunk) + " bytes of bitshuffle-LZ4 do not decode to " +
                                   std::to_string(bytes) + ": " + why);
}

}  // namespace ewald::cuda::data

struct ewald_cuda_decoder {
  ewald_cuda_context* const context;
  const std::size_t frame_bytes;
  const std::uint32_t element, block;
  const bool keeps;

  ewald_cuda_decoder(ewald_cuda_context* owner, std::size_t bytes, std::uint32_t element_bytes,
                     std::uint32_t most_block, bool keeps_frames)
      : context(owner), frame_bytes(bytes), element(element_bytes), block(most_block), keeps(keeps_frames) {
    most_ = std::uint32_t(std::clamp<std::size_t>(kFrames / frame_bytes, 1, 1u << 16));
    const std::size_t whole = most_ * (frame_bytes / block + 2) * round_up(ewald::data::lz4_bound(block));
    const std::size_t packed = std::min(kPacked, whole);
    for (Half& half : halves_) half = Half(*context, packed, std::max<std::size_t>(64, packed / 256));
    if (!keeps) frames_ = DeviceBuffer<unsigned char>(*context, most_ * frame_bytes, "decoded frames");
    damaged_ = DeviceBuffer<unsigned>(*context, 1, "the damaged frame");
    damaged_on_host_ = PinnedBuffer<unsigned>(1);
  }

  std::uint32_t most() const { return most_; }
  std::uint64_t device_bytes() const {
    return frames_.bytes() + damaged_.bytes() + 2 * (halves_[0].packed.bytes() + halves_[0].blocks.bytes());
  }
  std::uint64_t host_bytes() const { return device_bytes() - frames_.bytes(); }

  // Decodes `count` frames, at most most(), to host memory or to device memory.
  void run(const std::uint8_t* const* chunks, const std::uint64_t* bytes, std::uint32_t count, unsigned char* out,
           bool on_device) {
    EWALD_CUDA(cudaMemsetAsync(damaged_.data(), 0xff, sizeof(unsigned), context->stream));
    unsigned char* const to = on_device ? out : frames_.data();
    try {
      for (std::uint32_t f = 0; f < count; ++f) gather({chunks[f], std::size_t(bytes[f])}, f, to);
      send(to);
    } catch (...) {
      // What is on the way ends before the caller frees its memory.
      halves_[now_].count = halves_[now_].used = 0;
      cudaStreamSynchronize(context->stream);
      throw;
    }
    EWALD_CUDA(cudaMemcpyAsync(damaged_on_host_.data(), damaged_.data(), sizeof(unsigned), cudaMemcpyDeviceToHost,
                               context->stream));
    EWALD_CUDA(cudaStreamSynchronize(context->stream));
    const unsigned damaged = damaged_on_host_[0];
    if (damaged != kNone) refuse_damaged(bytes[damaged], frame_bytes, "a block is not valid LZ4 data of its size");
    if (!on_device) context->staging->from_device(out, to, count * frame_bytes, context->stream);
  }

private:
  // Packed blocks and their table, on both sides of the bus.
  struct Half {
    PinnedBuffer<unsigned char> packed_on_host;
    PinnedBuffer<Block> blocks_on_host;
    DeviceBuffer<unsigned char> packed;
    DeviceBuffer<Block> blocks;
    cudaEvent_t sent = nullptr;
    std::size_t used = 0, count = 0;

    Half() = default;
    Half(ewald_cuda_context& context, std::size_t bytes, std::size_t most)
        : packed_on_host(bytes, "packed blocks"),
          blocks_on_host(most, "a table of blocks"),
          packed(context, bytes, "packed blocks"),
          blocks(context, most, "a table of blocks") {
      EWALD_CUDA(cudaEventCreateWithFlags(&sent, cudaEventDisableTiming));
    }
    Half& operator=(Half&& other) noexcept {
      packed_on_host = std::move(other.packed_on_host), blocks_on_host = std::move(other.blocks_on_host);
      packed = std::move(other.packed), blocks = std::move(other.blocks);
      std::swap(sent, other.sent);
      return *this;
    }
    ~Half() {
      if (sent) cudaEventDestroy(sent);
    }
  };

  void gather(ewald::data::Input chunk, std::uint32_t frame, unsigned char* to) {
    Parts parts(chunk, frame_bytes, element);
    if (parts.block() > block)
      refuse(EWALD_STATUS_LIMIT, "a chunk has blocks of " + std::to_string(parts.block()) +
                                     " bytes; this decoder was planned for at most " + std::to_string(block));
    Part part;
    while (parts.next(part)) {
      Half* half = &halves_[now_];
      if (half->used + round_up(part.packed) > half->packed.bytes() || half->count == half->blocks.count()) {
        send(to);
        half = &halves_[now_];
      }
      if (half->count == 0) EWALD_CUDA(cudaEventSynchronize(half->sent));
      unsigned char* const place = half->packed_on_host.data() + half->used;
      std::memcpy(place, part.from, part.packed);
      std::memset(place + part.packed, 0, round_up(part.packed) - part.packed);
      half->blocks_on_host[half->count++] = {std::uint64_t(frame) * frame_bytes + part.at, std::uint32_t(half->used),
                                             part.packed, part.bytes, frame, part.stored, 0};
      half->used += round_up(part.packed);
    }
    if (!parts.outcome().ok()) refuse_damaged(chunk.bytes, frame_bytes, parts.outcome().why);
  }

  // Sends the gathered blocks and decodes them; the next ones are gathered in the other half.
  void send(unsigned char* to) {
    Half& half = halves_[now_];
    if (half.count == 0) return;
    const unsigned count = unsigned(half.count);
    const std::size_t used = half.used;
    half.count = half.used = 0;
    const cudaStream_t stream = context->stream;
    EWALD_CUDA(cudaMemcpyAsync(half.blocks.data(), half.blocks_on_host.data(), count * sizeof(Block),
                               cudaMemcpyHostToDevice, stream));
    if (used > 0)
      EWALD_CUDA(
          cudaMemcpyAsync(half.packed.data(), half.packed_on_host.data(), used, cudaMemcpyHostToDevice, stream));
    EWALD_CUDA(cudaEventRecord(half.sent, stream));
    now_ ^= 1;
    launch_decode(stream, element, {half.blocks.data(), count, half.packed.data(), block, to, damaged_.data()});
  }

  std::uint32_t most_ = 1;
  unsigned now_ = 0;
  Half halves_[2];
  DeviceBuffer<unsigned char> frames_;
  DeviceBuffer<unsigned> damaged_;
  PinnedBuffer<unsigned> damaged_on_host_;
};

extern "C" {

int32_t ewald_cuda_decoder_create(ewald_cuda_context* context, uint64_t frame_bytes, uint32_t element_bytes,
                                  uint32_t block_bytes, uint32_t keeps, ewald_cuda_decoder** decoder) {
  return guarded([&] {
    if (!decoder) refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_decoder_create: a pointer is null");
    *decoder = nullptr;
    if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4)
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_decoder_create: an element must have 1, 2 or 4 bytes");
    if (frame_bytes == 0 || frame_bytes % element_bytes != 0 || frame_bytes > (uint64_t(1) << 40))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_decoder_create: a frame must be a number of elements");
    if (block_bytes == 0 || block_bytes > kMostBlock)
      refuse(EWALD_STATUS_LIMIT,
             "ewald_cuda_decoder_create: blocks must have 1 to " + std::to_string(kMostBlock) + " bytes");
    useContext(context, [&] {
      *decoder = new ewald_cuda_decoder(context, std::size_t(frame_bytes), element_bytes, block_bytes, keeps != 0);
    });
  });
}

void ewald_cuda_decoder_destroy(ewald_cuda_decoder* decoder) {
  if (!decoder) return;
  const std::lock_guard lock(decoder->context->busy);
  cudaSetDevice(decoder->context->device);
  delete decoder;
}

void ewald_cuda_decoder_describe(const ewald_cuda_decoder* decoder, ewald_cuda_decoder_info* info) {
  *info = {};
  if (!decoder) return;
  info->device_bytes = decoder->device_bytes();
  info->host_bytes = decoder->host_bytes();
  info->frame_bytes = decoder->frame_bytes;
}

int32_t ewald_cuda_decoder_run(ewald_cuda_decoder* decoder, const uint8_t* const* chunks, const uint64_t* bytes,
                               uint64_t count, void* out, uint32_t on_device) {
  return guarded([&] {
    if (!decoder || (count > 0 && (!chunks || !bytes || !out)))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_decoder_run: a pointer is null");
    if (decoder->keeps != (on_device != 0))
      refuse(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cuda_decoder_run: the frames go elsewhere than was planned");
    for (std::uint64_t first = 0; first < count; first += decoder->most()) {
      const auto here = std::uint32_t(std::min<std::uint64_t>(decoder->most(), count - first));
      auto* const to = static_cast<unsigned char*>(out) + first * decoder->frame_bytes;
      useContext(decoder->context, [&] { decoder->run(chunks + first, bytes + first, here, to, on_device != 0); });
    }
  });
}
}
