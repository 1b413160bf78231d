// Every broken kernel must be detected with the right finding, and every correct counterpart must pass: under the
// forward order alone, and under four orders. usage: ewald_cuda_broken_test [-v]
#include <cstdio>
#include <cstring>

#include "outcome.h"

int main(int argc, char** argv) {
  const bool verbose = argc > 1 && !std::strcmp(argv[1], "-v");
  int wrong = 0, right = 0;
  for (const unsigned orders : {1u, 4u}) {
    for (const auto& outcome : ewald::emulator::broken::judgeAll(orders)) {
      if (outcome.wrong.empty())
        ++right;
      else
        ++wrong;
      if (!outcome.wrong.empty())
        std::printf("FAIL %s (%u orders): %s\n", outcome.name.c_str(), orders, outcome.wrong.c_str());
      else if (verbose && orders == 1)
        std::printf("%s\n  %s\n", outcome.name.c_str(), outcome.report.c_str());
    }
  }
  std::printf("%d right, %d wrong\n", right, wrong);
  return wrong != 0;
}
