// What the emulator checks, which GPU it simulates, and what it found. For tests; kernels and host code never use this.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ewald::emulator {

struct Mode {
  bool checked =
      false;  // check every memory access; off: barriers, warps and array bounds known at compile time only
  unsigned orders =
      3;  // thread orders a launch runs under when checked: 1 forward, 2 and reverse, 3 and more seeded shuffles
  std::uint64_t seed = 1;  // of the shuffles
  bool strictOrders =
      false;  // when checked: memory that differs from order to order is an error (off: slots taken by atomicAdd may)
  bool ordered = false;  // when checked: check that work of several streams on the same memory is ordered
  bool banks = false;  // when checked: count how often warps meet a bank of shared memory twice
  std::uint64_t stepLimit = std::uint64_t(1)
                            << 30;  // accesses and atomics of one thread between two barriers before it counts as hung
};

struct Card {
  int devices = 1;
  int driverVersion = 13000;  // 0: no driver at all
  int runtimeVersion = 13000;
  int multiprocessors = 4;
  std::size_t memoryBytes = std::size_t(2) << 30;
  int l2Bytes = 1 << 20;
  int memoryClock = 0, memoryBus = 0;  // in kHz and bits; 0: the driver does not know
  bool watchdog = false;       // a display is attached, so the run time of kernels is limited
  int loseAfterLaunches = -1;  // the device is lost at that launch; -1 never
};

enum class Finding {
  outOfRange,
  misaligned,
  foreignAddress,
  localOfAnotherThread,
  uninitialisedShared,
  uninitialisedGlobal,
  sharedRace,
  globalRace,
  divergentBarrier,
  divergentWarp,
  wrongMask,
  hang,
  sharedMemoryTooLarge,
  guardOverwritten,
  orderDependent,
  undefinedArithmetic
};
const char* nameOf(Finding finding);

struct Report {
  Finding finding;
  std::string kernel;
  std::string text;  // one or two lines: kernel, block, thread, file:line, what and why
};

// Modes and simulated GPUs apply to all later launches and calls, on all threads.
void setMode(const Mode& mode);
Mode mode();
void setCard(const Card& card);
Card card();
// The reports since the last call, oldest first.
std::vector<Report> takeReports();
// Kernel launches so far.
std::uint64_t launches();
// Devices on which the process has made a context (cudaSetDevice makes one since CUDA 12) since the simulated GPU was
// set: each takes some hundred megabytes of a GPU.
std::vector<int> contexts();
// Bytes of device memory that threads have read and written so far in checked mode: the traffic of a GPU without
// caches. Each order of a launch counts.
struct Traffic {
  std::uint64_t read, written;
};
Traffic traffic();
// Accesses of warps to shared memory so far, with `banks`: how many there would be if no bank were met twice, and how many
// there are. Accesses of 8 bytes count once for each half of a warp, of 16 for each quarter.
struct Banks {
  std::uint64_t least, met;
};
Banks bankAccesses();
// Bytes that were copied to devices and back since the simulated GPU was set: the traffic of the bus.
struct Copied {
  std::uint64_t up, down;
};
Copied copied();

}  // namespace ewald::emulator
