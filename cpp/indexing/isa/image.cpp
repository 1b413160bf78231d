// Processes one image: reads the spots, searches for lattices, and writes the answer.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

void write_cell(const Lattice& lattice, const RunPlan& plan, uint32_t crystal, Workspace& work,
                ewald_indexed_cell& out, uint32_t rival_of = 0) {
  const double radius = plan.cells[lattice.input_cell].acceptance;
  double squares;
  const uint32_t indexed = uint32_t(spots_within(lattice.cell, work.all, radius, &squares));
  out = indexed_cell(lattice, crystal, indexed, squares, rival_of);
}

// The lattice of every spot of the caller, including unused spots.
void write_assignment(const RunPlan& plan, int accepted, const ImageTask& task, Workspace& work) {
  if (accepted == 0) return;
  assign_spots(plan, accepted, work);
  for (int i = 0; i < work.all.n; i++) task.assignment[work.all.source[i]] = work.owner[i];
  if (work.all.n == int(task.n)) return;
  for (uint32_t i = 0; i < task.n; i++) {
    const Vec3 s{task.spots[3 * size_t(i)], task.spots[3 * size_t(i) + 1], task.spots[3 * size_t(i) + 2]};
    if (task.assignment[i] != 0 || !(dot(s, s) <= farthest_spot * farthest_spot)) continue;
    double nearest = 1;
    for (int k = 0; k < accepted; k++) {
      const Lattice& lattice = work.accepted[k];
      const double off = off_node(lattice.cell, plan.cells[lattice.input_cell].acceptance, s);
      if (off < nearest) nearest = off, task.assignment[i] = uint8_t(k + 1);
    }
  }
}

// Writes the accepted lattices and the rivals of their names; returns the number of cells.
int write_accepted(const RunPlan& plan, int accepted, const ImageTask& task, Workspace& work) {
  const int room = int(plan.descriptor.max_output_cells);
  int written = 0;
  for (; written < accepted; written++) {
    const uint32_t crystal = uint32_t(written) + 1;
    const bool undecided = work.undecided >> written & 1;
    write_cell(work.accepted[written], plan, crystal, work, task.found[written], undecided ? crystal : 0);
  }
  for (int i = 0; i < work.rival_count && written < room; i++) {
    const Rival& rival = work.rivals[i];
    Lattice lattice{};
    lattice.cell = rival.cell, lattice.input_cell = rival.input_cell;
    lattice.score = merit(rival.cell, work.all, plan.cells[rival.input_cell].acceptance);
    write_cell(lattice, plan, 0, work, task.found[written++], rival.crystal);
  }
  return written;
}

// Names the axes of lattices that were found elsewhere. What need not be changed keeps every bit.
void name_image(const RunPlan& plan, Workspace& work, const ImageTask& task) {
  ewald_image_result& result = *task.result;
  const int accepted = int(result.crystals), room = int(plan.descriptor.max_output_cells);
  if (accepted < 1 || accepted > room || accepted > 8 * int(sizeof work.undecided) || int(result.cells) < accepted) return;
  take_spots(task.spots, task.n, int(plan.descriptor.max_spots), work, work.all);
  double thickness;
  work.beam = thin_axis(work.all, thickness);
  for (int k = 0; k < accepted; k++) {
    const ewald_indexed_cell& from = task.found[k];
    if (from.input_cell >= uint32_t(plan.cell_count)) return;
    Lattice& lattice = work.accepted[k];
    lattice = Lattice{};
    lattice.cell = {{{from.ax, from.ay, from.az}, {from.bx, from.by, from.bz}, {from.cx, from.cy, from.cz}}};
    lattice.input_cell = int(from.input_cell);
    lattice.score = double(from.score), lattice.log10_chance = double(from.log10_chance);
    lattice.judged = true;
  }
  name_lattices(plan, accepted, work);
  if (!work.renamed && work.undecided == 0) return;
  // The candidates of the search move behind the rivals.
  int candidates = int(result.cells) - accepted, rivals = work.rival_count;
  if (rivals > room - accepted) rivals = room - accepted;
  if (candidates > room - accepted - rivals) candidates = room - accepted - rivals;
  memmove(task.found + accepted + rivals, task.found + accepted, sizeof(ewald_indexed_cell) * size_t(candidates));
  result.cells = uint32_t(write_accepted(plan, accepted, task, work) + candidates);
  if (task.assignment == nullptr || !work.renamed) return;
  memset(task.assignment, 0, task.n);
  write_assignment(plan, accepted, task, work);
}

}  // namespace

void index_image(const RunPlan& plan, Workspace& work, const ImageTask& task) {
  if (task.given) return name_image(plan, work, task);
  const int room = int(plan.descriptor.max_output_cells);
  memset(task.found, 0, sizeof(ewald_indexed_cell) * size_t(room));
  if (task.assignment && task.n) memset(task.assignment, 0, task.n);
  ewald_image_result& result = *task.result;
  result = {0, 0, 0, 0};
  result.flags = take_spots(task.spots, task.n, int(plan.descriptor.max_spots), work, work.all);
  result.used_spots = uint32_t(work.all.n);
  if (work.all.n < min_image_spots) {
    result.flags |= EWALD_IMAGE_FLAG_TOO_FEW_SPOTS;
    return;
  }
  work.stages = task.stages;
  work.unsettled = false;
  const int accepted = accept_lattices(plan, work);
  result.crystals = uint32_t(accepted);
  if (work.unsettled) result.flags |= EWALD_IMAGE_FLAG_UNSETTLED;
  name_lattices(plan, accepted, work);
  int written = write_accepted(plan, accepted, task, work);
  for (int i = 0; i < work.lattice_count && written < room; i++) {
    const Lattice& candidate = work.candidates[i];
    bool again = false;
    for (int k = 0; k < accepted && !again; k++)
      again = same_lattice(candidate.cell, work.accepted[k].cell, same_lattice_limit);
    if (!again) write_cell(candidate, plan, 0, work, task.found[written++]);
  }
  result.cells = uint32_t(written);
  if (task.assignment) write_assignment(plan, accepted, task, work);
}

}  // namespace ewald::EWALD_ISA
