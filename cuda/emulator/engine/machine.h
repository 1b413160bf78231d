// The machine that runs a launch: threads of a block are fibers on one stack region, blocks run one after another, and
// one launch runs at a time in the process. Everything here belongs to the emulator's own files, which are compiled
// without instrumentation.
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "../cuda_emulator.h"
#include "../mode.h"

namespace ewald::emulator {

constexpr unsigned kMaxThreads = 1024;
constexpr unsigned kWarp = 32;
constexpr std::size_t kStackBytes = 128 << 10;
constexpr std::size_t kStaticSharedLimit = 48 << 10;
constexpr std::size_t kSharedLimit = 64 << 10;  // with cudaFuncSetAttribute, compute capability 7.5

enum class State : std::uint8_t { ready, atBarrier, atWarp, done };

struct Place {
  const char* file = "";
  unsigned line = 0;
  bool operator==(const Place& other) const;
};

struct Fiber {
  boost::context::detail::fcontext_t context;
  uint3 thread;
  unsigned linear;
  unsigned lane;
  State state;
  Place place;  // of the barrier or warp operation at which it waits
  BarrierOp barrier;
  WarpOp op;
  unsigned mask, parameter, width;
  std::uint64_t value;        // contributed to the operation
  std::uint64_t result;       // received from it
  std::uint64_t steps;        // since the last barrier
  std::uint32_t seen[kWarp];  // accesses of each lane of its warp before this tick happened before its current action
};

struct Warp {
  std::uint32_t lanes;    // that exist
  std::uint32_t waiting;  // at a warp operation
};

struct SharedArray {
  const char* name;
  const char* file;
  unsigned line;
  std::uintptr_t begin, end;
  std::size_t elementBytes;
};

enum class Order { forward, reverse, shuffled };

class Machine {
public:
  void run(const Launch& launch);

  // Called from a fiber.
  int barrier(BarrierOp op, int predicate, const char* file, unsigned line);
  std::uint64_t meet(WarpOp op, unsigned mask, std::uint64_t value, unsigned parameter, unsigned width,
                     const char* file, unsigned line);
  void step(std::uint64_t count);
  void* sharedArray(const char* name, std::size_t bytes, std::size_t alignment, std::size_t elementBytes,
                    const char* file, unsigned line);
  void* dynamicShared(const char* name, std::size_t elementBytes);
  void fence();
  // Ends the block: the fibers are abandoned. Kernels own nothing, so nothing is lost.
  [[noreturn]] void die(Finding finding, const std::string& what, const Place& place);
  [[noreturn]] void die(Finding finding, const std::string& what, std::uintptr_t code);
  void report(Finding finding, const std::string& what, const std::string& where, const Fiber* who = nullptr);
  const Fiber& fiber(unsigned linear) const { return fibers_[linear]; }

  Fiber& self() { return *current_; }
  std::string launchPlace() const;
  std::string nameThread(unsigned linear) const;
  std::string nameBlock(std::uint64_t linear) const;
  std::uintptr_t stackLow(const Fiber& fiber) const { return stacks_ + fiber.linear * kStackBytes; }
  bool inStacks(std::uintptr_t address) const { return address - stacks_ < kMaxThreads * kStackBytes; }
  unsigned ownerOfStack(std::uintptr_t address) const { return unsigned((address - stacks_) / kStackBytes); }
  bool inShared(std::uintptr_t address) const;
  std::uintptr_t sharedBase() const;
  const SharedArray* sharedArrayAt(std::uintptr_t address, std::size_t bytes) const;
  const SharedArray* nearestShared(std::uintptr_t address) const;

  const Launch* launch = nullptr;
  Mode mode;
  uint3 block{};
  std::uint64_t blockLinear = 0;
  // The clock of happens-before: it ticks at each barrier, __syncwarp and fence; runs number the blocks, in all
  // launches and orders.
  std::uint32_t tick = 0, barrierTick = 0, run_ = 0, firstRun = 0;
  bool fenced = false;                    // this block has executed a fence
  std::vector<std::uint32_t> fenceTicks;  // of the blocks of this launch
  bool failed = false;
  Finding firstFinding{};  // of the launch that failed
  std::string firstText;

private:
  void reserve();
  void runGrid(Order order, std::uint64_t seed);
  void runBlock();
  void judgeStandstill();
  void push(Fiber* fiber) { queue_[tail_++ & (kMaxThreads * 2 - 1)] = fiber; }
  Fiber* pop() { return head_ == tail_ ? nullptr : queue_[head_++ & (kMaxThreads * 2 - 1)]; }
  void pushAll();
  void leave();
  [[noreturn]] void abandon();
  void resume(Fiber* next);
  void releaseBarrier();
  bool completeMeeting(Fiber& last);
  static void enter(boost::context::detail::transfer_t transfer);
  std::uint64_t random();

  std::uintptr_t stacks_ = 0;
  Fiber fibers_[kMaxThreads];
  Warp warps_[kMaxThreads / kWarp];
  unsigned threads_ = 0, done_ = 0, atBarrier_ = 0;
  Fiber* current_ = nullptr;
  boost::context::detail::fcontext_t host_ = nullptr;
  Fiber* queue_[kMaxThreads * 2];
  std::uint32_t head_ = 0, tail_ = 0;
  Order order_ = Order::forward;
  std::uint64_t random_ = 1;
  std::vector<std::uint16_t> permutation_;
  std::vector<SharedArray> arrays_;
  std::uintptr_t sharedTop_ = 0;
  std::size_t sharedBytes_ = 0;
};

Machine& machine();
// The machine while kernel code of a checked launch runs on this thread; null in host code, on other threads and in the
// emulator itself.
Machine* checkedMachine();
// Held by functions that kernels call: the emulator's own use of the standard library must not be mistaken for accesses
// of the kernel. (The linker keeps one copy of each template function, which may be an instrumented one.)
class Inside {
public:
  Inside();
  ~Inside();

private:
  Machine* const was_;
};
// Marks this thread as the one that runs the machine.
struct Running {
  explicit Running(Machine& machine);
  ~Running();
};
// An array index outside the bounds of its type: ends the block.
void outOfBounds(const char* file, unsigned line, const char* array, long long index);
// `fatal`: this CPU would trap.
void undefinedArithmetic(const char* file, unsigned line, const char* what, bool fatal);
void misalignedPointer(const char* file, unsigned line, const char* type, std::uintptr_t address,
                       std::size_t alignment);

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

}  // namespace ewald::emulator
