// The self-test on GPUs with one faulty mechanism.
#pragma once
#include <string>
#include <vector>

namespace ewald::emulator::broken {

struct SelfTestOutcome {
  std::string broken;  // the mechanism; empty for a correct GPU
  std::string faults;  // the report of the self-test
};
std::vector<SelfTestOutcome> judgeSelfTest();

}  // namespace ewald::emulator::broken
