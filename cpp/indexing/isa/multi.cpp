// Several lattices in one image: the best is accepted, its spots are set aside, and the search continues on the
// remaining spots.
//
// A further lattice is judged only by the remaining spots, so spots of a lattice already found cannot support it, as
// they would a twin or a sublattice. At the end each spot goes to the nearest lattice, and each lattice is refined once
// more on its own spots.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

// Refines the first `accepted` lattices on their own spots.
void refine_on_own_spots(const RunPlan& plan, int accepted, Workspace& work) {
  assign_spots(plan, accepted, work);
  for (int k = 0; k < accepted; k++) {
    // take_rest takes spots without an owner, so it receives a map in which only this lattice's spots have no owner.
    uint8_t* others = reinterpret_cast<uint8_t*>(work.keys);
    for (int i = 0; i < work.all.n; i++) others[i] = work.owner[i] != k + 1;
    take_rest(work.all, others, work.rest);
    if (work.rest.n < min_own_spots) continue;
    Lattice& lattice = work.accepted[k];
    const KnownCell& known = plan.cells[lattice.input_cell];
    Lattice refined = lattice;
    refine(plan, known, work.rest, lattice.strained, refined);
    const double before = merit(lattice.cell, work.rest, known.acceptance);
    if (refined.merit > before) lattice.cell = refined.cell;
  }
}

}  // namespace

void assign_spots(const RunPlan& plan, int accepted, Workspace& work) {
  const int n = work.all.n;
  float* nearest = work.scaled;  // free between searches
  for (int i = 0; i < n; i++) nearest[i] = 1, work.owner[i] = 0;
  for (int k = 0; k < accepted; k++) {
    const double radius = plan.cells[work.accepted[k].input_cell].acceptance;
    const float scale = float(1 / (radius * radius));
    residuals2(work.accepted[k].cell, work.all, work.residual2);
    for (int i = 0; i < n; i++) {
      const float off = work.residual2[i] * scale;
      if (off < nearest[i]) nearest[i] = off, work.owner[i] = uint8_t(k + 1);
    }
  }
}

int accept_lattices(const RunPlan& plan, Workspace& work) {
  search(plan, work.all, work);
  const int first_count = work.lattice_count;
  memcpy(work.candidates, work.lattices, sizeof(Lattice) * size_t(first_count));
  int accepted = 0;
  if (first_count > 0 && work.lattices[0].judged && work.lattices[0].log10_chance <= plan.params.accept_log10)
    work.accepted[accepted++] = work.lattices[0];
  const int wanted = int(plan.params.max_crystals);
  // A search may also find a fragment of an already accepted lattice: its spots are set aside too, and the search
  // continues.
  int slivers = 0;
  uint8_t* aside = work.owner;
  while (accepted > 0 && accepted < wanted && slivers < max_slivers) {
    if (slivers == 0) assign_spots(plan, accepted, work);
    take_rest(work.all, aside, work.rest);
    if (work.rest.n < min_image_spots) break;
    search(plan, work.rest, work);
    if (work.lattice_count == 0) break;
    const Lattice& next = work.lattices[0];
    if (!next.judged || next.log10_chance > plan.params.accept_log10) break;
    bool again = false;
    for (int k = 0; k < accepted && !again; k++) again = same_lattice(next.cell, work.accepted[k].cell, sliver_lattice);
    if (again) {
      slivers++;
      const double radius = plan.cells[next.input_cell].acceptance;
      residuals2(next.cell, work.all, work.residual2);
      for (int i = 0; i < work.all.n; i++)
        if (work.residual2[i] < radius * radius) aside[i] = 255;
    } else {
      slivers = 0;
      work.accepted[accepted++] = next;
    }
  }
  if (accepted > 1 && plan.params.refinement != EWALD_REFINEMENT_RAW) refine_on_own_spots(plan, accepted, work);
  work.lattice_count = first_count;
  return accepted;
}

}  // namespace ewald::EWALD_ISA
