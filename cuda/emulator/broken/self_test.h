// The self-test on cards that get one mechanism wrong.
#pragma once
#include <string>
#include <vector>

namespace ewald::emulator::broken {

struct SelfTestOutcome {
  std::string broken;  // the mechanism; empty for a card that is right
  std::string faults;  // what the self-test says
};
std::vector<SelfTestOutcome> judgeSelfTest();

}  // namespace ewald::emulator::broken
