// The list of reports, and the way from a code address to file:line.
#pragma once
#include <cstdint>
#include <string>

#include "../mode.h"

namespace ewald::emulator {
void addReport(Report report);
// file:line of a return address, by addr2line if it is installed; else module+offset.
std::string placeOf(std::uintptr_t code);
}  // namespace ewald::emulator
