// Runs the prototype on the simulated lists of the driver, for comparison. Prints a line of JSON for each point of the
// grid, as `driver grid` does.
//
//   baseline MODE [--set protein] [--seed 1] [--images 200] [--spots 10,20] [--spurious 0,0.3] [--noise 1]
//
// MODE is a mode of the prototype: prune (the exhaustive search) or fx (its best). The prototype is not part of this
// project; its folder is given by -I.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <immintrin.h>

#include "simulate.h"

// The prototype defines its own dot, cross and norm.
#include <array>
#include <chrono>
#include <cstring>
namespace prototype {
#include "idx.hpp"
#include "preset.hpp"
}  // namespace prototype

static prototype::Cell converted(const UnitCell& u) {
  return {prototype::V3{u.a.x, u.a.y, u.a.z}, prototype::V3{u.b.x, u.b.y, u.b.z}, prototype::V3{u.c.x, u.c.y, u.c.z}};
}

static std::map<std::string, std::string> options = {
    {"set", "protein"}, {"seed", "1"}, {"images", "200"}, {"spots", "10,20,50,100,300"}, {"spurious", "0,0.3,0.5,0.7"},
    {"noise", "1"}};

static std::vector<double> numbers(const char* name) {
  std::vector<double> out;
  for (const char* p = options[name].c_str(); *p;) {
    char* end;
    out.push_back(strtod(p, &end));
    p = *end ? end + 1 : end;
  }
  return out;
}

int main(int argc, char** argv) {
  if (argc < 2) return fprintf(stderr, "baseline: say prune or fx\n"), 2;
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i] + 2] = argv[i + 1];
  const CellSet set = cell_set(options["set"]);
  const int images = atoi(options["images"].c_str());
  prototype::Indexer indexer;
  prototype::setup(indexer, argv[1]);
  for (const double noise : numbers("noise"))
    for (const double spurious : numbers("spurious"))
      for (const double n : numbers("spots")) {
        Stills stills(set, int(n), spurious, noise, strtoull(options["seed"].c_str(), nullptr, 10));
        int right = 0;
        double ms = 0;
        for (int image = 0; image < images; image++) {
          const Still still = stills.next();
          std::vector<prototype::V3> spots;
          for (const Vector& s : still.spots) spots.push_back({s.x, s.y, s.z});
          if (spots.empty()) continue;
          const double start = prototype::now_ms();
          const auto found = indexer.index(converted(set.cells[still.which]), spots);
          ms += prototype::now_ms() - start;
          right += !found.empty() && prototype::lattice_diff(found[0].c, converted(still.truth[0])) < 0.05;
        }
        printf("{\"noise_px\":%g,\"spurious\":%g,\"spots\":%g,\"images\":%d,\"right\":%d,\"ms\":%.4f}\n", noise,
               spurious, n, images, right, ms / images);
        fflush(stdout);
      }
}
