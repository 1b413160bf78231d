// Reads numbers of another byte order from a file. The thread that reads also swaps the bytes, block by block:
// otherwise the data would be left in the cache of one core for another core to fetch.
#ifndef _WIN32
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "addon/room.h"
#include "addon/task.h"
#include "common/status.h"

namespace ewald::addon {
namespace {

struct Frames {
  uint64_t offset, stride, bytes, count;
  uint32_t width;
};

class ReadTask : public Task {
public:
  ReadTask(int file, const Frames& frames) : file_(file), frames_(frames) {}

protected:
  int32_t work() override { return is_read_ ? EWALD_STATUS_OK : read_all(); }

  // What the system has in memory is read at once, into the cache of the thread that computes with it.
  bool waits() override {
#ifdef RWF_NOWAIT
    flags_ = RWF_NOWAIT;
    try {
      is_read_ = read_all() == EWALD_STATUS_OK;
    } catch (const std::bad_alloc&) {
      // The pool reports it.
    }
    flags_ = 0;
#endif
    return !is_read_;
  }

private:
  static constexpr uint64_t page = 4096;

  const int file_;
  const Frames frames_;
  // Those of preadv2.
  int flags_ = 0;
  bool is_read_ = false;

  int32_t read_all() {
    // If source and target differ enough in their offset within a page, and the frames follow each other without gaps,
    // they are read straight into the output.
    const uint64_t apart = far_from(buffers[0].data(), frames_.offset);
    if (frames_.width == 1 && frames_.stride == frames_.bytes && (apart < page / 4 || apart > page - page / 4))
      return read(buffers[0].data(), frames_.count * frames_.bytes, frames_.offset);
    // Together with the swapped copy it stays in the second-level cache of a core.
    constexpr uint64_t block_bytes = 1 << 18;
    const std::unique_ptr<uint8_t[]> room(new uint8_t[block_bytes + page]);
    const auto [offset, stride, bytes, count, width] = frames_;
    uint8_t* out = buffers[0].data();
    const uint64_t together = stride <= block_bytes ? block_bytes / stride : 1;
    for (uint64_t first = 0; first < count; first += together) {
      const uint64_t n = together < count - first ? together : count - first, span = (n - 1) * stride + bytes;
      const uint64_t from = offset + first * stride;
      for (uint64_t at = 0; at < span; at += block_bytes) {
        const uint64_t piece = block_bytes < span - at ? block_bytes : span - at;
        uint8_t* const block = room.get() + far_from(room.get(), from + at);
        if (const int32_t status = read(block, piece, from + at); status != EWALD_STATUS_OK) return status;
        // Either several whole frames, or a piece of one.
        for (uint64_t i = 0; i < n; i++) {
          const uint64_t part = n > 1 ? bytes : piece;
          if (width == 1)
            std::memcpy(out, block + i * stride, size_t(part));
          else
            ewald_swap_bytes(block + i * stride, out, size_t(part), width);
          out += part;
        }
      }
    }
    return EWALD_STATUS_OK;
  }

  // How far into the memory the bytes of the file from `from` on are read. The system copies them from whole pages; if
  // they had the same offset within a page, or a slightly larger one, each load would wait for a store, at a third of
  // the speed.
  static uint64_t far_from(const uint8_t* memory, uint64_t from) {
    return (from + page / 2 - reinterpret_cast<uintptr_t>(memory)) % page;
  }

  int32_t read(uint8_t* into, uint64_t bytes, uint64_t from) {
    for (uint64_t done = 0; done < bytes;) {
#ifdef RWF_NOWAIT
      const iovec rest{into + done, size_t(bytes - done)};
      const ssize_t got = preadv2(file_, &rest, 1, off_t(from + done), flags_);
#else
      const ssize_t got = pread(file_, into + done, bytes - done, off_t(from + done));
#endif
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(EWALD_STATUS_DAMAGED, "%s", strerror(errno));
      if (got == 0)
        return fail(EWALD_STATUS_DAMAGED, "it was truncated while it was being read: no data at byte %llu",
                    static_cast<unsigned long long>(from + done));
      done += uint64_t(got);
    }
    return EWALD_STATUS_OK;
  }
};

// readTurned(file, offset, stride, bytes, width, out: Uint8Array) -> Promise<void>: fills `out` with frames of `bytes`
// bytes that start `stride` bytes apart, with the bytes of each number of `width` bytes reversed (1: unchanged).
Napi::Value read_turned(const CallbackInfo& info) {
  const int file = int(whole_number(info, 0, INT32_MAX));
  Frames frames{whole_number(info, 1), whole_number(info, 2), whole_number(info, 3), 0, uint32_of(info, 4)};
  const View out = view_at(info, 5, 0);
  const auto [offset, stride, bytes, _, width] = frames;
  if (bytes == 0 || stride < bytes || (width != 1 && width != 2 && width != 4 && width != 8) || bytes % width != 0 ||
      out.bytes % bytes != 0)
    throw argument_error(info.Env(), "readTurned: the frames do not hold integers");
  frames.count = out.bytes / bytes;
  auto task = std::make_unique<ReadTask>(file, frames);
  task->buffers.reserve(1);
  task->buffers.emplace_back(info.Env(), info[5], out, true);
  return Task::start(info.Env(), std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("readTurned", Napi::Function::New(env, read_turned, "readTurned"));
});

}  // namespace
}  // namespace ewald::addon
#endif
