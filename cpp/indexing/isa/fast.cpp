// The fast method on one list of spots: sample, climb, turn, refine, judge; with more effort if the first answer is not
// convincing.
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {
namespace {

void insert(Workspace& work, const Lattice& lattice) {
  int at = work.lattice_count;
  while (at > 0 && better(lattice, work.lattices[at - 1])) at--;
  if (at == work.lattice_capacity) return;
  const int last = work.lattice_count < work.lattice_capacity ? work.lattice_count : work.lattice_capacity - 1;
  for (int i = last; i > at; i--) work.lattices[i] = work.lattices[i - 1];
  work.lattices[at] = lattice;
  if (work.lattice_count < work.lattice_capacity) work.lattice_count++;
}

Lattice take_out(Workspace& work, int at) {
  const Lattice lattice = work.lattices[at];
  for (int i = at + 1; i < work.lattice_count; i++) work.lattices[i - 1] = work.lattices[i];
  work.lattice_count--;
  return lattice;
}

// Samples and climbs: the candidate vectors of an effort into work.kept.
void find_vectors(const RunPlan& plan, int input, const Effort& effort, const SpotList& spots, Workspace& work) {
  const BaseVector& base = plan.cells[input].base[effort.base];
  const int first = spots.n < sample_spots ? spots.n : sample_spots;
  const double edge = spots.length[first - 1];
  const int points = directions_for(base.length, edge, plan.params.sample_points, plan.tables.spiral_points);
  const int candidates = plan.descriptor.candidate_vectors ? int(plan.descriptor.candidate_vectors) : effort.candidates;
  count_directions_fast(plan.tables, points, base.length, spots, first, plan.params.plane_distance, work);
  const int picked = pick_directions(work.counts, points, first, effort.directions, work.picked);
  record_sampling(work, base.length, base.row, first, points);
  for (int i = 0; i < picked && work.stages; i++) record_pick(work, work.picked[i], float(work.counts[work.picked[i]]));
  climb(plan.tables, points, work.picked, picked, base.length, spots, first, candidates,
        effort.free_scale ? scale_tolerance : length_tolerance, work);
  record_vectors(work, work.kept, true);
}

// Turns and refines: lattices of the first `most` candidates into work.lattices, at most `keep`.
void find_lattices(const RunPlan& plan, int input, const Effort& effort, int most, int keep, const SpotList& spots,
                   Workspace& work) {
  const KnownCell& known = plan.cells[input];
  const BaseVector& base = known.base[effort.base];
  CandidateList candidates = work.kept;
  if (candidates.n > most) candidates.n = most;
  const int hits = search_rotation(plan, base, candidates, spots, keep, effort.free_scale, work);
  for (int i = 0; i < hits; i++) {
    const SearchHit& h = work.hits[i];
    const Placed placed = place(base, work.kept, h.candidate, effort.free_scale);
    Lattice lattice{};
    lattice.cell = cell_of(placed.base, placed.frame, work.angle_cos[h.step], work.angle_sin[h.step]);
    lattice.scaled = effort.free_scale;
    lattice.input_cell = input;
    record_hit(work, lattice.cell, h.score, h.count, work.full_turn);
    refine(plan, known, spots, false, lattice);
    lattice.score = lattice.merit;
    record_cell(work, lattice);
    insert(work, lattice);
  }
}

}  // namespace

void judge(const RunPlan& plan, const SpotList& spots, bool may_strain, Lattice& lattice, Workspace& work) {
  const KnownCell& known = plan.cells[lattice.input_cell];
  if (plan.params.refinement >= EWALD_REFINEMENT_IFSS && may_strain) {
    // On request a free fit replaces ours, starting at the radius within which a spot counts as indexed.
    refine_classic(plan, known, spots, known.acceptance * known.shortest, lattice, work);
    lattice.merit = merit(lattice.cell, spots, known.acceptance);
    may_strain = false;
  }
  Chance chance = chance_of(plan, lattice, spots, work);
  if (may_strain && lattice.merit > strain_merit) {
    Lattice strained = lattice;
    refine(plan, known, spots, true, strained);
    if (strained.strained) {
      const Chance other = chance_of(plan, strained, spots, work);
      if (other.log10 < chance.log10) lattice = strained, chance = other;
    }
  }
  lattice.log10_chance = measured(plan, chance, lattice, spots, work);
  lattice.judged = true;
  lattice.score = lattice.merit;
}

namespace {

// Judges the best `most` lattices by merit, provided that they come close to the best of all.
void judge_best(const RunPlan& plan, const SpotList& spots, int most, Workspace& work) {
  double top = 0;
  for (int i = 0; i < work.lattice_count; i++) top = work.lattices[i].merit > top ? work.lattices[i].merit : top;
  for (int k = 0; k < most; k++) {
    int at = 0;
    while (at < work.lattice_count && work.lattices[at].judged) at++;
    if (at == work.lattice_count || (k > 0 && work.lattices[at].merit < rival_share * top)) break;
    Lattice lattice = take_out(work, at);
    judge(plan, spots, plan.params.refinement != EWALD_REFINEMENT_RAW, lattice, work);
    bool known_already = false;
    for (int i = 0; i < work.lattice_count && work.lattices[i].judged; i++)
      if (work.lattices[i].log10_chance <= lattice.log10_chance &&
          same_lattice(lattice.cell, work.lattices[i].cell, same_lattice_limit))
        known_already = true;
    if (!known_already) insert(work, lattice);
  }
}

// Searches the best candidates alone. Returns whether what they gave ends the search; if not, all candidates are
// searched as though this had not been done.
bool settled_at_a_glance(const RunPlan& plan, const Effort& effort, const SpotList& spots, Workspace& work) {
  find_lattices(plan, 0, effort, glance_candidates, glance_hits, spots, work);
  judge_best(plan, spots, 1, work);
  if (work.lattice_count > 0 && settles(work.lattices[0], plan.params.accept_log10, spots.n)) return true;
  work.lattice_count = 0;
  return false;
}

// Whether the best lattice of an effort ends the search. One that shares a plane of nodes with the true one can look
// very good too, but explains few spots. So a lattice ends the search only when it explains a good part of them; a
// light effort, which misses more, must explain more.
bool convinces(const RunPlan& plan, const Effort& effort, const SpotList& spots, const Workspace& work) {
  if (work.lattice_count == 0) return false;
  const Lattice& best = work.lattices[0];
  return best.log10_chance <= plan.params.accept_log10 - spare_decades && best.merit > effort.share * spots.n;
}

}  // namespace

void search_fast(const RunPlan& plan, const SpotList& spots, Workspace& work) {
  work.lattice_count = 0;
  if (spots.n < min_image_spots) return;
  // Where the Ewald sphere is flat, a vector near the beam has all spots on its plane 0 and carries no information, so
  // every vector is tried.
  double thickness;
  work.beam = thin_axis(spots, thickness);
  const bool flat = thickness * plan.cells[0].shortest < flat_thickness;
  const int first = plan.descriptor.method == EWALD_METHOD_TURBO ? turbo_effort : 0;
  // A glance needs a clear winner. Near a flat sphere the other candidates may be its rivals; of several known cells
  // another may explain more; and `debug` shows the stages of the whole effort.
  const bool may_glance =
      plan.cell_count == 1 && !plan.descriptor.debug && thickness * plan.cells[0].shortest >= glance_thickness;
  // A flat sphere takes every effort, so fewer would be in vain.
  const int efforts = int(plan.descriptor.efforts);
  if (flat && efforts > 0) {
    work.unsettled = true;
    return;
  }
  // A short list is cheap to search thoroughly, and has competing lattices that share most of the spots.
  const int start = first + (spots.n <= short_list);
  for (int e = start;; e++) {
    const Effort effort = effort_of(e);
    for (int input = 0; input < plan.cell_count; input++) {
      find_vectors(plan, input, effort, spots, work);
      if (e == first && may_glance && settled_at_a_glance(plan, effort, spots, work)) return;
      find_lattices(plan, input, effort, work.kept.n, effort.hits, spots, work);
      end_record(work);
    }
    judge_best(plan, spots, effort.judged, work);
    if (effort.last || (!flat && convinces(plan, effort, spots, work))) break;
    if (e + 1 - start == efforts) {
      work.unsettled = true;
      break;
    }
  }
}

}  // namespace ewald::EWALD_ISA
