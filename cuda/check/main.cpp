// ewald_cuda_check: compares the CUDA rooms with the C++ core through both C ABIs, in one native program, so that
// compute-sanitizer and debuggers see kernels without a JavaScript engine. Prints one JSON document. Exit codes: 0 all
// checks passed, 1 a check failed, 2 wrong usage, 3 no device.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "check.h"

#ifdef EWALD_CUDA_EMULATED
// The emulator has separate broken kernels, and no compute-sanitizer.
namespace ewald::check {
const std::vector<std::string>& plantedTools() {
  static const std::vector<std::string> none;
  return none;
}
std::string runPlanted(const std::string&) { return {}; }
}  // namespace ewald::check
#endif

namespace {

using ewald::check::Report;

// For a new room add its file, its line in check.h, and its line here.
constexpr struct {
  const char* name;
  void (*run)(Report&);
} rooms[] = {
    {"pi", ewald::check::pi},
    {"indexing", ewald::check::indexing},
    {"fft", ewald::check::fft},
    {"peaks", ewald::check::peaks},
    {"udf", ewald::check::udf},
    {"data", ewald::check::data},
};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return result + '"';
}

int usage() {
  std::fprintf(
      stderr,
      "usage: ewald_cuda_check [--device N] [--quick] [ROOM...]\n       ewald_cuda_check --planted TOOL\nrooms:");
  for (const auto& room : rooms) std::fprintf(stderr, " %s", room.name);
  std::fprintf(stderr, "\nplanted mistakes:");
  for (const auto& tool : ewald::check::plantedTools()) std::fprintf(stderr, " %s", tool.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

int noDevice(const std::string& why) {
  std::printf("{\"device\":null,\"why\":%s}\n", quoted(why).c_str());
  return 3;
}

// Opens and closes; memory held afterwards is a leak.
void openings(Report& report, int device) {
  report.room = "context";
  for (int i = 0; i < 10; ++i) {
    ewald_cuda_context* context = nullptr;
    const int32_t opened = ewald_cuda_open(device, &context);
    const int32_t closed = opened == EWALD_STATUS_OK ? ewald_cuda_close(context) : opened;
    if (closed != EWALD_STATUS_OK) return report.add("opens and closes", ewald_cuda_last_error());
  }
  report.add("opens and closes", "");
}

int check(int device, bool quick, const std::vector<std::string>& wanted) {
  int32_t devices = 0, driver = 0, runtime = 0;
  if (ewald_cuda_probe(&devices, &driver, &runtime) != EWALD_STATUS_OK || devices == 0)
    return noDevice(ewald_cuda_last_error());
  ewald_cuda_context* context = nullptr;
  if (ewald_cuda_open(device, &context) != EWALD_STATUS_OK) return noDevice(ewald_cuda_last_error());
  ewald_cuda_device_info info = {};
  ewald_cuda_info(context, &info);

  Report report(context, quick);
  const uint64_t before = ewald_cuda_live_bytes(context);
  for (const auto& room : rooms) {
    bool mine = wanted.empty();
    for (const auto& name : wanted) mine |= name == room.name;
    if (!mine) continue;
    report.room = room.name;
    room.run(report);
    report.equal("device bytes held afterwards", ewald_cuda_live_bytes(context), before);
  }
  openings(report, device);
  ewald_cuda_close(context);

  int failed = 0;
  std::printf(
      "{\"device\":{\"name\":%s,\"computeCapability\":\"%d.%d\",\"driverVersion\":%d,\"runtimeVersion\":%d},\"core\":%"
      "s,\"failures\":[",
      quoted(info.name).c_str(), info.compute_major, info.compute_minor, info.driver_version, info.runtime_version,
      quoted(ewald_instruction_set()).c_str());
  for (const auto& result : report.results) {
    if (result.why.empty()) continue;
    std::printf("%s{\"room\":%s,\"name\":%s,\"why\":%s}", failed++ ? "," : "", quoted(result.room).c_str(),
                quoted(result.name).c_str(), quoted(result.why).c_str());
  }
  std::printf("],\"passed\":%zu,\"failed\":%d}\n", report.results.size() - std::size_t(failed), failed);
  return failed != 0;
}

int planted(const char* tool) {
  for (const auto& name : ewald::check::plantedTools()) {
    if (name != tool) continue;
    std::printf("{\"planted\":%s,\"answer\":%s}\n", quoted(name).c_str(),
                quoted(ewald::check::runPlanted(name)).c_str());
    return 0;
  }
  return usage();
}

}  // namespace

int main(int argc, char** argv) {
  int device = 0;
  bool quick = false;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--quick"))
      quick = true;
    else if (!std::strcmp(argv[i], "--planted") && i + 1 < argc)
      return planted(argv[++i]);
    else if (!std::strcmp(argv[i], "--device") && i + 1 < argc)
      device = std::atoi(argv[++i]);
    else {
      bool known = false;
      for (const auto& room : rooms) known |= !std::strcmp(argv[i], room.name);
      if (!known) return usage();
      wanted.push_back(argv[i]);
    }
  }
  return check(device, quick, wanted);
}
