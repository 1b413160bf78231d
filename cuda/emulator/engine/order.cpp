// Vector clocks: a stream knows of every stream up to which piece of its work its next one comes behind. An event keeps
// what its stream knew; whoever waits for it knows that too. The host is one, whichever thread waits.
#include "order.h"

#include <algorithm>
#include <map>
#include <string>

#include "findings.h"
#include "machine.h"

namespace ewald::emulator {
namespace {

using Clock = std::map<std::uintptr_t, std::uint64_t>;
struct Uses {
  std::uintptr_t writer = 0;
  std::uint64_t written = 0;
  std::string wrote;
  Clock read;
};
std::map<std::uintptr_t, Clock> streams, events;
Clock host;
std::map<std::uintptr_t, Uses> memory;
std::map<std::uintptr_t, bool> ofKernel;  // allocations that it used, and whether it wrote them

void learn(Clock& clock, const Clock& other) {
  for (const auto& [stream, tick] : other) clock[stream] = std::max(clock[stream], tick);
}

void report(const char* what, const std::string& before) {
  addReport({Finding::globalRace, what,
             format("%s uses memory that %s in another stream, and no event and no wait of the host lies between", what,
                    before.c_str())});
}

}  // namespace

void orderedUse(std::uintptr_t stream, std::uintptr_t allocation, bool writes, const char* what) {
  Clock& clock = streams[stream];
  learn(clock, host);
  const std::uint64_t now = ++clock[stream];
  Uses& uses = memory[allocation];
  const auto isBehind = [&](std::uintptr_t other, std::uint64_t tick) {
    const auto known = clock.find(other);
    return tick == 0 || (known != clock.end() && known->second >= tick);
  };
  if (!isBehind(uses.writer, uses.written)) report(what, uses.wrote + " writes");
  if (!writes) {
    uses.read[stream] = now;
    return;
  }
  for (const auto& [other, tick] : uses.read)
    if (!isBehind(other, tick)) report(what, "others read");
  uses.writer = stream;
  uses.written = now;
  uses.wrote = what;
  uses.read.clear();
}

void noteUse(std::uintptr_t allocation, bool writes) { ofKernel[allocation] |= writes; }

void endOfKernel(std::uintptr_t stream, const char* kernel) {
  for (const auto& [allocation, writes] : ofKernel) orderedUse(stream, allocation, writes, kernel);
  ofKernel.clear();
}

void eventRecorded(std::uintptr_t event, std::uintptr_t stream) { events[event] = streams[stream]; }
void streamWaits(std::uintptr_t stream, std::uintptr_t event) { learn(streams[stream], events[event]); }
void hostWaitedForEvent(std::uintptr_t event) { learn(host, events[event]); }
void hostWaitedForStream(std::uintptr_t stream) { learn(host, streams[stream]); }
void forgetUses(std::uintptr_t allocation) { memory.erase(allocation); }

}  // namespace ewald::emulator
