// The C functions of the indexer: check the arguments, lay out the memory of a handle, and distribute the images of a
// batch to the threads. isa/image.cpp processes a single image.
#include "common/arena.h"
#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"
#include "generated/ranges.h"
#include "indexing/check.h"
#include "indexing/plan.h"
#include "indexing/tables.h"

#include <new>
#include <string.h>

namespace {

using ewald::Arena;
using namespace ewald::indexing;

IndexImage index_image_for(ewald::Isa isa) {
  switch (isa) {
#if defined(__wasm_simd128__)
    case ewald::Isa::simd128:
      return ewald::simd128::index_image;
#elif defined(__x86_64__)
    case ewald::Isa::avx512:
      return ewald::avx512::index_image;
    case ewald::Isa::avx2:
      return ewald::avx2::index_image;
    case ewald::Isa::sse2:
      return ewald::sse2::index_image;
#else
    case ewald::Isa::neon:
      return ewald::neon::index_image;
#endif
    default:
      return nullptr;
  }
}

struct Sizes {
  int spots, points, angles, candidates, outputs, directions;
};

void lay_out(Arena& arena, const Sizes& size, SpotList& list) {
  const size_t n = size_t(padded(size.spots));
  list.x = arena.take<float>(n);
  list.y = arena.take<float>(n);
  list.z = arena.take<float>(n);
  list.length = arena.take<float>(n);
  list.record = arena.take<float>(12 * n);
  list.source = arena.take<uint32_t>(n);
}

void lay_out(Arena& arena, const Sizes& size, CandidateList& list) {
  const size_t n = size_t(padded(size.candidates)) + lane_padding;
  list.x = arena.take<float>(n);
  list.y = arena.take<float>(n);
  list.z = arena.take<float>(n);
  list.x0 = arena.take<float>(n);
  list.y0 = arena.take<float>(n);
  list.z0 = arena.take<float>(n);
  list.merit = arena.take<float>(n);
  list.good = arena.take<int32_t>(n);
}

void lay_out(Arena& arena, const Sizes& size, Workspace& work) {
  const size_t n = size_t(padded(size.spots));
  lay_out(arena, size, work.all);
  lay_out(arena, size, work.rest);
  lay_out(arena, size, work.found);
  lay_out(arena, size, work.kept);
  // Also used for a histogram of counts.
  work.counts = arena.take<int32_t>((size.points > size.spots ? size_t(size.points) : size_t(size.spots)) + 256);
  work.picked = arena.take<int32_t>(size_t(size.candidates));
  work.scaled = arena.take<float>(4 * n);
  work.angle_cos = arena.take<float>(size_t(size.angles) + 64);
  work.angle_sin = arena.take<float>(size_t(size.angles) + 64);
  work.angle_counts = arena.take<int32_t>(size_t(size.angles) + 64);
  work.turning = arena.take<float>(8 * n);
  work.hit_capacity = 8192 + 2 * size.angles;
  work.hits = arena.take<SearchHit>(size_t(work.hit_capacity));
  work.direction_capacity = size.directions;
  work.directions = arena.take<char>(size_t(size.directions) * 48);
  work.lattice_capacity = size.outputs + pool_spare;
  work.lattices = arena.take<Lattice>(size_t(work.lattice_capacity));
  work.candidates = arena.take<Lattice>(size_t(work.lattice_capacity));
  work.accepted = arena.take<Lattice>(size_t(size.outputs));
  work.rivals = arena.take<Rival>(size_t(size.outputs));
  work.rival_capacity = size.outputs;
  work.residual2 = arena.take<float>(n);
  work.keys = arena.take<uint64_t>(2 * size_t(size.spots));
  work.keys2 = arena.take<uint64_t>(2 * size_t(size.spots));
  work.node_slots = 64;
  while (work.node_slots < 2 * size.spots) work.node_slots *= 2;
  work.nodes = arena.take<uint64_t>(size_t(work.node_slots));
  work.owner = arena.take<uint8_t>(n);
}

Stages* lay_out_stages(Arena& arena, const Sizes& size) {
  Stages* stages = arena.take<Stages>(1);
  Stages at{};
  at.counts = arena.take<int32_t>(size_t(size.points));
  at.picked = arena.take<ewald_stage_pick>(size_t(size.candidates));
  at.vectors = arena.take<ewald_stage_vector>(size_t(size.candidates));
  at.hits = arena.take<ewald_stage_cell>(size_t(max_output_cells_high));
  at.cells = arena.take<ewald_stage_cell>(size_t(max_output_cells_high));
  if (arena.base) *stages = at;
  return stages;
}

}  // namespace

struct ewald_indexer {
  RunPlan plan;
  KnownCell* cells;
  Labels* labels;
  float* labelled;  // [max_input_cells][9] the cells that these labels belong to
  Workspace* workspaces;
  IndexImage index_image;
  ewald::Team team;
  Stages* stages;  // null without `debug`
  void* memory;
  size_t bytes;
};

namespace {

struct Batch {
  ewald_indexer* indexer;
  const float* spots;
  const uint32_t* offsets;
  ewald_indexed_cell* found;
  ewald_image_result* results;
  uint8_t* assignment;
  bool given;
};

void index_one(void* context, uint32_t image, uint32_t worker) {
  const Batch& b = *static_cast<const Batch*>(context);
  const uint32_t begin = b.offsets[image], end = b.offsets[image + 1];
  const ImageTask task{b.spots + 3 * size_t(begin),
                       end - begin,
                       b.found + size_t(image) * b.indexer->plan.descriptor.max_output_cells,
                       b.results + image,
                       b.assignment ? b.assignment + begin : nullptr,
                       image == 0 && !b.given ? b.indexer->stages : nullptr,
                       b.given};
  b.indexer->index_image(b.indexer->plan, b.indexer->workspaces[worker], task);
}

int32_t refuse(const ewald::Complaint& wrong) {
  return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_indexer: %s is %.9g; expected %s", wrong.name, wrong.value,
                     wrong.wanted);
}

void set_angles(Tables& tables, const ewald_indexer_params& p) {
  const int steps = exhaustive_angles(p.angle_points, exhaustive_directions(p.sample_points, tables.spiral_points),
                                      tables.angle_capacity);
  if (steps == tables.angle_points) return;
  tables.angle_points = steps;
  for (int q = 0; q < steps + 64; q++) {
    tables.angle_cos[q] = float(cos(2 * pi * q / steps));
    tables.angle_sin[q] = float(sin(2 * pi * q / steps));
  }
}

// Checks the arguments of a run and distributes its images.
int32_t run_batch(const char* name, const Batch& batch, const ewald_indexer_params* params, uint32_t images,
                  const float* cells, uint32_t cell_count) {
  ewald_indexer* const indexer = batch.indexer;
  const uint32_t* const offsets = batch.offsets;
  if (indexer == nullptr || params == nullptr || offsets == nullptr || cells == nullptr || batch.found == nullptr ||
      batch.results == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%s: a pointer is null", name);
  RunPlan& plan = indexer->plan;
  if (images > plan.descriptor.batch)
    return ewald::fail(EWALD_STATUS_LIMIT,
        "%s: %u images; the indexer was created for at most %u per run", name, images,
                       plan.descriptor.batch);
  if (cell_count < 1 || cell_count > plan.descriptor.max_input_cells)
    return ewald::fail(EWALD_STATUS_LIMIT, "%s: %u known cells; expected 1 to %u", name, cell_count,
                       plan.descriptor.max_input_cells);
  if (const ewald::Complaint wrong = check(plan.descriptor, *params); wrong.name) return refuse(wrong);
  for (uint32_t i = 0; i < images; i++)
    if (offsets[i + 1] < offsets[i])
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%s: offsets[%u] = %u is below offsets[%u] = %u", name,
                         i + 1, offsets[i + 1], i, offsets[i]);
  if (offsets[images] > uint32_t(batch_spots_high))
    return ewald::fail(EWALD_STATUS_LIMIT, "%s: %u spots; expected at most %u per run", name, offsets[images],
                       uint32_t(batch_spots_high));
  if (images > 0 && offsets[images] > 0 && batch.spots == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "%s: spots is null", name);
  for (uint32_t c = 0; c < cell_count; c++)
    if (!describe_cell(cells + 9 * size_t(c), indexer->cells[c])) {
      const float* m = cells + 9 * size_t(c);
      return ewald::fail(
          EWALD_STATUS_INVALID_ARGUMENT,
          "%s: known cell %u is degenerate: a (%g, %g, %g), b (%g, %g, %g), c (%g, %g, %g)", name, c,
          double(m[0]), double(m[1]), double(m[2]), double(m[3]), double(m[4]), double(m[5]), double(m[6]),
          double(m[7]), double(m[8]));
    }
  if (plan.descriptor.method == EWALD_METHOD_EXHAUSTIVE) set_angles(plan.tables, *params);
  plan.params = *params;
  plan.cell_count = int(cell_count);
  if (indexer->stages) indexer->stages->summary = {};
  for (uint32_t c = 0; c < cell_count; c++) {
    // Batches of one run have the same cells.
    float* const labelled = indexer->labelled + 9 * size_t(c);
    if (memcmp(labelled, cells + 9 * size_t(c), 9 * sizeof(float)) == 0) continue;
    find_labels(indexer->cells[c].cell, indexer->labels[c]);
    memcpy(labelled, cells + 9 * size_t(c), 9 * sizeof(float));
  }
  Batch shared = batch;
  indexer->team.run(images, index_one, &shared);
  return EWALD_STATUS_OK;
}

}  // namespace

extern "C" {

EWALD_EXPORT(ewald_indexer_create)
int32_t ewald_indexer_create(const ewald_indexer_descriptor* descriptor, ewald_indexer** indexer) {
  if (indexer == nullptr || descriptor == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_indexer_create: a pointer is null");
  *indexer = nullptr;
  if (const ewald::Complaint wrong = check(*descriptor); wrong.name) return refuse(wrong);
  uint32_t threads = ewald::thread_count(descriptor->threads);
  if (threads > descriptor->batch) threads = descriptor->batch;
  if (threads < 1) threads = 1;

  Sizes size;
  size.spots = int(descriptor->max_spots);
  size.points = int(descriptor->max_sample_points);
  size.angles = int(descriptor->max_angle_points);
  if (size.angles < min_angles) size.angles = min_angles;
  size.candidates = candidate_vectors_high;
  size.outputs = int(descriptor->max_output_cells);

  size.directions = 0;
  if (descriptor->method == EWALD_METHOD_EXHAUSTIVE) {
    const uint32_t vectors = descriptor->candidate_vectors ? descriptor->candidate_vectors : exhaustive_vectors;
    size.directions = int(2 * vectors * 3 * descriptor->max_input_cells);
  }

  Arena arena{nullptr, 0};
  ewald_indexer* x = nullptr;
  for (int pass = 0; pass < 2; pass++) {
    arena.used = 0;
    ewald_indexer* handle = arena.take<ewald_indexer>(1);
    float* spiral_cos = arena.take<float>(size_t(size.points) + 256);
    float* spiral_sin = arena.take<float>(size_t(size.points) + 256);
    float* turn_cos = arena.take<float>(turn_steps);
    float* turn_sin = arena.take<float>(turn_steps);
    float* angle_cos = arena.take<float>(size_t(size.angles) + 64);
    float* angle_sin = arena.take<float>(size_t(size.angles) + 64);
    double* log10_factorial = arena.take<double>(size_t(size.spots) + 1);
    KnownCell* cells = arena.take<KnownCell>(descriptor->max_input_cells);
    Labels* labels = arena.take<Labels>(descriptor->max_input_cells);
    float* labelled = arena.take<float>(9 * size_t(descriptor->max_input_cells));
    Workspace* workspaces = arena.take<Workspace>(threads);
    Workspace scratch;
    memset(&scratch, 0, sizeof scratch);
    for (uint32_t t = 0; t < threads; t++) lay_out(arena, size, pass ? workspaces[t] : scratch);
    Stages* const stages = descriptor->debug ? lay_out_stages(arena, size) : nullptr;
    if (pass == 0) {
      arena.base = static_cast<char*>(ewald::allocate(arena.used));
      if (arena.base == nullptr)
        return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_indexer_create: no memory for %zu bytes", arena.used);
      continue;
    }
    x = handle;
    x->memory = arena.base;
    x->bytes = arena.used;
    x->cells = cells;
    x->labels = labels;
    x->labelled = labelled;
    memset(labelled, 0, 9 * sizeof(float) * descriptor->max_input_cells);
    x->workspaces = workspaces;
    x->stages = stages;
    x->plan.descriptor = *descriptor;
    x->plan.cells = cells;
    x->plan.labels = labels;
    x->plan.tables = {spiral_cos, spiral_sin, size.points, turn_cos,    turn_sin,
                      angle_cos,  angle_sin,  0,           size.angles, log10_factorial};
    fill_spiral(spiral_cos, spiral_sin, size.points + 256);
    fill_turn(turn_cos, turn_sin, turn_steps);
    fill_log10_factorial(log10_factorial, size.spots);
  }
  x->index_image = index_image_for(ewald::best_isa());
  new (&x->team) ewald::Team(threads);
  *indexer = x;
  return EWALD_STATUS_OK;
}

EWALD_EXPORT(ewald_indexer_destroy)
void ewald_indexer_destroy(ewald_indexer* indexer) {
  if (indexer == nullptr) return;
  ewald::release(indexer->memory);
}

EWALD_EXPORT(ewald_indexer_bytes)
size_t ewald_indexer_bytes(const ewald_indexer* indexer) { return indexer ? indexer->bytes : 0; }

EWALD_EXPORT(ewald_indexer_run)
int32_t ewald_indexer_run(ewald_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                          const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                          ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment) {
  const Batch batch{indexer, spots, offsets, found, results, assignment, false};
  return run_batch("ewald_indexer_run", batch, params, images, cells, cell_count);
}

EWALD_EXPORT(ewald_indexer_name)
int32_t ewald_indexer_name(ewald_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                           const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                           ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment) {
  const Batch batch{indexer, spots, offsets, found, results, assignment, true};
  return run_batch("ewald_indexer_name", batch, params, images, cells, cell_count);
}

EWALD_EXPORT(ewald_indexer_stage)
int32_t ewald_indexer_stage(const ewald_indexer* indexer, uint32_t stage, void* out, size_t capacity, size_t* bytes) {
  if (indexer == nullptr || bytes == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_indexer_stage: a pointer is null");
  if (indexer->stages == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_indexer_stage: the indexer was made without debug");
  const Stages& s = *indexer->stages;
  const ewald_stage_summary& n = s.summary;
  const struct {
    const void* records;
    size_t bytes;
  } kinds[] = {{&s.summary, sizeof n},
               {s.counts, n.directions * sizeof *s.counts},
               {s.picked, n.picked * sizeof *s.picked},
               {s.vectors, n.vectors * sizeof *s.vectors},
               {s.hits, n.hits * sizeof *s.hits},
               {s.cells, n.cells * sizeof *s.cells}};
  if (stage > EWALD_STAGE_CELLS)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_indexer_stage: stage is %u; expected 0 to %d", stage,
                       int(EWALD_STAGE_CELLS));
  *bytes = kinds[stage].bytes;
  const size_t taken = *bytes < capacity ? *bytes : capacity;
  if (out != nullptr && taken > 0) memcpy(out, kinds[stage].records, taken);
  return EWALD_STATUS_OK;
}
}
