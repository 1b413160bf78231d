// The fast method on one list of spots: sample, climb, turn, refine, judge; with more effort where the first answer does not convince.
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

struct Effort {
  int base;        // which vector is sampled, shortest first
  int directions;  // sampled directions that are taken on
  int candidates;  // candidate vectors whose rotation is searched
  int hits;        // cells that are refined
};

constexpr Effort efforts[] = {{0, 64, 12, 4}, {0, 256, 48, 12}, {1, 256, 48, 12}, {2, 256, 48, 12}};

// Larger merit first; of equals the one found first.
void insert(Workspace& work, const Lattice& lattice) {
  int at = work.lattice_count;
  while (at > 0 && work.lattices[at - 1].merit < lattice.merit) at--;
  if (at == work.lattice_capacity) return;
  const int last = work.lattice_count < work.lattice_capacity ? work.lattice_count : work.lattice_capacity - 1;
  for (int i = last; i > at; i--) work.lattices[i] = work.lattices[i - 1];
  work.lattices[at] = lattice;
  if (work.lattice_count < work.lattice_capacity) work.lattice_count++;
}

void remove(Workspace& work, int at) {
  for (int i = at + 1; i < work.lattice_count; i++) work.lattices[i - 1] = work.lattices[i];
  work.lattice_count--;
}

void search_with(const RunPlan& plan, int input, const Effort& effort, const SpotList& spots, Workspace& work) {
  const KnownCell& known = plan.cells[input];
  const BaseVector& base = known.base[effort.base];
  const int first = spots.n < sample_spots ? spots.n : sample_spots;
  const double edge = spots.length[first - 1];
  const double periods = base.length * edge / grid_step;
  double wish = plan.params.sample_points ? plan.params.sample_points : 2 * M_PI * periods * periods;
  if (wish < least_directions) wish = least_directions;
  if (wish > plan.tables.spiral_points) wish = plan.tables.spiral_points;
  const int points = int(wish) / 64 * 64;
  const int candidates = plan.descriptor.candidate_vectors ? int(plan.descriptor.candidate_vectors) : effort.candidates;
  count_directions_fast(plan.tables, points, base.length, spots, first, plan.params.dist1, work);
  const int picked = pick_directions(work.counts, points, first, effort.directions, work.picked);
  climb(plan.tables, points, work.picked, picked, base.length, spots, first, candidates, work);
  const int hits = search_rotation(plan, base, work.kept, spots, effort.hits, work);
  for (int i = 0; i < hits; i++) {
    const SearchHit& h = work.hits[i];
    const int c = h.candidate / 2;
    Vec3 u = unit(Vec3{work.kept.x[c], work.kept.y[c], work.kept.z[c]});
    if (h.candidate & 1) u = -1.0 * u;
    Lattice lattice{};
    lattice.cell = cell_of(base, u, work.angle_cos[h.step], work.angle_sin[h.step]);
    lattice.input_cell = input;
    lattice.log10_chance = 1;
    refine(plan, known, spots, false, lattice, work);
    insert(work, lattice);
  }
}

// The best lattice of the list is refined in full and judged.
void judge_best(const RunPlan& plan, const SpotList& spots, Workspace& work) {
  if (work.lattice_count == 0) return;
  Lattice& best = work.lattices[0];
  const KnownCell& known = plan.cells[best.input_cell];
  if (!best.judged) {
    best.log10_chance = log10_chance(plan, known, best, spots, work);
    best.judged = true;
    if (best.merit > 8) {
      Lattice strained = best;
      refine(plan, known, spots, true, strained, work);
      if (strained.strained && !strained.judged) {
        strained.log10_chance = log10_chance(plan, known, strained, spots, work);
        if (best.log10_chance < strained.log10_chance) strained.log10_chance = best.log10_chance;
        strained.judged = true;
        best = strained;
      }
    }
  }
}

}  // namespace

void search_fast(const RunPlan& plan, const SpotList& spots, Workspace& work) {
  work.lattice_count = 0;
  if (spots.n < 4) return;
  for (const Effort& effort : efforts) {
    for (int input = 0; input < plan.cell_count; input++) search_with(plan, input, effort, spots, work);
    judge_best(plan, spots, work);
    if (work.lattice_count > 0 && work.lattices[0].log10_chance <= plan.params.accept_log10 - 5) break;
  }
  (void)remove;
}

}  // namespace ewald::EWALD_ISA
