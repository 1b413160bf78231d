#include "outcome.h"

namespace ewald::emulator::broken {
namespace {

std::string judge(const Case& c, unsigned orders, std::string& report) {
  // A short step limit: the kernels are small, and one of them hangs.
  setMode({.checked = true, .orders = orders, .seed = 7, .strictOrders = true, .stepLimit = 1 << 20});
  takeReports();
  const bool right = c.run(false);
  const auto quiet = takeReports();
  if (!quiet.empty()) return "the correct variant was reported: " + quiet[0].text;
  if (!right) return "the correct variant gave wrong numbers";

  c.run(true);
  cudaGetLastError();
  const auto reports = takeReports();
  if (reports.empty()) return "nothing was reported";
  report = reports[0].text;
  if (reports[0].finding != c.expected) return "the wrong finding was reported: " + report;
  if (!c.host && (reports[0].kernel.find("<true>") == std::string::npos || report.find(".cu:") == std::string::npos)) {
    return "the report does not name the kernel and the line: " + report;
  }

  setMode({});
  if (!c.run(false)) return "the correct variant gave wrong numbers without checks";
  return {};
}

}  // namespace

std::vector<Outcome> judgeAll(unsigned orders) {
  const Mode before = mode();
  std::vector<Outcome> outcomes;
  for (const auto& group : {memoryCases(), raceCases(), barrierCases(), warpCases(), hostCases()}) {
    for (const Case& c : group) {
      Outcome outcome{c.name, nameOf(c.expected), {}, {}};
      outcome.wrong = judge(c, orders, outcome.report);
      outcomes.push_back(outcome);
    }
  }
  setMode(before);
  return outcomes;
}

}  // namespace ewald::emulator::broken
