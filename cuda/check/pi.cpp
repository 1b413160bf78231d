// Tests pi on the GPU against pi in the C++ core: ranges that start and end anywhere in a block of four points, up to
// the end of the 64-bit range, and sizes around those where the grid grows.
#include "check.h"

#include <thread>

namespace ewald::check {
namespace {

ewald_pi_params params(std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint64_t points) {
  return {
      std::uint32_t(seed),   std::uint32_t(seed >> 32),  stream, 1, std::uint32_t(first), std::uint32_t(first >> 32),
      std::uint32_t(points), std::uint32_t(points >> 32)};
}

void compare(Report& report, const ewald_pi_params& p, const std::string& name) {
  std::uint64_t found = 0, expected = 0;
  if (ewald_pi_count(&p, &expected) != EWALD_STATUS_OK)
    return report.add(name, std::string("the core says: ") + ewald_last_error());
  if (ewald_cuda_pi_count(report.context, &p, &found) != EWALD_STATUS_OK)
    return report.add(name, ewald_cuda_last_error());
  report.equal(name, found, expected);
}

std::string nameOf(std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint64_t points) {
  return "seed " + std::to_string(seed) + ", stream " + std::to_string(stream) + ", " + std::to_string(points) +
         " points from " + std::to_string(first);
}

void refused(Report& report) {
  std::uint64_t hits = 0;
  const ewald_pi_params beyond = params(1, 0, ~std::uint64_t(0), 2);
  report.equal("a range beyond 2^64 - 1 is refused", std::uint64_t(ewald_cuda_pi_count(report.context, &beyond, &hits)),
               EWALD_STATUS_INVALID_ARGUMENT);
}

// Two contexts of one device, each used by a separate thread.
void sideBySide(Report& report) {
  ewald_cuda_device_info info;
  if (ewald_cuda_info(report.context, &info) != EWALD_STATUS_OK)
    return report.add("two contexts side by side", ewald_cuda_last_error());
  const std::uint64_t points = report.quick ? 10'000 : 30'000'000;
  std::uint64_t found[2] = {0, 0};
  std::string wrong[2];
  std::thread threads[2];
  for (int i = 0; i < 2; ++i) {
    threads[i] = std::thread([&, i] {
      ewald_cuda_context* context = nullptr;
      const ewald_pi_params p = params(7, std::uint32_t(i), 1, points);
      if (ewald_cuda_open(info.index, &context) != EWALD_STATUS_OK ||
          ewald_cuda_pi_count(context, &p, &found[i]) != EWALD_STATUS_OK) {
        wrong[i] = ewald_cuda_last_error();
      }
      ewald_cuda_close(context);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 2; ++i) {
    const ewald_pi_params p = params(7, std::uint32_t(i), 1, points);
    std::uint64_t expected = 0;
    ewald_pi_count(&p, &expected);
    const std::string name = "two contexts side by side, number " + std::to_string(i);
    if (!wrong[i].empty())
      report.add(name, wrong[i]);
    else
      report.equal(name, found[i], expected);
  }
}

}  // namespace

void pi(Report& report) {
  std::vector<std::uint64_t> sizes = {0,   1,   2,    3,    4,    5,    7,      8,      31,     127,
                                      128, 129, 1023, 1024, 1025, 1027, 65'535, 65'537, 100'003};
  if (!report.quick) sizes.insert(sizes.end(), {1'000'000, 1'048'577, 16'777'216, 123'456'789});
  for (const std::uint64_t points : sizes) {
    for (const std::uint64_t first : {0ull, 1ull, 2ull, 3ull, (1ull << 32) - 5, ~0ull - points}) {
      compare(report, params(0x9e3779b97f4a7c15, 3, first, points), nameOf(0x9e3779b97f4a7c15, 3, first, points));
    }
  }
  for (const std::uint64_t seed : {0ull, 1ull, ~0ull}) {
    for (const std::uint32_t stream : {0u, 1u, ~0u})
      compare(report, params(seed, stream, 5, 4099), nameOf(seed, stream, 5, 4099));
  }
  refused(report);
  sideBySide(report);
}

}  // namespace ewald::check
