// Tools for the rooms' checks: a report that stores every comparison, with both values if they differ.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ewald.h"
#include "ewald_cuda.h"

namespace ewald::check {

struct Result {
  std::string room, name;
  std::string why;  // empty: right
};

class Report {
public:
  Report(ewald_cuda_context* context, bool quick) : context(context), quick(quick) {}

  void equal(const std::string& name, std::uint64_t found, std::uint64_t expected) {
    add(name, found == expected ? "" : "found " + std::to_string(found) + ", expected " + std::to_string(expected));
  }
  void add(const std::string& name, const std::string& why) { results.push_back({room, name, why}); }

  ewald_cuda_context* const context;
  const bool quick;  // small sizes: a sanitizer makes every access some hundred times slower
  std::string room;
  std::vector<Result> results;
};

// One function per room, in a file of that name; main.cpp lists them.
void pi(Report& report);
void indexing(Report& report);
void fft(Report& report);
void peaks(Report& report);
void udf(Report& report);
void data(Report& report);

// planted.cu: kernels with one mistake each, which the compute-sanitizer tool of that name has to find.
const std::vector<std::string>& plantedTools();
// Runs the kernel for a tool; the text is CUDA's answer, if any.
std::string runPlanted(const std::string& tool);

}  // namespace ewald::check
