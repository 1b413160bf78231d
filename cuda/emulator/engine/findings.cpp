#include "findings.h"

#include <dlfcn.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <utility>

#include "machine.h"

namespace ewald::emulator {
namespace {
std::mutex mutex;
std::vector<Report> reports;
constexpr std::size_t kKept = 1000;  // a test that never reads them must not exhaust memory
std::map<std::uintptr_t, std::string> places;
}  // namespace

const char* nameOf(Finding finding) {
  static const char* const names[] = {"index out of range",
                                      "misaligned access",
                                      "access to foreign memory",
                                      "access to another thread's local memory",
                                      "read of uninitialised shared memory",
                                      "read of uninitialised device memory",
                                      "data race in shared memory",
                                      "data race in device memory",
                                      "divergent barrier",
                                      "divergent warp",
                                      "wrong lane mask",
                                      "hang",
                                      "too much shared memory",
                                      "guard words overwritten",
                                      "result depends on thread order",
                                      "undefined arithmetic"};
  return names[int(finding)];
}

void addReport(Report report) {
  const std::lock_guard lock(mutex);
  if (reports.size() < kKept) reports.push_back(std::move(report));
}

std::vector<Report> takeReports() {
  const std::lock_guard lock(mutex);
  return std::exchange(reports, {});
}

std::string placeOf(std::uintptr_t code) {
  const std::lock_guard lock(mutex);
  const auto known = places.find(code);
  if (known != places.end()) return known->second;
  Dl_info info{};
  std::string place = format("code %p", reinterpret_cast<void*>(code));
  if (dladdr(reinterpret_cast<void*>(code), &info) && info.dli_fname) {
    // One byte back: a return address may belong to the next line.
    const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    place = format("%s+0x%zx", info.dli_fname, std::size_t(code - 1 - base));
    const std::string path(info.dli_fname);
    if (path.find('\'') == std::string::npos) {
      // A position-dependent executable is already linked at its base; addr2line expects the linked address.
      for (const std::uintptr_t address : {code - 1 - base, code - 1}) {
        FILE* pipe =
            popen(format("addr2line -s -i -e '%s' 0x%zx 2>/dev/null", path.c_str(), std::size_t(address)).c_str(), "r");
        if (!pipe) break;
        // The innermost place first, then the ones it was inlined into.
        std::string found;
        char line[512];
        for (int depth = 0; fgets(line, sizeof line, pipe);) {
          std::string one(line);
          one.erase(one.find_last_not_of("\r\n") + 1);
          const std::size_t note = one.find(" (discriminator");
          if (note != std::string::npos) one.erase(note);
          if (one.empty() || one[0] == '?' || depth++ == 4) continue;
          found += (found.empty() ? "" : " called from ") + one;
        }
        pclose(pipe);
        if (!found.empty()) {
          place = found;
          break;
        }
      }
    }
  }
  return places.emplace(code, place).first->second;
}

}  // namespace ewald::emulator
