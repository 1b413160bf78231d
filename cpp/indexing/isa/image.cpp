// Processes one image: reads the spots, searches for lattices, and writes the answer.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

void write_cell(const Lattice& lattice, const RunPlan& plan, uint32_t crystal, Workspace& work,
                ewald_indexed_cell& out) {
  const double radius = plan.cells[lattice.input_cell].acceptance;
  double squares;
  const uint32_t indexed = uint32_t(spots_within(lattice.cell, work.all, radius, &squares));
  out = indexed_cell(lattice, crystal, indexed, squares);
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

}  // namespace

void index_image(const RunPlan& plan, Workspace& work, const ImageTask& task) {
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
  int written = 0;
  for (; written < accepted; written++)
    write_cell(work.accepted[written], plan, uint32_t(written) + 1, work, task.found[written]);
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
