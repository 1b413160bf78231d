// Judges one case: both twins, under one mode.
#pragma once
#include <string>
#include <vector>

#include "cases.h"

namespace ewald::emulator::broken {

struct Outcome {
  std::string name;
  std::string expected;
  std::string wrong;   // empty: the broken one was caught, the good one passed
  std::string report;  // the first one of the broken twin
};
// All of them, checked, under so many thread orders; the good twins once more without checks.
std::vector<Outcome> judgeAll(unsigned orders);

}  // namespace ewald::emulator::broken
