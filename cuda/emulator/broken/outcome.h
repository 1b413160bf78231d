// Runs one case: both kernels, under one mode.
#pragma once
#include <string>
#include <vector>

#include "cases.h"

namespace ewald::emulator::broken {

struct Outcome {
  std::string name;
  std::string expected;
  std::string wrong;   // empty: the broken one was detected, the correct one passed
  std::string report;  // the first report of the broken kernel
};
// All cases, checked, under this many thread orders; the correct kernels once more without checks.
std::vector<Outcome> judgeAll(unsigned orders);

}  // namespace ewald::emulator::broken
