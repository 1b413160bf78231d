// Fibers, the run queue, barriers, shared arrays. A switch is a jump of Boost.Context: no system call.
#include "machine.h"

#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "banks.h"
#include "findings.h"
#include "shadow.h"

namespace ewald::emulator {
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace {
constexpr std::size_t kSharedArena = 256 << 10;
constexpr std::size_t kSharedGap = 64;
alignas(4096) unsigned char sharedArena[kSharedArena];
thread_local Machine* checked __attribute__((tls_model("initial-exec"))) = nullptr;
thread_local Machine* running __attribute__((tls_model("initial-exec"))) = nullptr;

const char* nameOf(BarrierOp op) {
  switch (op) {
    case BarrierOp::plain:
      return "__syncthreads";
    case BarrierOp::count:
      return "__syncthreads_count";
    case BarrierOp::all:
      return "__syncthreads_and";
    default:
      return "__syncthreads_or";
  }
}
std::string text(const Place& place) {
  const char* const slash = std::strrchr(place.file, '/');
  return format("%s:%u", slash ? slash + 1 : place.file, place.line);
}
}  // namespace

std::string format(const char* pattern, ...) {
  char buffer[1024];
  va_list list;
  va_start(list, pattern);
  vsnprintf(buffer, sizeof buffer, pattern, list);
  va_end(list);
  return buffer;
}

bool Place::operator==(const Place& other) const {
  return line == other.line && (file == other.file || !std::strcmp(file, other.file));
}

Machine& machine() {
  static Machine* const one = new Machine;  // never destroyed: fibers may outlive main
  return *one;
}
Machine* checkedMachine() { return checked; }
Inside::Inside() : was_(checked) { checked = nullptr; }
Inside::~Inside() { checked = was_; }
Running::Running(Machine& machine) { running = &machine; }
Running::~Running() { running = checked = nullptr; }

void undefinedArithmetic(const char* file, unsigned line, const char* what, bool fatal) {
  const Inside inside;
  if (running && (fatal || running->mode.checked)) running->die(Finding::undefinedArithmetic, what, Place{file, line});
}

void misalignedPointer(const char* file, unsigned line, const char* type, std::uintptr_t address,
                       std::size_t alignment) {
  const Inside inside;
  const std::string what =
      format("address %#zx is not a multiple of %zu, which %s requires", std::size_t(address), alignment, type);
  if (running) running->die(Finding::misaligned, what, Place{file, line});
  addReport({Finding::misaligned, "", "misaligned pointer in host code, at " + text({file, line}) + ": " + what});
}

void outOfSpan(std::size_t index, std::size_t size) {
  const Inside inside;
  if (running)
    running->die(Finding::outOfRange, format("element %zu of a span of %zu", index, size),
                 reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
}

void outOfBounds(const char* file, unsigned line, const char* array, long long index) {
  const Inside inside;
  const std::string what = format("index %lld of an array %s", index, array);
  if (running) running->die(Finding::outOfRange, what, Place{file, line});
  addReport({Finding::outOfRange, "", "index out of range in host code, at " + text({file, line}) + ": " + what});
}

void Machine::reserve() {
  if (stacks_) return;
  void* region = mmap(nullptr, kMaxThreads * kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) throw std::bad_alloc();
  stacks_ = reinterpret_cast<std::uintptr_t>(region);
}

// ---- running ----

void Machine::run(const Launch& what) {
  reserve();
  launch = &what;
  threads_ = what.block.x * what.block.y * what.block.z;
  for (unsigned i = 0; i < threads_; ++i) {
    Fiber& fiber = fibers_[i];
    fiber.linear = i;
    fiber.lane = i % kWarp;
    fiber.thread = {i % what.block.x, i / what.block.x % what.block.y, i / (what.block.x * what.block.y)};
  }
  for (unsigned w = 0; w * kWarp < threads_; ++w) {
    const unsigned lanes = threads_ - w * kWarp;
    warps_[w].lanes = lanes >= kWarp ? 0xffffffffu : (1u << lanes) - 1;
  }
  failed = false;
  firstText.clear();
  if (mode.checked) {
    runOrders(*this, [&](unsigned index) {
      runGrid(index == 0 ? Order::forward : index == 1 ? Order::reverse : Order::shuffled, mode.seed + index);
    });
  } else {
    runGrid(Order::forward, 1);
  }
  launch = nullptr;
}

void Machine::runGrid(Order order, std::uint64_t seed) {
  order_ = order;
  random_ = seed * 0x9e3779b97f4a7c15u + 1;
  tick = barrierTick = 0;
  firstRun = run_ + 1;
  const dim3 grid = launch->grid;
  const std::uint64_t blocks = std::uint64_t(grid.x) * grid.y * grid.z;
  if (mode.checked) fenceTicks.assign(blocks, 0);
  for (unsigned i = 0; i < threads_; ++i) {
    // The tops of stacks are spread over the sets of the cache: stacks a power of two apart would all use the same
    // sets.
    const std::uintptr_t top = stacks_ + (i + 1) * kStackBytes - 1024 - (i % 61) * 64;
    fibers_[i].context = make_fcontext(reinterpret_cast<void*>(top), top - stackLow(fibers_[i]), &Machine::enter);
  }
  for (std::uint64_t b = 0; b < blocks && !failed; ++b) {
    blockLinear = order == Order::reverse ? blocks - 1 - b : b;
    block = {unsigned(blockLinear % grid.x), unsigned(blockLinear / grid.x % grid.y),
             unsigned(blockLinear / grid.x / grid.y)};
    runBlock();
  }
}

void Machine::runBlock() {
  ++run_;
  ++tick;
  barrierTick = tick;
  fenced = false;
  done_ = atBarrier_ = 0;
  head_ = tail_ = 0;
  arrays_.clear();
  sharedTop_ = sharedBase() + kSharedGap;
  sharedBytes_ = 0;
  for (unsigned w = 0; w * kWarp < threads_; ++w) warps_[w].waiting = 0;
  for (unsigned i = 0; i < threads_; ++i) {
    fibers_[i].state = State::ready;
    fibers_[i].steps = 0;
    if (mode.checked) std::memset(fibers_[i].seen, 0, sizeof fibers_[i].seen);
  }
  pushAll();
  resume(pop());  // returns when nothing can run
  if (mode.banks) countBanks();
  if (mode.checked) judgeUninitialised(*this);
  if (!failed && done_ != threads_) judgeStandstill();
}

void Machine::pushAll() {
  if (order_ == Order::shuffled) {
    permutation_.resize(threads_);
    for (unsigned i = 0; i < threads_; ++i) permutation_[i] = std::uint16_t(i);
    for (unsigned i = threads_ - 1; i > 0; --i) std::swap(permutation_[i], permutation_[random() % (i + 1)]);
    for (unsigned i = 0; i < threads_; ++i) push(&fibers_[permutation_[i]]);
  } else if (order_ == Order::reverse) {
    for (unsigned i = threads_; i-- > 0;) push(&fibers_[i]);
  } else {
    for (unsigned i = 0; i < threads_; ++i) push(&fibers_[i]);
  }
}

std::uint64_t Machine::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ >> 11;
}

// ---- switching ----

// After a switch the resumed side stores the state of the side that was left: a fiber, or the host (null).
static void arrived(transfer_t transfer, boost::context::detail::fcontext_t& host) {
  if (transfer.data)
    static_cast<Fiber*>(transfer.data)->context = transfer.fctx;
  else
    host = transfer.fctx;
}

void Machine::enter(transfer_t transfer) {
  Machine& m = machine();
  arrived(transfer, m.host_);
  for (;;) {
    if (m.mode.checked) checked = &m;
    m.launch->invoke(*m.launch);
    checked = nullptr;
    m.current_->state = State::done;
    ++m.done_;
    m.leave();
  }
}

void Machine::resume(Fiber* next) {
  Fiber* const from = current_;
  current_ = next;
  arrived(jump_fcontext(next->context, from), host_);
}

void Machine::leave() {
  if (Fiber* next = pop()) {
    if (next != current_) resume(next);
    return;
  }
  Fiber* const from = current_;
  current_ = nullptr;
  arrived(jump_fcontext(host_, from), host_);
}

void Machine::step(std::uint64_t count) {
  Fiber& fiber = *current_;
  const std::uint64_t before = fiber.steps;
  fiber.steps += count;
  if (fiber.steps > mode.stepLimit)
    die(Finding::hang,
        format("reached neither a barrier nor its end after %llu memory accesses",
               static_cast<unsigned long long>(fiber.steps)),
        Place{});
  // A thread that spins on memory waits for another one, so the others run now and then, as on a GPU.
  if ((before ^ fiber.steps) >> 12) {
    push(&fiber);
    leave();
  }
}

// ---- barriers ----

int Machine::barrier(BarrierOp op, int predicate, const char* file, unsigned line) {
  Fiber& fiber = *current_;
  fiber.state = State::atBarrier;
  fiber.barrier = op;
  fiber.value = predicate != 0;
  fiber.place = {file, line};
  if (++atBarrier_ == threads_) releaseBarrier();
  leave();
  return int(fiber.result);
}

void Machine::releaseBarrier() {
  const Fiber& first = fibers_[0];
  std::uint64_t count = 0;
  for (unsigned i = 0; i < threads_; ++i) {
    const Fiber& fiber = fibers_[i];
    if (fiber.barrier != first.barrier || !(fiber.place == first.place)) {
      die(Finding::divergentBarrier,
          format("thread %s waits at %s (%s) while thread %s waits at %s (%s): a barrier must be the same one for the "
                 "whole block",
                 nameThread(0).c_str(), nameOf(first.barrier), text(first.place).c_str(), nameThread(i).c_str(),
                 nameOf(fiber.barrier), text(fiber.place).c_str()),
          first.place);
    }
    count += fiber.value;
  }
  std::uint64_t result = 0;
  switch (first.barrier) {
    case BarrierOp::plain:
      break;
    case BarrierOp::count:
      result = count;
      break;
    case BarrierOp::all:
      result = count == threads_;
      break;
    case BarrierOp::any:
      result = count != 0;
      break;
  }
  for (unsigned i = 0; i < threads_; ++i) {
    fibers_[i].result = result;
    fibers_[i].state = State::ready;
    fibers_[i].steps = 0;
  }
  if (mode.banks) countBanks();
  atBarrier_ = 0;
  barrierTick = ++tick;
  pushAll();
}

void Machine::fence() {
  if (!mode.checked) return;
  fenced = true;
  fenceTicks[run_ - firstRun] = ++tick;
}

// ---- warps ----

std::uint64_t Machine::meet(WarpOp op, unsigned mask, std::uint64_t value, unsigned parameter, unsigned width,
                            const char* file, unsigned line) {
  Fiber& fiber = *current_;
  Warp& warp = warps_[fiber.linear / kWarp];
  fiber.place = {file, line};
  if (!(mask >> fiber.lane & 1)) {
    die(Finding::wrongMask, format("lane %u calls with mask 0x%08x, which does not name it", fiber.lane, mask),
        fiber.place);
  }
  if (mask & ~warp.lanes) {
    die(Finding::wrongMask,
        format("mask 0x%08x names lanes 0x%08x, which a block of %u threads does not have", mask, mask & ~warp.lanes,
               threads_),
        fiber.place);
  }
  if (width == 0 || width > kWarp || (width & (width - 1))) {
    die(Finding::wrongMask, format("width %u is not a power of two up to 32", width), fiber.place);
  }
  fiber.state = State::atWarp;
  fiber.op = op;
  fiber.mask = mask;
  fiber.value = value;
  fiber.parameter = parameter;
  fiber.width = width;
  warp.waiting |= 1u << fiber.lane;
  if ((warp.waiting & mask) == mask) completeMeeting(fiber);
  leave();
  return fiber.result;
}

bool Machine::completeMeeting(Fiber& last) {
  Warp& warp = warps_[last.linear / kWarp];
  Fiber* const lanes = &fibers_[last.linear - last.lane];
  const unsigned mask = last.mask;
  for (unsigned rest = mask; rest; rest &= rest - 1) {
    const Fiber& fiber = lanes[__builtin_ctz(rest)];
    if (fiber.op != last.op || fiber.mask != mask || !(fiber.place == last.place)) return false;
  }
  std::uint64_t ballot = 0;
  if (last.op >= WarpOp::ballot) {
    for (unsigned rest = mask; rest; rest &= rest - 1) {
      const unsigned lane = unsigned(__builtin_ctz(rest));
      if (lanes[lane].value) ballot |= std::uint64_t(1) << lane;
    }
  }
  for (unsigned rest = mask; rest; rest &= rest - 1) {
    const unsigned lane = unsigned(__builtin_ctz(rest));
    Fiber& fiber = lanes[lane];
    const unsigned inGroup = lane & (fiber.width - 1);
    const unsigned group = lane - inGroup;
    unsigned source = lane;
    switch (fiber.op) {
      case WarpOp::index:
        source = group | (fiber.parameter & (fiber.width - 1));
        break;
      case WarpOp::up:
        source = fiber.parameter > inGroup ? lane : lane - fiber.parameter;
        break;
      case WarpOp::down:
        source = std::uint64_t(inGroup) + fiber.parameter >= fiber.width ? lane : lane + fiber.parameter;
        break;
      case WarpOp::exchange:
        source = lane ^ fiber.parameter;
        if (source >= group + fiber.width) source = lane;
        break;
      case WarpOp::ballot:
        fiber.result = ballot;
        continue;
      case WarpOp::any:
        fiber.result = ballot != 0;
        continue;
      case WarpOp::all:
        fiber.result = ballot == mask;
        continue;
      case WarpOp::matchAny: {
        fiber.result = 0;
        for (unsigned other = mask; other; other &= other - 1) {
          const unsigned peer = unsigned(__builtin_ctz(other));
          if (lanes[peer].value == fiber.value) fiber.result |= 1u << peer;
        }
        continue;
      }
      case WarpOp::sync:
        fiber.result = 0;
        continue;
    }
    if (source >= kWarp || !(mask >> source & 1)) {
      die(Finding::wrongMask, format("lane %u reads lane %u, which mask 0x%08x does not name", lane, source, mask),
          fiber.place);
    }
    fiber.result = lanes[source].value;
  }
  // According to the programming guide only __syncwarp orders memory; shuffles and votes do not.
  if (last.op == WarpOp::sync && mode.checked) {
    ++tick;
    std::uint32_t known[kWarp] = {};
    for (unsigned rest = mask; rest; rest &= rest - 1) {
      const Fiber& fiber = lanes[__builtin_ctz(rest)];
      for (unsigned k = 0; k < kWarp; ++k)
        if (fiber.seen[k] > known[k]) known[k] = fiber.seen[k];
    }
    for (unsigned rest = mask; rest; rest &= rest - 1) known[__builtin_ctz(rest)] = tick;
    for (unsigned rest = mask; rest; rest &= rest - 1)
      std::memcpy(lanes[__builtin_ctz(rest)].seen, known, sizeof known);
  }
  warp.waiting &= ~mask;
  unsigned released[kWarp], count = 0;
  for (unsigned rest = mask; rest; rest &= rest - 1) {
    const unsigned lane = unsigned(__builtin_ctz(rest));
    lanes[lane].state = State::ready;
    released[count++] = lane;
  }
  if (order_ == Order::shuffled)
    for (unsigned i = count - 1; i > 0; --i) std::swap(released[i], released[random() % (i + 1)]);
  for (unsigned i = 0; i < count; ++i) push(&lanes[released[order_ == Order::reverse ? count - 1 - i : i]]);
  return true;
}

// Nothing can run and the block is not done. Warps are checked first: a thread that waits for its warp is the reason
// why others wait at a barrier.
void Machine::judgeStandstill() {
  const auto whereabouts = [&](const Fiber& fiber) {
    switch (fiber.state) {
      case State::done:
        return std::string("has returned");
      case State::atBarrier:
        return format("waits at %s (%s)", nameOf(fiber.barrier), text(fiber.place).c_str());
      case State::atWarp:
        return format("waits with mask 0x%08x at %s", fiber.mask, text(fiber.place).c_str());
      default:
        return std::string("runs");
    }
  };
  for (unsigned i = 0; i < threads_; ++i) {
    const Fiber& fiber = fibers_[i];
    if (fiber.state != State::atWarp) continue;
    current_ = &fibers_[i];
    const Fiber* const lanes = &fibers_[i - fiber.lane];
    for (unsigned rest = fiber.mask; rest; rest &= rest - 1) {
      const unsigned lane = unsigned(__builtin_ctz(rest));
      const Fiber& other = lanes[lane];
      if (other.state == State::atWarp && other.place == fiber.place && other.op == fiber.op &&
          other.mask == fiber.mask)
        continue;
      const bool sameLine = other.state == State::atWarp && other.place == fiber.place && other.op == fiber.op;
      report(sameLine ? Finding::wrongMask : Finding::divergentWarp,
             format("lane %u waits with mask 0x%08x for lane %u, which %s", fiber.lane, fiber.mask, lane,
                    whereabouts(other).c_str()),
             text(fiber.place));
      current_ = nullptr;
      failed = true;
      return;
    }
  }
  for (unsigned i = 0; i < threads_; ++i) {
    if (fibers_[i].state != State::atBarrier) continue;
    unsigned other = 0;
    while (fibers_[other].state == State::atBarrier) ++other;
    current_ = &fibers_[i];
    report(Finding::divergentBarrier,
           format("%u of %u threads wait at %s; thread %s %s", atBarrier_, threads_, nameOf(fibers_[i].barrier),
                  nameThread(other).c_str(), whereabouts(fibers_[other]).c_str()),
           text(fibers_[i].place));
    current_ = nullptr;
    failed = true;
    return;
  }
}

// ---- shared memory ----

std::uintptr_t Machine::sharedBase() const { return reinterpret_cast<std::uintptr_t>(sharedArena); }
bool Machine::inShared(std::uintptr_t address) const { return address - sharedBase() < kSharedArena; }

void* Machine::sharedArray(const char* name, std::size_t bytes, std::size_t alignment, std::size_t elementBytes,
                           const char* file, unsigned line) {
  for (const SharedArray& array : arrays_) {
    if (array.line == line && (array.name == name || !std::strcmp(array.name, name)) &&
        !std::strcmp(array.file, file) && array.end - array.begin == bytes) {
      return reinterpret_cast<void*>(array.begin);
    }
  }
  if (sharedBytes_ + bytes + launch->dynamicBytes > kSharedLimit ||
      (launch->dynamicBytes == 0 && sharedBytes_ + bytes > kStaticSharedLimit)) {
    die(Finding::sharedMemoryTooLarge,
        format("shared '%s' brings the block to %zu bytes of shared memory", name,
               sharedBytes_ + bytes + launch->dynamicBytes),
        Place{file, line});
  }
  const std::uintptr_t mask = (alignment < 16 ? 16 : alignment) - 1;
  const std::uintptr_t begin = (sharedTop_ + mask) & ~mask;
  if (begin + bytes + kSharedGap > sharedBase() + kSharedArena)
    die(Finding::sharedMemoryTooLarge, "too many shared arrays", Place{file, line});
  sharedTop_ = begin + bytes + kSharedGap;
  sharedBytes_ += bytes;
  arrays_.push_back({name, file, line, begin, begin + bytes, elementBytes});
  std::memset(reinterpret_cast<void*>(begin), 0xff, bytes);  // the content is arbitrary on a GPU; this is NaN and -1
  return reinterpret_cast<void*>(begin);
}

void* Machine::dynamicShared(const char* name, std::size_t elementBytes) {
  for (const SharedArray& array : arrays_)
    if (!array.file) return reinterpret_cast<void*>(array.begin);
  const std::uintptr_t begin = (sharedTop_ + 15) & ~std::uintptr_t(15);
  sharedTop_ = begin + launch->dynamicBytes + kSharedGap;
  arrays_.push_back({name, nullptr, 0, begin, begin + launch->dynamicBytes, elementBytes});
  std::memset(reinterpret_cast<void*>(begin), 0xff, launch->dynamicBytes);
  return reinterpret_cast<void*>(begin);
}

const SharedArray* Machine::sharedArrayAt(std::uintptr_t address, std::size_t bytes) const {
  for (const SharedArray& array : arrays_)
    if (address >= array.begin && address + bytes <= array.end) return &array;
  return nullptr;
}
const SharedArray* Machine::nearestShared(std::uintptr_t address) const {
  const SharedArray* nearest = nullptr;
  for (const SharedArray& array : arrays_)
    if (array.begin <= address && (!nearest || array.begin > nearest->begin)) nearest = &array;
  return nearest ? nearest : arrays_.empty() ? nullptr : &arrays_.front();
}

// ---- reports ----

std::string Machine::launchPlace() const { return text({launch->file, launch->line}); }
std::string Machine::nameThread(unsigned linear) const {
  const uint3 t = fibers_[linear].thread;
  return format("(%u,%u,%u)", t.x, t.y, t.z);
}
std::string Machine::nameBlock(std::uint64_t linear) const {
  const dim3 g = launch->grid;
  return format("(%u,%u,%u)", unsigned(linear % g.x), unsigned(linear / g.x % g.y), unsigned(linear / g.x / g.y));
}

void Machine::report(Finding finding, const std::string& what, const std::string& where, const Fiber* reported) {
  static const char* const orders[] = {"forward", "reverse", "shuffled"};
  if (!reported) reported = current_;
  const std::string who =
      reported ? ", block " + nameBlock(blockLinear) + ", thread " + nameThread(reported->linear) : std::string();
  const std::string text = format("%s in kernel %s%s, at %s (%s order): ", ewald::emulator::nameOf(finding),
                                  launch->kernel, who.c_str(), where.c_str(), orders[int(order_)]) +
                           what;
  if (firstText.empty()) {
    firstFinding = finding;
    firstText = text;
  }
  addReport({finding, launch->kernel, text});
}

void Machine::abandon() {
  failed = true;
  Fiber* const from = current_;
  current_ = nullptr;
  jump_fcontext(host_, from);
  __builtin_unreachable();
}

void Machine::die(Finding finding, const std::string& what, const Place& place) {
  if (mode.checked) judgeUninitialised(*this);
  report(finding, what, place.line ? text(place) : launchPlace());
  abandon();
}

void Machine::die(Finding finding, const std::string& what, std::uintptr_t code) {
  if (mode.checked) judgeUninitialised(*this);
  if (mode.checked) judgeUninitialised(*this);
  report(finding, what, placeOf(code));
  abandon();
}

// ---- what kernels call ----

uint3 currentThread() { return machine().self().thread; }
uint3 currentBlock() { return machine().block; }
uint3 currentBlockSize() { return machine().launch->block; }
uint3 currentGridSize() { return machine().launch->grid; }
int barrier(BarrierOp op, int predicate, const char* file, unsigned line) {
  const Inside inside;
  return machine().barrier(op, predicate, file, line);
}
void fence() {
  const Inside inside;
  machine().fence();
}
std::uint64_t warpMeeting(WarpOp op, unsigned mask, std::uint64_t value, unsigned parameter, unsigned width,
                          const char* file, unsigned line) {
  const Inside inside;
  return machine().meet(op, mask, value, parameter, width, file, line);
}
unsigned onlyThisLane() { return 1u << machine().self().lane; }
void* sharedArray(const char* name, std::size_t bytes, std::size_t alignment, std::size_t elementBytes,
                  const char* file, unsigned line) {
  const Inside inside;
  return machine().sharedArray(name, bytes, alignment, elementBytes, file, line);
}
void* dynamicShared(const char* name, std::size_t elementBytes) {
  const Inside inside;
  return machine().dynamicShared(name, elementBytes);
}

}  // namespace ewald::emulator
