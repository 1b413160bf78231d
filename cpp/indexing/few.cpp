// ewald_few_*: checks the arguments, keeps the cells of the latest runs with their nodes, and distributes the images to
// the threads.
#include "indexing/few.h"

#include <new>
#include <string.h>

#include "common/arena.h"
#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"
#include "generated/ranges.h"
#include "generated/search.h"
#include "indexing/tables.h"

using namespace ewald::indexing;

struct ewald_few {
  few::Lattice lattices[max_input_cells_high];
  float cells[max_input_cells_high][9];  // that these lattices are of
  few::Work* works;
  ewald::Team team;
  size_t own_bytes;
};

namespace {

struct FewBatch {
  const ewald_few* few;
  const ewald_few_params* params;
  int cell_count;
  const float* spots;
  const uint32_t* offsets;
  const float* wavelengths;
  ewald_indexed_cell* found;
  ewald_image_result* results;
  uint8_t* assignment;
};

void index_few(void* context, uint32_t image, uint32_t worker) {
  const FewBatch& b = *static_cast<const FewBatch*>(context);
  if (!(b.wavelengths[image] > 0)) return;
  const uint32_t begin = b.offsets[image], end = b.offsets[image + 1];
  const few::ImageTask task{b.spots + 3 * size_t(begin),
                            end - begin,
                            b.wavelengths[image],
                            b.found + size_t(image) * b.params->max_output_cells,
                            b.results + image,
                            b.assignment ? b.assignment + begin : nullptr};
  few::index_image(b.few->lattices, b.cell_count, *b.params, b.few->works[worker], task);
}

// The length of the longest spot of the images that take part.
double longest_spot(const FewBatch& b, uint32_t images) {
  double longest = 0;
  for (uint32_t image = 0; image < images; image++) {
    if (!(b.wavelengths[image] > 0)) continue;
    for (uint32_t i = b.offsets[image]; i < b.offsets[image + 1]; i++) {
      const Vec3 q{b.spots[3 * i], b.spots[3 * i + 1], b.spots[3 * i + 2]};
      const double length = norm(q);
      if (length < farthest_spot && length > longest) longest = length;
    }
  }
  return longest;
}

// The cells of a run with the nodes that its spots can be; those of the run before are kept.
int32_t set_cells(ewald_few& few, const float* cells, uint32_t count, double longest) {
  for (uint32_t c = 0; c < count; c++) {
    const float* const rows = cells + 9 * size_t(c);
    few::Lattice& lattice = few.lattices[c];
    if (memcmp(few.cells[c], rows, sizeof few.cells[c]) != 0) {
      KnownCell known;
      if (!describe_cell(rows, known))
        return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: known cell %u is degenerate", c);
      few::describe(rows, lattice);
      memcpy(few.cells[c], rows, sizeof few.cells[c]);
    }
    double edge = 0;
    for (int i = 0; i < 3; i++) edge = fmax(edge, norm(lattice.direct.row[i]));
    if (!(edge * farthest_spot <= few::farthest_index))
      return ewald::fail(EWALD_STATUS_LIMIT,
                         "ewald_few_run: known cell %u has an edge of %.0f angstrom; expected at most %.0f", c,
                         edge, few::farthest_index / farthest_spot);
    // Spots farther out are no seeds; they count like the others where an orientation has a node for them.
    const double reach = fmin(few::node_reach * longest, few::reach_of(lattice, few::max_nodes));
    if (reach <= lattice.reach) continue;
    if (!few::list_nodes(lattice, few::spare_reach * reach))
      return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_few_run: no memory for the nodes of known cell %u", c);
  }
  return EWALD_STATUS_OK;
}

int32_t check_few(const ewald_few_params& p) {
  const struct {
    const char* name;
    float value, low, high;
  } rows[] = {{"spot_error", p.spot_error, 1e-7f, 1},
              {"bandwidth", p.bandwidth, 0, 1},
              {"mosaicity", p.mosaicity, 0, 1},
              {"inverse_thickness", p.inverse_thickness, 0, 1},
              {"accept_log10", p.accept_log10, -1e6f, 0}};
  for (const auto& row : rows)
    if (!(row.value >= row.low && row.value <= row.high))
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: %s is %g; expected %g to %g", row.name,
                         double(row.value), double(row.low), double(row.high));
  if (p.max_crystals < 1 || p.max_crystals > p.max_output_cells ||
      p.max_output_cells > uint32_t(max_output_cells_high))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "ewald_few_run: %u lattices and %u cells an image; expected 1 to the latter, and at most %d",
                       p.max_crystals, p.max_output_cells, max_output_cells_high);
  if (p.max_spots < uint32_t(few::least_spots))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: max_spots is %u; expected at least %d",
                       p.max_spots, few::least_spots);
  return EWALD_STATUS_OK;
}

}  // namespace

extern "C" {

EWALD_EXPORT(ewald_few_create)
int32_t ewald_few_create(uint32_t threads, ewald_few** few) {
  if (few == nullptr) return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_create: a pointer is null");
  *few = nullptr;
  if (threads > 1024)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_create: %u threads; expected at most 1024", threads);
  threads = ewald::thread_count(threads);
  ewald::Arena arena{nullptr, 0};
  for (int pass = 0; pass < 2; pass++) {
    arena.used = 0;
    ewald_few* const handle = arena.take<ewald_few>(1);
    few::Work* const works = arena.take<few::Work>(threads);
    if (pass == 0) {
      arena.base = static_cast<char*>(ewald::allocate(arena.used));
      if (arena.base == nullptr)
        return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_few_create: no memory for %zu bytes", arena.used);
      continue;
    }
    handle->works = works;
    handle->own_bytes = arena.used;
    new (&handle->team) ewald::Team(threads);
    *few = handle;
  }
  return EWALD_STATUS_OK;
}

EWALD_EXPORT(ewald_few_destroy)
void ewald_few_destroy(ewald_few* few) {
  if (few == nullptr) return;
  for (few::Lattice& lattice : few->lattices) {
    ewald::release(lattice.nodes);
    ewald::release(lattice.lengths);
  }
  ewald::release(few);
}

EWALD_EXPORT(ewald_few_bytes)
size_t ewald_few_bytes(const ewald_few* few) {
  if (few == nullptr) return 0;
  size_t bytes = few->own_bytes;
  for (const few::Lattice& lattice : few->lattices)
    bytes += size_t(lattice.count) * (sizeof(few::Node) + sizeof(double));
  return bytes;
}

EWALD_EXPORT(ewald_few_run)
int32_t ewald_few_run(ewald_few* few, const ewald_few_params* params, const float* spots, const uint32_t* offsets,
                      const float* wavelengths, uint32_t images, const float* cells, uint32_t cell_count,
                      ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment) {
  if (few == nullptr || params == nullptr || offsets == nullptr || wavelengths == nullptr || cells == nullptr ||
      found == nullptr || results == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: a pointer is null");
  if (const int32_t wrong = check_few(*params); wrong != EWALD_STATUS_OK) return wrong;
  if (images > uint32_t(batch_high) || cell_count < 1 || cell_count > uint32_t(max_input_cells_high))
    return ewald::fail(EWALD_STATUS_LIMIT,
                       "ewald_few_run: %u images and %u known cells; expected at most %d and 1 to %d", images, cell_count,
                       batch_high, max_input_cells_high);
  for (uint32_t i = 0; i < images; i++)
    if (offsets[i + 1] < offsets[i])
      return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: offsets[%u] = %u is below offsets[%u] = %u",
                         i + 1, offsets[i + 1], i, offsets[i]);
  if (offsets[images] > uint32_t(batch_spots_high))
    return ewald::fail(EWALD_STATUS_LIMIT, "ewald_few_run: %u spots; expected at most %d", offsets[images],
                       batch_spots_high);
  if (images > 0 && offsets[images] > 0 && spots == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_few_run: spots is null");
  FewBatch batch{few, params, int(cell_count), spots, offsets, wavelengths, found, results, assignment};
  if (const int32_t wrong = set_cells(*few, cells, cell_count, longest_spot(batch, images)); wrong != EWALD_STATUS_OK)
    return wrong;
  few->team.run(images, index_few, &batch);
  return EWALD_STATUS_OK;
}
}
