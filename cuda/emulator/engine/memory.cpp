#include "memory.h"

#include <link.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "findings.h"
#include "machine.h"
#include "shadow.h"

namespace ewald::emulator {
namespace {
constexpr std::size_t kPage = 4096;
// An allocation starts 256 bytes into its first page: with exactly the alignment that a GPU guarantees, and with room
// for guard words.
constexpr std::size_t kFront = 256;
constexpr std::size_t kBack = 256;
constexpr unsigned char kGuard = 0xe7;
constexpr unsigned char kUnset = 0xff;  // NaN, -1

struct Entry {
  std::uintptr_t end;    // of the requested bytes
  std::uintptr_t pages;  // end of its pages
  bool tracked;
};

std::recursive_mutex mutex;
std::uintptr_t base = 0;
std::map<std::uintptr_t, Entry> device;  // by first page
std::map<std::uintptr_t, std::uintptr_t> pinned;
std::size_t inUse = 0;

bool guardHolds(std::uintptr_t page, const Entry& entry) {
  const auto same = [](std::uintptr_t from, std::size_t bytes) {
    const unsigned char* p = reinterpret_cast<const unsigned char*>(from);
    for (std::size_t i = 0; i < bytes; ++i)
      if (p[i] != kGuard) return false;
    return true;
  };
  return same(page, kFront) && same(entry.end, kBack);
}
}  // namespace

std::uintptr_t arenaBase() { return base; }
bool inArena(std::uintptr_t address) { return base && address - base < kArenaBytes; }

void* allocateDevice(std::size_t bytes) {
  const std::lock_guard lock(mutex);
  if (!base) {
    void* region =
        mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return nullptr;
    base = reinterpret_cast<std::uintptr_t>(region);
  }
  if (bytes > card().memoryBytes || inUse > card().memoryBytes - bytes) return nullptr;
  const std::size_t pages = (kFront + bytes + kBack + kPage - 1) / kPage * kPage;
  std::uintptr_t place = base;
  for (const auto& [page, entry] : device) {  // first fit
    if (page - place >= pages) break;
    place = entry.pages;
  }
  if (place + pages > base + kArenaBytes) return nullptr;
  const Entry entry{place + kFront + bytes, place + pages, mode().checked};
  device.emplace(place, entry);
  inUse += bytes;
  std::memset(reinterpret_cast<void*>(place), kGuard, kFront);
  std::memset(reinterpret_cast<void*>(place + kFront), kUnset, bytes);
  std::memset(reinterpret_cast<void*>(entry.end), kGuard, kBack);
  return reinterpret_cast<void*>(place + kFront);
}

bool freeDevice(void* pointer) {
  const std::lock_guard lock(mutex);
  const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(pointer) - kFront;
  const auto found = device.find(page);
  if (found == device.end()) return false;
  if (!guardHolds(page, found->second)) {
    addReport(
        {Finding::guardOverwritten, "",
         "guard words around " + describeDeviceAddress(page + kFront, 0) + " were overwritten; found by cudaFree"});
  }
  inUse -= found->second.end - page - kFront;
  const std::size_t pages = found->second.pages - page;
  device.erase(found);
  madvise(pointer ? reinterpret_cast<void*>(page) : nullptr, pages, MADV_DONTNEED);
  forgetShadow(page, pages);
  return true;
}

void* allocatePinned(std::size_t bytes) {
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256 + (bytes == 0 ? 256 : 0));
  if (!memory) return nullptr;
  const std::lock_guard lock(mutex);
  pinned.emplace(reinterpret_cast<std::uintptr_t>(memory), reinterpret_cast<std::uintptr_t>(memory) + bytes);
  return memory;
}

bool freePinned(void* pointer) {
  {
    const std::lock_guard lock(mutex);
    if (!pinned.erase(reinterpret_cast<std::uintptr_t>(pointer))) return false;
  }
  std::free(pointer);
  return true;
}

std::size_t deviceBytesInUse() {
  const std::lock_guard lock(mutex);
  return inUse;
}

Allocation deviceAllocation(std::uintptr_t address, std::size_t bytes) {
  const std::lock_guard lock(mutex);
  auto after = device.upper_bound(address);
  if (after == device.begin()) return {};
  --after;
  const std::uintptr_t begin = after->first + kFront;
  if (address < begin || address + bytes > after->second.end) return {};
  return {begin, after->second.end, after->second.tracked};
}

static Allocation lastOfLaunch;
Allocation launchAllocation(std::uintptr_t address, std::size_t bytes) {
  if (address < lastOfLaunch.begin || address + bytes > lastOfLaunch.end)
    lastOfLaunch = deviceAllocation(address, bytes);
  return lastOfLaunch;
}
void forgetLaunchAllocation() { lastOfLaunch = {}; }

void stopTracking() {
  const std::lock_guard lock(mutex);
  for (auto& [page, entry] : device) entry.tracked = false;
}

Allocation pinnedAllocation(std::uintptr_t address, std::size_t bytes) {
  const std::lock_guard lock(mutex);
  auto after = pinned.upper_bound(address);
  if (after == pinned.begin()) return {};
  --after;
  if (address + bytes > after->second) return {};
  return {after->first, after->second};
}

std::string describeDeviceAddress(std::uintptr_t address, std::size_t bytes) {
  const std::lock_guard lock(mutex);
  auto after = device.upper_bound(address);
  if (after != device.begin()) --after;
  if (after == device.end()) return "device memory that was never allocated";
  const std::uintptr_t begin = after->first + kFront;
  const std::size_t size = after->second.end - begin;
  const long long offset = static_cast<long long>(address - begin);
  if (address >= after->second.pages) return "device memory that is not allocated, or has been freed";
  if (bytes && size % bytes == 0 && offset % static_cast<long long>(bytes) == 0) {
    return format("element %lld of a device allocation of %zu elements of %zu bytes",
                  offset / static_cast<long long>(bytes), size / bytes, bytes);
  }
  return format("byte %lld of a device allocation of %zu bytes", offset, size);
}

bool inModule(std::uintptr_t address, bool writable) {
  struct Range {
    std::uintptr_t begin, end;
    bool writable;
  };
  static const std::vector<Range> ranges = [] {
    std::vector<Range> found;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
          std::vector<Range> mine;
          bool here = false;
          const auto self = reinterpret_cast<std::uintptr_t>(&inModule);
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& header = info->dlpi_phdr[i];
            if (header.p_type != PT_LOAD) continue;
            const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
            mine.push_back({begin, begin + header.p_memsz, (header.p_flags & PF_W) != 0});
            here |= self - begin < header.p_memsz;
          }
          if (here) *static_cast<std::vector<Range>*>(data) = mine;
          return int(here);
        },
        &found);
    return found;
  }();
  for (const Range& range : ranges)
    if (address >= range.begin && address < range.end) return range.writable || !writable;
  return false;
}

void forEachAllocation(const std::function<void(const Allocation&)>& visit) {
  const std::lock_guard lock(mutex);
  for (const auto& [page, entry] : device) visit({page + kFront, entry.end, entry.tracked});
}

bool guardsIntact(const char* when) {
  const std::lock_guard lock(mutex);
  bool intact = true;
  for (const auto& [page, entry] : device) {
    if (guardHolds(page, entry)) continue;
    intact = false;
    addReport({Finding::guardOverwritten, "",
               format("guard words around a device allocation of %zu bytes were overwritten; found %s",
                      std::size_t(entry.end - page - kFront), when)});
    std::memset(reinterpret_cast<void*>(page), kGuard, kFront);
    std::memset(reinterpret_cast<void*>(entry.end), kGuard, kBack);
  }
  return intact;
}

}  // namespace ewald::emulator
