// The record of a search: the result of each stage is copied to where the caller can read it. Only the first search of
// the first image of a run is recorded, and only for an indexer created with `debug`; otherwise `work.stages` is null.
#include "indexing/isa/stages.h"

namespace ewald::EWALD_ISA {
void record_sampling(Workspace& work, double length, int row, int spots, int directions) {
  if (!work.stages) return;
  ewald_stage_summary& s = work.stages->summary;
  s.length = float(length), s.row = uint32_t(row), s.spots = uint32_t(spots), s.directions = uint32_t(directions);
  memcpy(work.stages->counts, work.counts, sizeof(int32_t) * size_t(directions));
}

void record_pick(Workspace& work, int direction, float score) {
  if (work.stages) work.stages->picked[work.stages->summary.picked++] = {uint32_t(direction), score, 0, 0};
}

void record_vectors(Workspace& work, const CandidateList& list, bool scored) {
  if (!work.stages) return;
  work.stages->summary.vectors = uint32_t(list.n);
  for (int i = 0; i < list.n; i++)
    work.stages->vectors[i] = {list.x[i], list.y[i], list.z[i], scored ? list.merit[i] : 0};
}

void record_hit(Workspace& work, const Cell& cell, float score, int count, int angles) {
  if (!work.stages) return;
  ewald_stage_summary& s = work.stages->summary;
  s.angles = uint32_t(angles);
  work.stages->hits[s.hits++] = stage_cell(cell, score, count);
}

void record_cell(Workspace& work, const Lattice& lattice) {
  if (work.stages) work.stages->cells[work.stages->summary.cells++] = stage_cell(lattice.cell, float(lattice.score), 0);
}

void end_record(Workspace& work) { work.stages = nullptr; }

}  // namespace ewald::EWALD_ISA
