#include "staging.h"

#include <cstring>
#include <exception>

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

template <class Copy>
void Staging::in_pieces(std::size_t bytes, const Copy& copy) {
  make();
  struct Work {
    Staging& self;
    std::size_t bytes;
    const Copy& copy;
    std::exception_ptr failed;
    std::mutex failing;
  } work{*this, bytes, copy, nullptr, {}};
  team_.run(
      std::uint32_t((bytes + piece_bytes - 1) / piece_bytes),
      [](void* context, std::uint32_t item, std::uint32_t) {
        Work& w = *static_cast<Work*>(context);
        Piece& piece = w.self.pieces_[item % pieces];
        const std::size_t at = item * piece_bytes;
        try {
          EWALD_CUDA(cudaSetDevice(w.self.device_));
          const std::lock_guard lock(piece.busy);
          // An earlier copy still uses the piece; an event that was never recorded counts as done.
          EWALD_CUDA(cudaEventSynchronize(piece.done));
          w.copy(piece, at, std::min(piece_bytes, w.bytes - at));
        } catch (...) {
          const std::lock_guard lock(w.failing);
          if (!w.failed) w.failed = std::current_exception();
        }
      },
      &work);
  if (work.failed) std::rethrow_exception(work.failed);
}

void Staging::to_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes < short_bytes) {
    EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream));
    return;
  }
  in_pieces(bytes, [&](Piece& piece, std::size_t at, std::size_t here) {
    std::memcpy(piece.memory.data(), static_cast<const unsigned char*>(from) + at, here);
    EWALD_CUDA(cudaMemcpyAsync(static_cast<unsigned char*>(to) + at, piece.memory.data(), here, cudaMemcpyHostToDevice,
                               stream));
    EWALD_CUDA(cudaEventRecord(piece.done, stream));
  });
}

void Staging::from_device(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes < short_bytes) {
    EWALD_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream));
    EWALD_CUDA(cudaStreamSynchronize(stream));
    return;
  }
  in_pieces(bytes, [&](Piece& piece, std::size_t at, std::size_t here) {
    EWALD_CUDA(cudaMemcpyAsync(piece.memory.data(), static_cast<const unsigned char*>(from) + at, here,
                               cudaMemcpyDeviceToHost, stream));
    EWALD_CUDA(cudaEventRecord(piece.done, stream));
    EWALD_CUDA(cudaEventSynchronize(piece.done));
    std::memcpy(static_cast<unsigned char*>(to) + at, piece.memory.data(), here);
  });
}

}  // namespace ewald::cuda
