// One image of few spots: its lattices one after the other, each from the spots that the others leave, and what the
// image says about it: total odds, rivals, and the other hand where the sphere is flat.
#include <algorithm>
#include <string.h>

#include "generated/search.h"
#include "indexing/few.h"

namespace ewald::indexing::few {
namespace {

constexpr double ln_ten = 2.302585092994046;
// The spots that are finite, off the beam and within reach; of too many, the lowest-resolution ones.
uint32_t take_spots(const ImageTask& task, const ewald_few_params& params, Work& work) {
  const int most = params.max_spots < uint32_t(max_spots) ? int(params.max_spots) : max_spots;
  uint32_t flags = EWALD_IMAGE_FLAG_FEW;
  work.count = 0;
  for (uint32_t i = 0; i < task.spot_count; i++) {
    const Vec3 q{task.spots[3 * i], task.spots[3 * i + 1], task.spots[3 * i + 2]};
    const double square = dot(q, q);
    if (!(square < 1e30)) {
      flags |= EWALD_IMAGE_FLAG_NON_FINITE;
      continue;
    }
    if (square >= farthest_spot * farthest_spot) flags |= EWALD_IMAGE_FLAG_TOO_FAR;
    if (square <= 1e-12 || square >= farthest_spot * farthest_spot) continue;
    int at = work.count;
    if (at == most) {
      flags |= EWALD_IMAGE_FLAG_TRUNCATED;
      at--;
      if (work.spots[at].length <= root(square)) continue;
    } else
      work.count++;
    // Sorted by length while they come.
    for (; at > 0 && work.spots[at - 1].length > root(square); at--) work.spots[at] = work.spots[at - 1];
    Spot& spot = work.spots[at];
    spot.q = q;
    spot.length = root(square);
    spot.source = i;
  }
  for (int i = 0; i < work.count; i++) {
    Spot& spot = work.spots[i];
    spot.direction = (1 / spot.length) * spot.q;
    spot.scatter = scatter_of(spot.q, task.wavelength, params);
    double determinant;
    spot.precision = inverse(spot.scatter, determinant);
    spot.sigma = root(quadratic(spot.scatter, spot.direction));
  }
  if (work.count < least_spots) flags |= EWALD_IMAGE_FLAG_TOO_FEW_SPOTS;
  return flags;
}

// What the orientations found say together, in ln.
struct Verdict {
  double total, labels;     // of all; of those with the labels of the best
  double hand, other_hand;  // of these, of its hand and of the other
  const Orientation* mate;  // the best of the other hand
};

class Sum {
public:
  explicit Sum(double most) : most_(most) {}
  void add(double ln) { sum_ += exp(ln - most_); }
  double ln() const { return sum_ > 0 ? most_ + log(sum_) : -1e300; }

private:
  double most_, sum_ = 0;
};

// The found orientations are sorted, best first.
Verdict judge(const Lattice* lattices, const Work& work, bool flat) {
  const Orientation& best = work.found[0];
  Sum total(best.ln_odds), labels(best.ln_odds), hand(best.ln_odds), other(best.ln_odds);
  const Orientation* mate = nullptr;
  for (int f = 0; f < work.founds; f++) {
    const Orientation& one = work.found[f];
    total.add(one.ln_odds);
    const bool same = f == 0 || same_labels(lattices[best.cell], work, one, best, 1);
    const bool inverse = !same && flat && same_labels(lattices[best.cell], work, one, best, -1);
    if (same || inverse) labels.add(one.ln_odds);
    if (same) hand.add(one.ln_odds);
    if (!inverse) continue;
    other.add(one.ln_odds);
    if (mate == nullptr) mate = &one;
  }
  return {total.ln(), labels.ln(), hand.ln(), other.ln(), mate};
}

Cell cell_in_lab(const Lattice& lattice, const Pose& pose) {
  Cell cell;
  for (int i = 0; i < 3; i++) {
    cell.row[i] = {0, 0, 0};
    for (int j = 0; j < 3; j++)
      cell.row[i] = cell.row[i] + rint(dot(lattice.given.row[i], lattice.star.row[j])) * pose.direct.row[j];
  }
  return cell;
}

// Writes a lattice; `ln` are the odds of its labels, `ln_chance` those against chance.
void write(ewald_indexed_cell& out, const Lattice* lattices, const Work& work, const Orientation& one, double ln,
           double ln_chance) {
  const Cell cell = cell_in_lab(lattices[one.cell], one.pose);
  float* const numbers = &out.ax;
  for (int i = 0; i < 3; i++) {
    numbers[3 * i] = float(cell.row[i].x);
    numbers[3 * i + 1] = float(cell.row[i].y);
    numbers[3 * i + 2] = float(cell.row[i].z);
  }
  double squares = 0;
  for (int i = 0; i < work.count; i++) {
    const Vec3 off = work.spots[i].q - node_at(one.pose, one.label[i]);
    if (one.in[i]) squares += dot(off, off);
  }
  out.score = float(ln / ln_ten);
  out.log10_chance = float(-ln_chance / ln_ten);
  out.indexed_spots = uint32_t(one.inside);
  out.input_cell = uint32_t(one.cell);
  out.rms_residual = float(root(squares / one.inside));
  out.crystal = 0;
  out.rival_of = 0;
}

void add_rival(Work& work, const Lattice* lattices, const Orientation& one, double ln, uint32_t rival_of) {
  if (work.rival_count == max_rivals) return;
  ewald_indexed_cell& rival = work.rivals[work.rival_count++];
  write(rival, lattices, work, one, ln, ln);
  rival.rival_of = rival_of;
}

// The classes of other labels, each by its best orientation and the odds of all.
void add_rivals(Work& work, const Lattice* lattices, const Verdict& verdict, bool flat, uint32_t number) {
  const auto alike = [&](const Orientation& a, const Orientation& b) {
    return same_labels(lattices[a.cell], work, a, b, 1) || (flat && same_labels(lattices[a.cell], work, a, b, -1));
  };
  const auto is_first = [&](int f) {
    for (int before = 0; before < f; before++)
      if (alike(work.found[f], work.found[before])) return false;
    return true;
  };
  for (int f = 1; f < work.founds; f++) {
    if (!is_first(f)) continue;
    Sum sum(work.found[f].ln_odds);
    for (int g = f; g < work.founds; g++)
      if (g == f || alike(work.found[g], work.found[f])) sum.add(work.found[g].ln_odds);
    if (sum.ln() - verdict.total >= log(least_rival)) add_rival(work, lattices, work.found[f], sum.ln(), number);
  }
}

// The spots of a lattice become its own, and the others remain.
void take_away(Work& work, const Orientation& one, uint8_t* assignment, uint32_t number) {
  int left = 0;
  for (int i = 0; i < work.count; i++) {
    if (!one.in[i])
      work.spots[left++] = work.spots[i];
    else if (assignment)
      assignment[work.spots[i].source] = uint8_t(number);
  }
  work.count = left;
}

// The orientations of the spots that are left, best first.
void search_all(const Lattice* lattices, int cells, Work& work) {
  work.founds = 0;
  work.best = -1e300;
  if (work.count < least_spots) return;
  for (int c = 0; c < cells; c++) search(work, lattices[c], c);
  std::sort(work.found, work.found + work.founds,
            [](const Orientation& a, const Orientation& b) { return a.ln_odds > b.ln_odds; });
}

}  // namespace

void index_image(const Lattice* lattices, int cells, const ewald_few_params& params, Work& work,
                 const ImageTask& task) {
  const bool flat = task.wavelength < flat_wavelength;
  const uint32_t room = params.max_output_cells;
  memset(task.found, 0, sizeof(ewald_indexed_cell) * room);
  if (task.assignment) memset(task.assignment, 0, task.spot_count);
  *task.result = {0, 0, 0, take_spots(task, params, work)};
  task.result->used_spots = uint32_t(work.count);
  work.rival_count = 0;
  uint32_t number = 0;
  while (number < params.max_crystals && number < room) {
    search_all(lattices, cells, work);
    if (work.founds == 0) break;
    const Orientation& best = work.found[0];
    const Verdict verdict = judge(lattices, work, flat);
    ewald_indexed_cell& out = task.found[number];
    write(out, lattices, work, best, verdict.labels, verdict.total);
    if (verdict.total < -params.accept_log10 * ln_ten) break;
    out.crystal = ++number;
    if (verdict.hand - verdict.labels < log(decided)) {
      out.rival_of |= EWALD_RIVAL_FLAG_OTHER_HAND;
      add_rival(work, lattices, *verdict.mate, verdict.labels + verdict.other_hand - verdict.hand,
                EWALD_RIVAL_FLAG_OTHER_HAND | number);
    }
    if (verdict.labels - verdict.total < log(decided)) {
      out.rival_of |= number;
      add_rivals(work, lattices, verdict, flat, number);
    }
    take_away(work, best, task.assignment, number);
  }
  // What was not accepted is a candidate, unless others were.
  const uint32_t written = number == 0 && work.founds > 0 ? 1 : number;
  if (number > 0 && number < room) memset(task.found + number, 0, sizeof(ewald_indexed_cell));
  uint32_t rivals = number == 0 ? 0 : uint32_t(work.rival_count);
  if (rivals > room - written) rivals = room - written;
  memcpy(task.found + written, work.rivals, rivals * sizeof(ewald_indexed_cell));
  task.result->crystals = number;
  task.result->cells = written + rivals;
}

}  // namespace ewald::indexing::few
