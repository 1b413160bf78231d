// Tests indexing on the GPU against the C++ core: both methods on lists with one lattice, with two, with none, with too
// many spots and with too few. Lattices are compared by meaning: each cell of one side must span the same lattice as
// one of the other.
#include "check.h"
#include "generated/ranges.h"

#include <cmath>
#include <cstring>
#include <random>

namespace ewald::check {
namespace {

struct Cell {
  double row[3][3];
};

Cell inverseTransposed(const Cell& c) {
  Cell r;
  double volume = 0;
  for (int i = 0; i < 3; ++i) {
    const double *a = c.row[(i + 1) % 3], *b = c.row[(i + 2) % 3];
    for (int k = 0; k < 3; ++k) r.row[i][k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
    if (i == 0) volume = c.row[0][0] * r.row[0][0] + c.row[0][1] * r.row[0][1] + c.row[0][2] * r.row[0][2];
  }
  for (auto& row : r.row)
    for (double& x : row) x /= volume;
  return r;
}

Cell turned(const Cell& c, std::mt19937& random) {
  std::normal_distribution<double> normal;
  double q[4], size = 0;
  for (double& x : q) size += (x = normal(random)) * x;
  for (double& x : q) x /= std::sqrt(size);
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const double m[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                          {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                          {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  Cell r;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) r.row[i][k] = m[k][0] * c.row[i][0] + m[k][1] * c.row[i][1] + m[k][2] * c.row[i][2];
  return r;
}

// `count` nodes of the cell near a sphere of 1/1.3 through the origin, with errors, mixed with `noise` random spots.
void addSpots(std::vector<float>& spots, const Cell& cell, int count, int noise, std::mt19937& random) {
  const Cell nodes = inverseTransposed(cell);
  std::uniform_int_distribution<int> index(-18, 18);
  std::normal_distribution<double> error(0, 2e-4);
  std::uniform_real_distribution<double> place(-0.35, 0.35);
  const double radius = 1 / 1.3;
  for (int tries = 0; count > 0 && tries < 4'000'000; ++tries) {
    const int h = index(random), k = index(random), l = index(random);
    double q[3], square = 0;
    for (int i = 0; i < 3; ++i)
      square += (q[i] = h * nodes.row[0][i] + k * nodes.row[1][i] + l * nodes.row[2][i]) * q[i];
    if (square == 0 || square > 0.35 * 0.35 || std::fabs(square + 2 * radius * q[2]) > 0.004) continue;
    for (const double x : q) spots.push_back(float(x + error(random)));
    --count;
  }
  for (; noise > 0; --noise) {
    const double x = place(random), y = place(random);
    for (const double v : {x, y, -(x * x + y * y) / (2 * radius)}) spots.push_back(float(v));
  }
}

bool sameLattice(const ewald_indexed_cell& a, const ewald_indexed_cell& b) {
  const float *x = &a.ax, *y = &b.ax;
  Cell first, second;
  for (int i = 0; i < 9; ++i) first.row[i / 3][i % 3] = x[i], second.row[i / 3][i % 3] = y[i];
  const Cell dual = inverseTransposed(second);
  double m[3][3];
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      double c = 0;
      for (int j = 0; j < 3; ++j) c += first.row[i][j] * dual.row[k][j];
      m[i][k] = std::nearbyint(c);
      if (std::fabs(c - m[i][k]) > 0.05) return false;
    }
  const double det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                     m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                     m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  return std::fabs(det) == 1;
}

struct Answer {
  std::vector<ewald_indexed_cell> found;
  std::vector<ewald_image_result> results;
  std::vector<uint8_t> assignment;
  std::string wrong;
};

struct Batch {
  std::vector<float> spots, cells;
  std::vector<uint32_t> offsets{0};
  ewald_indexer_descriptor descriptor{};
  ewald_indexer_params params{};
  uint32_t images() const { return uint32_t(offsets.size() - 1); }
  uint32_t cellCount() const { return uint32_t(cells.size() / 9); }
  Answer empty() const {
    return {std::vector<ewald_indexed_cell>(std::size_t(images()) * descriptor.max_output_cells),
            std::vector<ewald_image_result>(images()), std::vector<uint8_t>(offsets.back()), ""};
  }
};

Answer onCore(const Batch& batch) {
  Answer answer = batch.empty();
  ewald_indexer* indexer = nullptr;
  if (ewald_indexer_create(&batch.descriptor, &indexer) != EWALD_STATUS_OK ||
      ewald_indexer_run(indexer, &batch.params, batch.spots.data(), batch.offsets.data(), batch.images(),
                        batch.cells.data(), batch.cellCount(), answer.found.data(), answer.results.data(),
                        answer.assignment.data()) != EWALD_STATUS_OK)
    answer.wrong = std::string("the core says: ") + ewald_last_error();
  ewald_indexer_destroy(indexer);
  return answer;
}

Answer onCard(Report& report, const Batch& batch) {
  Answer answer = batch.empty();
  ewald_cuda_indexer* indexer = nullptr;
  if (ewald_cuda_indexer_create(report.context, &batch.descriptor, batch.offsets.back(), &indexer) != EWALD_STATUS_OK) {
    answer.wrong = ewald_cuda_last_error();
    return answer;
  }
  if (ewald_cuda_indexer_run(indexer, &batch.params, batch.spots.data(), batch.offsets.data(), batch.images(),
                             batch.cells.data(), batch.cellCount(), answer.found.data(), answer.results.data(),
                             answer.assignment.data()) != EWALD_STATUS_OK)
    answer.wrong = ewald_cuda_last_error();
  ewald_cuda_indexer_destroy(indexer);
  return answer;
}

// The differences, in words; empty if nothing differs.
std::string difference(const Batch& batch, const Answer& found, const Answer& expected) {
  for (uint32_t i = 0; i < batch.images(); ++i) {
    const ewald_image_result &mine = found.results[i], &theirs = expected.results[i];
    const std::string image = "image " + std::to_string(i) + ": ";
    if (mine.crystals != theirs.crystals)
      return image + std::to_string(mine.crystals) + " lattices, expected " + std::to_string(theirs.crystals);
    if (mine.used_spots != theirs.used_spots || mine.flags != theirs.flags) return image + "other spots or flags";
    for (uint32_t k = 0; k < theirs.crystals; ++k) {
      bool there = false;
      const std::size_t first = std::size_t(i) * batch.descriptor.max_output_cells;
      for (uint32_t j = 0; j < mine.crystals; ++j)
        there |= sameLattice(found.found[first + j], expected.found[first + k]);
      if (!there) return image + "lattice " + std::to_string(k + 1) + " is another one";
    }
  }
  return "";
}

void compare(Report& report, const Batch& batch, const std::string& name, uint32_t atLeast) {
  const Answer expected = onCore(batch), found = onCard(report, batch), again = onCard(report, batch);
  if (!expected.wrong.empty() || !found.wrong.empty()) return report.add(name, expected.wrong + found.wrong);
  uint32_t lattices = 0;
  for (const auto& result : expected.results) lattices += result.crystals;
  report.add(name + ", lattices to compare", lattices < atLeast ? "the core finds " + std::to_string(lattices) : "");
  report.add(name, difference(batch, found, expected));
  const bool same = !std::memcmp(found.found.data(), again.found.data(), found.found.size() * sizeof found.found[0]) &&
                    found.assignment == again.assignment;
  report.add(name + ", twice the same bytes", same ? "" : "the bytes differ");
}

}  // namespace

void indexing(Report& report) {
  const Cell mono = {{{52.4, 0, 0}, {0, 61.3, 0}, {-17.08, 0, 72.82}}}, ortho = {{{38, 0, 0}, {0, 47, 0}, {0, 0, 59}}};
  const int each = report.quick ? 1 : 8;
  for (const uint32_t method : {EWALD_METHOD_FAST, EWALD_METHOD_EXHAUSTIVE}) {
    std::mt19937 random(2024);
    Batch batch;
    for (const Cell& cell : {mono, ortho})
      for (const auto& row : cell.row)
        for (const double x : row) batch.cells.push_back(float(x));
    const auto image = [&](int first, int second, int noise) {
      if (first)
        addSpots(batch.spots, turned(mono, random), first, noise, random);
      else
        addSpots(batch.spots, mono, 0, noise, random);
      if (second) addSpots(batch.spots, turned(ortho, random), second, 0, random);
      batch.offsets.push_back(uint32_t(batch.spots.size() / 3));
    };
    for (int i = 0; i < each; ++i) {
      image(60, 0, 0);
      image(25, 0, 10);
      image(150, 120, 20);
      image(300, 0, 100);
      image(0, 0, report.quick ? 12 : 100);
      image(0, 0, 3);
      image(0, 0, 0);
    }
    batch.descriptor = ewald::indexing::default_indexer_descriptor;
    batch.descriptor.max_input_cells = 2, batch.descriptor.max_output_cells = 8;
    batch.descriptor.batch = batch.images(), batch.descriptor.method = method, batch.descriptor.threads = 1;
    const bool fast = method == EWALD_METHOD_FAST;
    batch.params = ewald::indexing::default_indexer_params;
    // A small grid is enough for a sanitizer.
    if (report.quick) batch.params.sample_points = 4096;
    batch.params.max_crystals = 3;
    if (!fast) {
      batch.params.refinement = EWALD_REFINEMENT_IFSSR;
      batch.params.max_distance = float(ewald::indexing::default_max_distance_ifssr);
    }
    compare(report, batch, fast ? "the fast method" : "the exhaustive method", uint32_t(4 * each));
  }
}

}  // namespace ewald::check
