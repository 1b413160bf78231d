// One image: takes the spots in, looks for lattices, and writes the answer.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
namespace {

void write_cell(const Lattice& lattice, const RunPlan& plan, const SpotList& spots, Workspace& work, uint32_t crystal, ewald_indexed_cell& out) {
  const double radius = plan.cells[lattice.input_cell].acceptance;
  residuals2(lattice.cell, spots, work.residual2);
  double squares = 0;
  uint32_t indexed = 0;
  for (int i = 0; i < spots.n; i++)
    if (work.residual2[i] < radius * radius) squares += work.residual2[i], indexed++;
  const Vec3* row = lattice.cell.row;
  out = {float(row[0].x), float(row[0].y), float(row[0].z), float(row[1].x), float(row[1].y), float(row[1].z), float(row[2].x),
         float(row[2].y), float(row[2].z), float(lattice.merit), float(lattice.log10_chance > 0 ? 0 : lattice.log10_chance), indexed,
         uint32_t(lattice.input_cell), crystal, indexed ? float(__builtin_sqrt(squares / indexed)) : 0.0f, 0};
}

}  // namespace

void index_image(const RunPlan& plan, Workspace& work, const ImageTask& task) {
  const int most = int(plan.descriptor.max_output_cells);
  memset(task.found, 0, sizeof(ewald_indexed_cell) * size_t(most));
  if (task.assignment) memset(task.assignment, 0, task.n);
  ewald_image_result& result = *task.result;
  result = {0, 0, 0, 0};
  result.flags = take_spots(task.spots, task.n, int(plan.descriptor.max_spots), work, work.all);
  result.used_spots = uint32_t(work.all.n);
  if (work.all.n < 4) {
    result.flags |= EWALD_IMAGE_FLAG_TOO_FEW_SPOTS;
    return;
  }
  search_fast(plan, work.all, work);
  int written = 0;
  for (int i = 0; i < work.lattice_count && written < most; i++) {
    const bool accepted = i == 0 && work.lattices[i].log10_chance <= plan.params.accept_log10;
    if (accepted) result.crystals = 1;
    write_cell(work.lattices[i], plan, work.all, work, accepted ? 1 : 0, task.found[written++]);
  }
  result.cells = uint32_t(written);
}

}  // namespace ewald::EWALD_ISA
