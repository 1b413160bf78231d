// Fibers run one after the other, so the accesses of a warp come one lane at a time. Between two barriers the n-th access
// of a lane at a place of the code is paired with the n-th of the other lanes there. A warp's words of 4 bytes are served
// together, those of 8 by halves and of 16 by quarters; each time, different words of one bank wait for each other.
#include "banks.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "../mode.h"

namespace ewald::emulator {
namespace {

constexpr unsigned banks = 32, word = 4;

struct Noted {
  std::uintptr_t address, code;
  std::uint32_t bytes;
  bool writes;
};
std::vector<Noted> noted[kMaxThreads];
Banks total;

// The lanes of a warp that are served together.
void serve(const std::vector<std::uintptr_t>& addresses, std::uint32_t bytes) {
  std::vector<std::uintptr_t> units;
  for (const std::uintptr_t address : addresses)
    if (address != 0) units.push_back(address / bytes);
  if (units.empty()) return;
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  std::uint32_t met[banks] = {}, most = 0;
  for (const std::uintptr_t unit : units) most = std::max(most, ++met[unit % (banks * word / bytes)]);
  total.least++;
  total.met += most;
}

void countWarp(unsigned first) {
  // By place, size and occurrence: the address of each lane, or 0.
  std::map<std::pair<std::uintptr_t, std::uint32_t>, std::vector<std::vector<std::uintptr_t>>> places;
  for (unsigned lane = 0; lane < kWarp; lane++) {
    std::unordered_map<std::uintptr_t, std::size_t> before;
    for (const Noted& access : noted[first + lane]) {
      auto& rounds = places[{access.code, access.bytes}];
      const std::size_t round = before[access.code]++;
      if (rounds.size() <= round) rounds.resize(round + 1, std::vector<std::uintptr_t>(kWarp, 0));
      rounds[round][lane] = access.address;
    }
    noted[first + lane].clear();
  }
  for (const auto& [place, rounds] : places) {
    const std::uint32_t bytes = std::clamp<std::uint32_t>(place.second, word, 16), together = kWarp * word / bytes;
    for (const auto& lanes : rounds)
      for (unsigned begin = 0; begin < kWarp; begin += together)
        serve({lanes.begin() + begin, lanes.begin() + begin + together}, bytes);
  }
}

}  // namespace

void noteBanks(const Machine& machine, std::uintptr_t address, std::size_t bytes, bool writes, std::uintptr_t code) {
  auto& mine = noted[const_cast<Machine&>(machine).self().linear];
  // g++ takes numbers of two words apart, nvcc does not.
  if (!mine.empty() && bytes == word && mine.back().bytes == word && mine.back().writes == writes &&
      mine.back().address + word == address && mine.back().address % (2 * word) == 0) {
    mine.back().bytes = 2 * word;
    return;
  }
  mine.push_back({address, code, std::uint32_t(bytes), writes});
}

void countBanks() {
  for (unsigned first = 0; first < kMaxThreads; first += kWarp) countWarp(first);
}

Banks bankAccesses() { return total; }

}  // namespace ewald::emulator
