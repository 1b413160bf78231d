// ewald_cells_propose: reads the spots, lowest resolution first, and returns the cells.
#include "indexing/unknown.h"

#include <algorithm>

#include "common/cpu.h"
#include "common/memory.h"
#include "common/status.h"
#include "generated/ranges.h"
#include "generated/search.h"

namespace {

using namespace ewald::indexing;

constexpr auto max_spots = uint32_t(proposal_spots_high), min_cells = uint32_t(proposals_low),
               max_cells = uint32_t(proposals_high);

ProposeCells kernel() {
  switch (ewald::best_isa()) {
#if defined(__wasm_simd128__)
    case ewald::Isa::simd128:
      return ewald::simd128::propose_cells;
#elif defined(__x86_64__)
    case ewald::Isa::avx512:
      return ewald::avx512::propose_cells;
    case ewald::Isa::avx2:
      return ewald::avx2::propose_cells;
    case ewald::Isa::sse2:
      return ewald::sse2::propose_cells;
#else
    case ewald::Isa::neon:
      return ewald::neon::propose_cells;
#endif
    default:
      return nullptr;
  }
}

struct Keyed {
  double square;
  uint32_t index;
};

// The lowest-resolution spots; invalid ones (000, beyond 5 1/angstrom, not a number) are skipped.
void take_spots(const float* spots, uint32_t n, Keyed* keyed, UnknownWork& work) {
  uint32_t good = 0;
  for (uint32_t i = 0; i < n; i++) {
    const double x = spots[3 * i], y = spots[3 * i + 1], z = spots[3 * i + 2], square = x * x + y * y + z * z;
    if (square > 1e-12 && square < double(farthest_spot) * farthest_spot) keyed[good++] = {square, i};
  }
  std::sort(keyed, keyed + good, [](const Keyed& a, const Keyed& b) {
    return a.square < b.square || (a.square == b.square && a.index < b.index);
  });
  work.spots = int(good < uint32_t(max_unknown_spots) ? good : uint32_t(max_unknown_spots));
  for (int j = 0; j < work.spots; j++)
    for (int k = 0; k < 3; k++) work.spot[j][k] = spots[3 * keyed[j].index + k];
}

}  // namespace

extern "C" EWALD_EXPORT(ewald_cells_propose) int32_t
    ewald_cells_propose(const float* spots, uint32_t spot_count, float min_length, float max_length, uint32_t capacity,
                        float* cells, uint32_t* explained, uint32_t* count) {
  if ((spots == nullptr && spot_count > 0) || cells == nullptr || explained == nullptr || count == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_cells_propose: a pointer is null");
  if (spot_count > max_spots || capacity < min_cells || capacity > max_cells)
    return ewald::fail(EWALD_STATUS_LIMIT, "ewald_cells_propose: %u spots and %u cells; at most %u and %u to %u",
                       spot_count, capacity, max_spots, min_cells, max_cells);
  if (!(min_length >= min_length_a_low && min_length <= max_length && max_length <= max_length_a_high))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
                       "ewald_cells_propose: lengths from %g to %g; expected %g to %g angstrom, in this order",
                       double(min_length), double(max_length), min_length_a_low, max_length_a_high);
  *count = 0;
  auto* work = static_cast<UnknownWork*>(ewald::allocate(sizeof(UnknownWork)));
  auto* keyed = static_cast<Keyed*>(ewald::allocate_raw((size_t(spot_count) + 1) * sizeof(Keyed)));
  if (work == nullptr || keyed == nullptr) {
    ewald::release(work);
    ewald::release(keyed);
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_cells_propose: no memory for %u spots", spot_count);
  }
  take_spots(spots, spot_count, keyed, *work);
  ProposedCell found[max_cells];
  const int n = kernel()(*work, min_length, max_length, found, int(capacity));
  for (int i = 0; i < n; i++) {
    for (int r = 0; r < 3; r++) {
      const Vec3 row = found[i].cell.row[r];
      cells[9 * i + 3 * r] = float(row.x);
      cells[9 * i + 3 * r + 1] = float(row.y);
      cells[9 * i + 3 * r + 2] = float(row.z);
    }
    explained[i] = uint32_t(found[i].explained);
  }
  *count = uint32_t(n);
  ewald::release(work);
  ewald::release(keyed);
  return EWALD_STATUS_OK;
}
