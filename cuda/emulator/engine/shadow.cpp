// The race detector. Sequential fibers make time simple: the machine's tick grows at each barrier, __syncwarp and
// fence, and an access with tick t of another thread happened before the current one if
//   it is older than the block's last barrier (t < barrierTick),
//   or both are lanes of a warp that met in a __syncwarp since (t < seen[lane]),
//   or it belongs to another block, which fenced after it, and this block has fenced as well (the last-block-done
//   pattern).
// Everything else is a race, whatever the actual order of the fibers. Atomics race with plain accesses, not with each
// other.
#include "shadow.h"

#include <sys/mman.h>

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "banks.h"
#include "findings.h"
#include "memory.h"
#include "order.h"

namespace ewald::emulator {
namespace {

struct Event {
  std::uint32_t run;  // of the block; 0: nothing yet
  std::uint32_t tick;
  std::int32_t code;  // place, relative to an anchor in this module
  std::uint16_t thread;
  std::uint8_t bytes;  // which of the word's four
  std::uint8_t atomic;
};
// Two readers are stored, because a later writer may conflict with either.
struct Cell {
  Event write, read, otherRead;
};

constexpr std::size_t kSharedCells = (256 << 10) / 4;
Cell sharedCells[kSharedCells];
Cell* deviceCells = nullptr;
// Which bytes of a word are initialised: four bits; for shared memory with the block that wrote them.
struct Valid {
  std::uint32_t run;
  std::uint8_t bytes;
};
Valid sharedValid[kSharedCells];
std::uint8_t* deviceValid = nullptr;
constexpr std::size_t kMaxRaces = 16;

Cell* cellsOfArena() {
  if (!deviceCells) {
    void* region = mmap(nullptr, kArenaBytes / 4 * sizeof(Cell), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return nullptr;
    deviceCells = static_cast<Cell*>(region);
  }
  return deviceCells;
}
std::uint8_t* validOfArena() {
  if (!deviceValid) {
    void* region =
        mmap(nullptr, kArenaBytes / 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return nullptr;
    deviceValid = static_cast<std::uint8_t*>(region);
  }
  return deviceValid;
}
std::uintptr_t anchor() { return reinterpret_cast<std::uintptr_t>(&checkAccess); }

std::set<std::pair<std::int32_t, std::int32_t>> racesReported;  // of this launch, by the two places

struct Unwritten {
  std::uintptr_t address, code;
  unsigned thread;
  bool shared;
};
std::vector<Unwritten> unwritten;

bool happenedBefore(Machine& m, const Event& event) {
  if (event.run < m.firstRun) return true;
  if (event.run != m.run_) return m.fenced && event.tick < m.fenceTicks[event.run - m.firstRun];
  const Fiber& self = m.self();
  if (event.thread == self.linear || event.tick < m.barrierTick) return true;
  return event.thread / kWarp == self.linear / kWarp && event.tick < self.seen[event.thread % kWarp];
}

void reportRace(Machine& m, bool shared, std::uintptr_t address, const Event& then, const char* did, const char* does,
                std::uintptr_t code) {
  const std::int32_t here = std::int32_t(code - anchor());
  if (racesReported.size() >= kMaxRaces || !racesReported.emplace(then.code, here).second) return;
  std::string what;
  if (shared) {
    const SharedArray* array = m.sharedArrayAt(address, 1);
    what = array ? format("shared '%s'[%zu]", array->name, std::size_t((address - array->begin) / array->elementBytes))
                 : std::string("shared memory");
  } else {
    what = describeDeviceAddress(address, 4);
  }
  const std::string who = then.run == m.run_ ? "thread " + m.nameThread(then.thread)
                                             : "another block's thread " + m.nameThread(then.thread);
  m.report(shared ? Finding::sharedRace : Finding::globalRace,
           format("this thread %s %s, %s %s it at %s, and no barrier lies between", does, what.c_str(), who.c_str(),
                  did, placeOf(std::uintptr_t(std::intptr_t(anchor()) + then.code)).c_str()),
           placeOf(code));
  m.failed = true;
  unwritten.clear();
}

void checkWord(Machine& m, Cell& cell, std::uint8_t& valid, bool shared, std::uintptr_t address, std::uint8_t bytes,
               Access access, bool strictInit, std::uintptr_t code) {
  const auto conflicts = [&](const Event& event) {
    if (event.run == 0 || !(event.bytes & bytes)) return false;
    if (shared && event.run != m.run_) return false;
    return !happenedBefore(m, event);
  };
  const bool writes = access != Access::read;
  const char* const does = access == Access::read    ? "reads"
                           : access == Access::write ? "writes"
                                                     : "changes (atomically)";
  if (!(access == Access::atomic && cell.write.atomic) && conflicts(cell.write)) {
    reportRace(m, shared, address, cell.write, cell.write.atomic ? "changed (atomically)" : "wrote", does, code);
  }
  if (writes) {
    if (conflicts(cell.read))
      reportRace(m, shared, address, cell.read, "read", does, code);
    else if (conflicts(cell.otherRead))
      reportRace(m, shared, address, cell.otherRead, "read", does, code);
  }
  if (access != Access::write && strictInit && (valid & bytes) != bytes && unwritten.size() < kMaxRaces && !m.failed) {
    unwritten.push_back({address, code, m.self().linear, shared});
  }
  const Event now{m.run_,
                  m.tick,
                  std::int32_t(code - anchor()),
                  std::uint16_t(m.self().linear),
                  bytes,
                  std::uint8_t(access == Access::atomic)};
  if (writes) {
    // A thread that writes the word's other bytes at the same tick extends its own event.
    const bool mine = cell.write.run == now.run && cell.write.thread == now.thread && cell.write.tick == now.tick &&
                      cell.write.atomic == now.atomic;
    const std::uint8_t before = mine ? cell.write.bytes : 0;
    cell.write = now;
    cell.write.bytes |= before;
    valid |= bytes;
  } else if (cell.read.run == 0 || cell.read.thread == now.thread || (shared && cell.read.run != now.run) ||
             happenedBefore(m, cell.read)) {
    const std::uint8_t before =
        cell.read.run == now.run && cell.read.thread == now.thread && cell.read.tick == now.tick ? cell.read.bytes : 0;
    cell.read = now;
    cell.read.bytes |= before;
  } else {
    cell.otherRead = now;
  }
}

void checkCells(Machine& m, bool shared, std::uintptr_t address, std::size_t bytes, Access access, bool tracked,
                std::uintptr_t code) {
  // A struct copied as a whole may contain padding that was never written.
  const bool strictInit = tracked && bytes <= 16;
  const std::uintptr_t base = shared ? m.sharedBase() : arenaBase();
  Cell* const cells = shared ? sharedCells : cellsOfArena();
  if (!cells || (!shared && !validOfArena())) return;  // no address space for a shadow
  std::uintptr_t at = address;
  const std::uintptr_t end = address + bytes;
  while (at < end) {
    const std::uintptr_t word = at & ~std::uintptr_t(3);
    const std::uintptr_t stop = word + 4 < end ? word + 4 : end;
    const std::uint8_t mask = std::uint8_t(((1u << (stop - at)) - 1) << (at - word));
    const std::size_t index = (word - base) >> 2;
    if (shared && sharedValid[index].run != m.run_) sharedValid[index] = {m.run_, 0};
    checkWord(m, cells[index], shared ? sharedValid[index].bytes : deviceValid[index], shared, at, mask, access,
              strictInit, code);
    at = stop;
  }
}

Traffic deviceTraffic;  // launches go one at a time

const char* verb(Access access) {
  return access == Access::read ? "reads" : access == Access::write ? "writes" : "changes (atomically)";
}

}  // namespace

void checkAccess(Machine& m, std::uintptr_t address, std::size_t bytes, Access access, bool aligned,
                 std::uintptr_t code) {
  Fiber& self = m.self();
  if (address - m.stackLow(self) < kStackBytes) return;  // its own local memory
  m.step(1);
  const std::size_t alignment = bytes < 8 ? bytes : 8;
  if (aligned && (address & (alignment - 1))) {
    m.die(Finding::misaligned,
          format("%s %zu bytes at an address that is %zu bytes past a multiple of %zu", verb(access), bytes,
                 std::size_t(address & (alignment - 1)), alignment),
          code);
  }
  if (m.inShared(address)) {
    if (!m.sharedArrayAt(address, bytes)) {
      const SharedArray* near = m.nearestShared(address);
      if (!near) m.die(Finding::outOfRange, format("%s undeclared shared memory", verb(access)), code);
      const long long offset = static_cast<long long>(address - near->begin);
      const long long size = static_cast<long long>(near->elementBytes);
      m.die(Finding::outOfRange,
            format("%s element %lld of shared '%s', which has %zu elements of %lld bytes", verb(access),
                   offset >= 0 ? offset / size : -((-offset + size - 1) / size), near->name,
                   std::size_t(near->end - near->begin) / near->elementBytes, size),
            code);
    }
    if (m.mode.banks) noteBanks(m, address, bytes, access != Access::read, code);
    checkCells(m, true, address, bytes, access, true, code);
    return;
  }
  if (inArena(address)) {
    const Allocation allocation = launchAllocation(address, bytes);
    if (!allocation)
      m.die(Finding::outOfRange, std::string(verb(access)) + " " + describeDeviceAddress(address, bytes), code);
    if (m.mode.ordered) noteUse(allocation.begin, access != Access::read);
    if (access != Access::write) deviceTraffic.read += bytes;
    if (access != Access::read) deviceTraffic.written += bytes;
    checkCells(m, false, address, bytes, access, allocation.tracked, code);
    return;
  }
  if (m.inStacks(address)) {
    const unsigned owner = m.ownerOfStack(address);
    m.die(Finding::localOfAnotherThread,
          format("%s a local variable of thread %s", verb(access), m.nameThread(owner).c_str()), code);
  }
  // Kernel parameters: read only, on the host's stack here and in constant memory on a GPU.
  const auto within = [&](const void* begin, std::size_t size) {
    return address - reinterpret_cast<std::uintptr_t>(begin) < size;
  };
  if (access == Access::read &&
      (within(m.launch->parameters, m.launch->parameterBytes) || within(m.launch, sizeof(Launch))))
    return;
  if (inModule(address, access != Access::read)) return;
  if (pinnedAllocation(address, bytes)) return;
  m.die(Finding::foreignAddress,
        format("%s %zu bytes at %p, which is neither device, shared nor local memory (a host pointer? an index far out "
               "of range?)",
               verb(access), bytes, reinterpret_cast<void*>(address)),
        code);
}

Traffic traffic() { return deviceTraffic; }

void judgeUninitialised(Machine& m) {
  if (unwritten.empty()) return;
  const Unwritten first = unwritten.front();
  unwritten.clear();
  if (m.failed) return;
  m.failed = true;
  if (!first.shared) {
    return m.report(Finding::uninitialisedGlobal,
                    "reads " + describeDeviceAddress(first.address, 4) + ", which has never been written",
                    placeOf(first.code), &m.fiber(first.thread));
  }
  const SharedArray* array = m.sharedArrayAt(first.address, 1);
  m.report(Finding::uninitialisedShared,
           format("reads shared '%s'[%zu], which this block has not written", array ? array->name : "?",
                  array ? std::size_t((first.address - array->begin) / array->elementBytes) : 0),
           placeOf(first.code), &m.fiber(first.thread));
}

void markInitialised(std::uintptr_t address, std::size_t bytes) {
  std::uint8_t* const valid = validOfArena();
  if (!valid || !bytes) return;
  const std::uintptr_t end = address + bytes;
  for (std::uintptr_t word = address & ~std::uintptr_t(3); word < end; word += 4) {
    std::uint8_t mask = 15;
    if (word < address) mask &= std::uint8_t(15 << (address - word));
    if (word + 4 > end) mask &= std::uint8_t(15 >> (word + 4 - end));
    valid[(word - arenaBase()) >> 2] |= mask;
  }
}

void copyInitialised(std::uintptr_t to, std::uintptr_t from, std::size_t bytes) {
  std::uint8_t* const valid = validOfArena();
  if (!valid) return;
  if ((to | from | bytes) & 3) return markInitialised(to, bytes);
  std::memmove(valid + (to - arenaBase()) / 4, valid + (from - arenaBase()) / 4, bytes / 4);
}

void forgetShadow(std::uintptr_t address, std::size_t bytes) {
  // The cells of a page of memory fill whole pages themselves, and these are freed; its 1024 bytes of `valid` do not.
  if (deviceCells) madvise(deviceCells + (address - arenaBase()) / 4, bytes / 4 * sizeof(Cell), MADV_DONTNEED);
  if (deviceValid) std::memset(deviceValid + (address - arenaBase()) / 4, 0, bytes / 4);
}

void runOrders(Machine& m, const std::function<void(unsigned)>& run) {
  racesReported.clear();
  unwritten.clear();
  const unsigned orders = m.mode.orders ? m.mode.orders : 1;
  struct Copy {
    Allocation of;
    std::vector<unsigned char> bytes;
  };
  const auto copyAll = [] {
    std::vector<Copy> copies;
    forEachAllocation([&](const Allocation& a) {
      const auto* from = reinterpret_cast<const unsigned char*>(a.begin);
      copies.push_back({a, std::vector<unsigned char>(from, from + (a.end - a.begin))});
    });
    return copies;
  };
  const auto putBack = [](const std::vector<Copy>& copies) {
    for (const Copy& copy : copies)
      std::memcpy(reinterpret_cast<void*>(copy.of.begin), copy.bytes.data(), copy.bytes.size());
  };
  if (orders == 1) {
    run(0);
    return;
  }
  const std::vector<Copy> before = copyAll();
  std::vector<Copy> forward;
  for (unsigned index = 0; index < orders; ++index) {
    if (index) putBack(before);
    run(index);
    if (m.failed) return;
    if (index == 0) {
      forward = copyAll();
      continue;
    }
    if (!m.mode.strictOrders) continue;
    for (const Copy& copy : forward) {
      const auto* now = reinterpret_cast<const unsigned char*>(copy.of.begin);
      for (std::size_t i = 0; i < copy.bytes.size(); ++i) {
        if (now[i] == copy.bytes[i]) continue;
        m.report(Finding::orderDependent,
                 describeDeviceAddress(copy.of.begin + i, 0) + " differs from the forward order", m.launchPlace());
        m.failed = true;
        break;
      }
      if (m.failed) break;
    }
    if (m.failed) break;
  }
  putBack(forward);
}

}  // namespace ewald::emulator
