// Every broken kernel is caught with the right finding, under each of the thread orders alone and all together; every good twin passes.
// usage: broken_test [-v]
#include <cstdio>
#include <cstring>

#include "cases.h"

using namespace ewald::emulator;
using namespace ewald::emulator::broken;

int main(int argc, char** argv) {
  const bool verbose = argc > 1 && !std::strcmp(argv[1], "-v");
  int wrong = 0, caught = 0, passed = 0;
  const auto complain = [&](const Case& c, const char* what, const std::string& detail) {
    ++wrong;
    std::printf("FAIL %s: %s%s%s\n", c.name.c_str(), what, detail.empty() ? "" : "\n     ", detail.c_str());
  };
  for (const auto& group : {memoryCases(), raceCases(), barrierCases(), warpCases()}) {
    for (const Case& c : group) {
      for (const unsigned orders : {1u, 4u}) {
        setMode({.checked = true, .orders = orders, .seed = 7, .strictOrders = true, .stepLimit = 1 << 22});
        takeReports();
        const bool right = c.run(false);
        const auto quiet = takeReports();
        if (!quiet.empty()) complain(c, "the good twin was reported", quiet[0].text);
        else if (!right) complain(c, "the good twin gave wrong numbers", "");
        else ++passed;

        cudaGetLastError();
        c.run(true);
        const auto reports = takeReports();
        if (reports.empty()) {
          complain(c, "nothing was reported", "");
        } else if (reports[0].finding != c.expected) {
          complain(c, "the wrong finding was reported", reports[0].text);
        } else if (reports[0].kernel.find("<true>") == std::string::npos || reports[0].text.find(".cu:") == std::string::npos) {
          complain(c, "the report does not name the kernel and the line", reports[0].text);
        } else {
          ++caught;
          if (verbose && orders == 1) std::printf("%s\n  %s\n", c.name.c_str(), reports[0].text.c_str());
        }
      }
      // Without checks the good twin must still be right; what is broken may do anything but is not run.
      setMode({});
      if (!c.run(false)) complain(c, "the good twin gave wrong numbers without checks", "");
    }
  }
  std::printf("%d broken runs caught, %d good runs passed, %d wrong\n", caught, passed, wrong);
  return wrong != 0;
}
