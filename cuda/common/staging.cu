#include "staging.h"

#include <algorithm>
#include <cstring>

namespace ewald::cuda {

Staging::~Staging() {
  for (const Piece& piece : pieces_)
    if (piece.done) cudaEventDestroy(piece.done);
}

void Staging::make() {
  for (Piece& piece : pieces_) {
    if (piece.done) continue;
    if (!piece.memory.data()) piece.memory = PinnedBuffer<unsigned char>(piece_bytes, "a piece of a copy");
    EWALD_CUDA(cudaEventCreateWithFlags(&piece.done, cudaEventDisableTiming));
  }
}

void Staging::to_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes < short_bytes) {
    EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream));
    return;
  }
  make();
  for (std::size_t at = 0, n = 0; at < bytes; at += piece_bytes, n++) {
    const Piece& piece = pieces_[n % 2];
    const std::size_t here = std::min(piece_bytes, bytes - at);
    // Also waits for an earlier copy; an event that was never recorded counts as done.
    EWALD_CUDA(cudaEventSynchronize(piece.done));
    std::memcpy(piece.memory.data(), static_cast<const unsigned char*>(from) + at, here);
    EWALD_CUDA(cudaMemcpyAsync(static_cast<unsigned char*>(to) + at, piece.memory.data(), here, cudaMemcpyHostToDevice,
                               stream));
    EWALD_CUDA(cudaEventRecord(piece.done, stream));
  }
}

void Staging::from_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes < short_bytes) {
    EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream));
    EWALD_CUDA(cudaStreamSynchronize(stream));
    return;
  }
  make();
  const std::size_t count = (bytes + piece_bytes - 1) / piece_bytes;
  const auto length = [&](std::size_t n) { return std::min(piece_bytes, bytes - n * piece_bytes); };
  const auto send = [&](std::size_t n) {
    EWALD_CUDA(cudaMemcpyAsync(pieces_[n % 2].memory.data(), static_cast<const unsigned char*>(from) + n * piece_bytes,
                               length(n), cudaMemcpyDeviceToHost, stream));
    EWALD_CUDA(cudaEventRecord(pieces_[n % 2].done, stream));
  };
  // If the pieces still hold a copy in the other direction, the stream reads it before it overwrites them.
  for (std::size_t n = 0; n < std::min<std::size_t>(2, count); n++) send(n);
  for (std::size_t n = 0; n < count; n++) {
    EWALD_CUDA(cudaEventSynchronize(pieces_[n % 2].done));
    std::memcpy(static_cast<unsigned char*>(to) + n * piece_bytes, pieces_[n % 2].memory.data(), length(n));
    if (n + 2 < count) send(n + 2);
  }
}

}  // namespace ewald::cuda
