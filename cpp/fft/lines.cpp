#include "fft/lines.h"

#include <cstring>

#include "fft/bluestein.h"
#include "fft/factor.h"
#include "fft/twiddles.h"

namespace ewald::fft {
namespace {

// Stages of radices `radix`, which act on m = n / first points with the initial distance `s`.
template <class T>
void plan_stages(size_t n, size_t s, const uint32_t* radix, uint32_t count, const Twiddles& twiddles, size_t twiddles_n,
                 Stage<T>* stages, Store& store) {
  for (uint32_t t = 0; t < count; t++) {
    Stage<T>& stage = stages[t];
    stage.radix = radix[t];
    stage.m = n / radix[t];
    stage.s = s;
    T* w = store.take<T>(2 * (stage.m > 1 ? stage.m - 1 : 0) * (stage.radix - 1) + 1);
    stage.twiddle = w;
    if (w == nullptr) return;
    const size_t step = twiddles_n / n;
    for (size_t p = 1; p < stage.m; p++)
      for (size_t j = 1; j < stage.radix; j++, w += 2) twiddles.get(uint64_t(p) * j * step, w);
    n = stage.m;
    s *= stage.radix;
  }
}

}  // namespace

template <class T>
const ColumnPlan<T>* plan_columns(size_t n, const Engine<T>& engine, uint32_t tune, bool far, Store& store) {
  ColumnPlan<T>* plan = store.take<ColumnPlan<T>>(1);
  if (plan == nullptr) return nullptr;
  plan->n = n;
  plan->rows = n;
  if (n > 1 && is_smooth(n)) {
    Factors f;
    if (!read_radices(tune, n, engine.largest, f) || f.radix[0] == 16) {
      f = factorize(n, engine.largest);
      // The first pass of radix r reads r distant rows at a time, so a small one comes first. In wasm, where the small
      // one is 2, the radices stay in their order.
      if (far && engine.largest >= 8) small_first(f);
    }
    Store temporary;
    const Twiddles twiddles(n, temporary);
    if (!twiddles.ok()) return nullptr;
    plan->stages = f.count;
    plan_stages<T>(n, 1, f.radix, f.count, twiddles, n, plan->stage, store);
  } else if (n > 1) {
    const size_t length = good_length(2 * n - 1, 4);
    plan->inner = plan_columns<T>(length, engine, tune, false, store);
    if (plan->inner == nullptr || !plan_bluestein<T>(n, length, {1, {&engine}}, tune, plan->chirp, plan->filter, store))
      return nullptr;
    plan->rows = length;
  }
  return store.ok() ? plan : nullptr;
}

namespace {

template <class T>
bool fits_row(size_t n, const Engine<T>& engine) {
  const size_t lanes = engine.lanes;
  if (n % lanes != 0 || n == lanes) return false;
  return n >= lanes * lanes ||
         (2 * n == lanes * lanes && fits_registers(uint32_t(n / lanes), engine.lanes, engine.largest_short_first));
}

template <class T>
void plan_row(size_t n, const Engine<T>& engine, uint32_t tune, RowPlan<T>& plan, Store& store) {
  const uint32_t lanes = engine.lanes, largest = engine.largest;
  // The first radix: the multiple of the lanes that leaves the fewest passes, the larger one of ties.
  uint32_t first = 0;
  Factors rest = {};
  for (uint32_t r = lanes; r <= largest || r == lanes; r *= 2) {
    if (r < 2 || n % r != 0 || n / r < lanes || n / r < 2) continue;
    const Factors f = factorize(n / r, largest, true);
    if (first == 0 || f.count <= rest.count) {
      first = r;
      rest = f;
    }
  }
  if (n / lanes <= engine.largest_short_first &&
      fits_registers(uint32_t(n / lanes), lanes, engine.largest_short_first)) {
    first = uint32_t(n / lanes);
    rest.count = 0;
  }
  Factors forced;
  if (read_radices(tune, n, largest, forced) && forced.count > 1 && forced.radix[0] % lanes == 0 &&
      n / forced.radix[0] >= lanes && (forced.radix[0] == lanes || forced.radix[0] <= largest) &&
      (forced.radix[0] & (forced.radix[0] - 1)) == 0) {
    first = forced.radix[0];
    rest.count = forced.count - 1;
    for (uint32_t t = 0; t < rest.count; t++) rest.radix[t] = forced.radix[t + 1];
  }
  plan.n = n;
  plan.first = first;
  plan.stages = rest.count;
  const size_t m = n / first, vectors = (m + lanes - 1) / lanes;
  Store temporary;
  const Twiddles twiddles(n, temporary);
  T* w = store.take<T>(vectors * (first - 1) * 2 * lanes);
  plan.first_twiddle = w;
  if (!twiddles.ok() || w == nullptr) return;
  for (size_t v = 0; v < vectors; v++) {
    const size_t p = v * lanes + lanes <= m ? v * lanes : m - lanes;
    for (uint32_t j = 1; j < first; j++, w += 2 * lanes)
      for (uint32_t l = 0; l < lanes; l++) {
        T root[2];
        twiddles.get(uint64_t(p + lane_column<T>(l, lanes)) * j, root);
        w[l] = root[0];
        w[lanes + l] = root[1];
      }
  }
  if (2 * first == lanes) {
    T* half = store.take<T>((first - 1) * 2 * lanes);
    plan.half_twiddle = half;
    if (half == nullptr) return;
    for (uint32_t p = 1; p < first; p++, half += 2 * lanes)
      for (uint32_t l = 0; l < lanes; l++) {
        T root[2];
        twiddles.get(lane_column<T>(l, lanes) < first ? 0 : p * (n / lanes), root);
        half[l] = root[0];
        half[lanes + l] = root[1];
      }
  }
  plan_stages<T>(m, first / lanes, rest.radix, rest.count, twiddles, n, plan.stage, store);
}

size_t max(size_t a, size_t b) { return a > b ? a : b; }
size_t min(size_t a, size_t b) { return a < b ? a : b; }

// Blocks of 32 columns in a split line: wider blocks leave too few blocks and long tails (45360 in wasm: 120 us with
// 32, 170 us with 64).
template <class T>
size_t split_vectors(size_t lanes, size_t rows) {
  return max(1, min(32 / lanes, block_vectors<T>(lanes, rows)));
}

template <class T>
void plan_split(size_t n, const Engine<T>& engine, uint32_t tune, Line<T>& line, Store& store) {
  SplitPlan<T>& plan = line.split;
  const size_t lanes = engine.lanes;
  plan.n = n;
  plan.n1 = split_divisor(n);
  plan.n2 = n / plan.n1;
  const size_t wide1 = split_vectors<T>(lanes, plan.n1), wide2 = split_vectors<T>(lanes, plan.n2);
  plan.vectors1 = uint32_t(max(1, min(wide1, plan.n2 / lanes)));
  plan.vectors2 = uint32_t(max(1, min(wide2, plan.n1 / lanes)));
  plan.plan1 = plan_columns<T>(plan.n1, engine, tune, false, store);
  plan.plan2 = plan_columns<T>(plan.n2, engine, tune, false, store);
  const size_t width = plan.vectors1 * lanes, blocks = (plan.n2 + width - 1) / width;
  T* near = store.take<T>(plan.n1 * width * 2);
  T* far = store.take<T>(plan.n1 * (blocks + 1) * 2);
  plan.near = near;
  plan.far = far;
  Store temporary;
  const Twiddles twiddles(n, temporary);
  if (!store.ok() || !twiddles.ok()) return;
  for (size_t k = 0; k < plan.n1; k++) {
    for (size_t v = 0; v < plan.vectors1; v++, near += 2 * lanes)
      for (uint32_t l = 0; l < lanes; l++) {
        T root[2];
        twiddles.get(uint64_t(k) * (v * lanes + lane_column<T>(l, uint32_t(lanes))), root);
        near[l] = root[0];
        near[lanes + l] = root[1];
      }
    for (size_t b = 0; b < blocks; b++, far += 2) twiddles.get(uint64_t(k) * (b * width), far);
    twiddles.get(plan.n2 < lanes ? 0 : uint64_t(k) * (plan.n2 - lanes), far);
    far += 2;
  }
  const size_t width2 = plan.vectors2 * lanes, blocks2 = (plan.n1 + width2 - 1) / width2;
  line.per_thread = max(2 * plan.plan1->rows * width * 2, 2 * plan.plan2->rows * width2 * 2);
  line.work = blocks2 * plan.n2 * width2 * 2 + line.per_thread;
}

// Beyond this many bytes a line no longer fits into the second-level cache with its two blocks of scratch.
constexpr size_t longest_row_bytes = 128 * 1024;

// Lines from this length on are convolved in place.
constexpr size_t shortest_grid = size_t(1) << 15;

// The length of the rows of a grid: the longest one of at most this many bytes, which stays in the cache for both
// transforms, that leaves columns of at least `least_column`. 0 if there is none.
constexpr size_t longest_grid_row_bytes = 128 * 1024;
constexpr size_t least_column = 32;

template <class T>
size_t grid_row(size_t length, const Engine<T>& engine) {
  for (size_t n1 = least_column; n1 * engine.lanes <= length; n1++) {
    if (length % n1 != 0) continue;
    const size_t n2 = length / n1;
    if (n2 * 2 * sizeof(T) <= longest_grid_row_bytes && fits_row(n2, engine)) return n2;
  }
  return 0;
}

template <class T>
bool plan_grid(size_t n, size_t n2, const Engines<T>& engines, uint32_t tune, Line<T>& line, size_t length,
               Store& store) {
  const Engine<T>& engine = *line.engine;
  GridPlan<T>& grid = line.grid;
  const size_t lanes = engine.lanes;
  grid.n2 = n2;
  grid.n1 = length / n2;
  grid.columns = plan_columns<T>(grid.n1, engine, tune, true, store);
  if (grid.columns == nullptr) return false;
  grid.vectors = uint32_t(max(1, min(block_vectors<T>(lanes, grid.n1), n2 / lanes)));
  plan_row<T>(n2, engine, tune, grid.row, store);
  grid.near_count = lanes;
  while (grid.near_count * grid.near_count < n2) grid.near_count *= 2;
  const size_t blocks = (n2 + grid.near_count - 1) / grid.near_count;
  T* near = store.take_raw<T>(grid.n1 * grid.near_count * 2);
  T* far = store.take_raw<T>(grid.n1 * blocks * 2);
  grid.near = near;
  grid.far = far;
  Store temporary;
  const Twiddles twiddles(length, temporary);
  if (!store.ok() || !twiddles.ok()) return false;
  for (size_t k = 0; k < grid.n1; k++) {
    for (size_t j = 0; j < grid.near_count; j++, near += 2) twiddles.get(uint64_t(k) * j, near);
    for (size_t b = 0; b < blocks; b++, far += 2) twiddles.get(uint64_t(k) * (b * grid.near_count) % length, far);
  }
  line.per_thread = max(4 * n2, 2 * grid.n1 * grid.vectors * 2 * lanes);
  line.work = 2 * length + line.per_thread;
  return plan_bluestein_grid<T>(n, grid.n1, n2, engines, tune, line.chirp, line.filter, store);
}

}  // namespace

template <class T>
const Line<T>* plan_line(size_t n, const Engines<T>& engines, uint32_t tune, Store& store) {
  using How = typename Line<T>::How;
  Line<T>* line = store.take<Line<T>>(1);
  if (line == nullptr) return nullptr;
  line->n = n;
  line->engine = engines.engine[engines.count - 1];
  if (n == 1) {
    line->how = How::copy;
    return line;
  }
  if (is_smooth(n)) {
    const Engine<T>* row_engine = nullptr;
    for (uint32_t e = engines.count; e-- > 0;)
      if (fits_row(n, *engines.engine[e])) row_engine = engines.engine[e];
    if (row_engine != nullptr && n * 2 * sizeof(T) <= longest_row_bytes) {
      line->how = How::row;
      line->engine = row_engine;
      line->work = 4 * n;
      plan_row<T>(n, *row_engine, tune, line->row, store);
    } else if (split_divisor(n) > 1) {
      // The widest vectors that leave few lanes idle.
      const size_t n1 = split_divisor(n), n2 = n / n1;
      double best = 0;
      for (uint32_t e = 0; e < engines.count; e++) {
        const size_t w = engines.engine[e]->lanes;
        const double used = double(n1) / double((n1 + w - 1) / w * w) + double(n2) / double((n2 + w - 1) / w * w);
        if (used * double(w) > best) {
          best = used * double(w);
          line->engine = engines.engine[e];
        }
      }
      line->how = How::split;
      plan_split<T>(n, *line->engine, tune, *line, store);
    } else {
      line->how = How::lanes;
      line->column = plan_columns<T>(n, *line->engine, tune, false, store);
      line->work = 2 * n * 2 * line->engine->lanes;
    }
    return store.ok() ? line : nullptr;
  }
  line->how = How::convolution;
  const Engine<T>& widest = *engines.engine[0];
  size_t lanes = widest.lanes;
  while (lanes > engines.engine[engines.count - 1]->lanes && lanes * lanes > 2 * n) lanes /= 2;
  const size_t length = good_length(2 * n - 1, lanes);
  line->engine = &widest;
  if (const size_t row = n >= shortest_grid ? grid_row<T>(length, widest) : 0; row > 0) {
    line->how = How::grid;
    return plan_grid<T>(n, row, engines, tune, *line, length, store) ? line : nullptr;
  }
  line->inner = plan_line<T>(length, engines, tune, store);
  if (line->inner == nullptr || !plan_bluestein<T>(n, length, engines, tune, line->chirp, line->filter, store))
    return nullptr;
  line->work = 2 * length + line->inner->work;
  line->per_thread = line->inner->per_thread;
  return line;
}

namespace {

// One of the two passes of a split line, distributed by blocks.
template <class T>
struct SplitJob {
  const Line<T>& line;
  const T* in;
  T* mid;
  T* out;
  T* work;
  bool swap;
  T scale;
  Place place;
};

template <class T>
void first_blocks(void* context, uint32_t block, uint32_t worker) {
  const SplitJob<T>& job = *static_cast<SplitJob<T>*>(context);
  if (job.place.stopped()) return;
  job.line.engine->split_first(job.line.split, job.in, job.mid, block, job.work + worker * job.line.per_thread,
                               job.swap);
}

template <class T>
void second_blocks(void* context, uint32_t block, uint32_t worker) {
  const SplitJob<T>& job = *static_cast<SplitJob<T>*>(context);
  if (job.place.stopped()) return;
  job.line.engine->split_second(job.line.split, job.mid, job.out, block, job.work + worker * job.line.per_thread,
                                job.swap, job.scale);
}

template <class T>
void run_split(const Line<T>& line, const T* in, T* out, T* work, bool swap, T scale, Place place) {
  const SplitPlan<T>& plan = line.split;
  const size_t width1 = plan.vectors1 * line.engine->lanes, width2 = plan.vectors2 * line.engine->lanes;
  const uint32_t blocks1 = uint32_t((plan.n2 + width1 - 1) / width1),
                 blocks2 = uint32_t((plan.n1 + width2 - 1) / width2);
  SplitJob<T> job = {line, in, work, out, work + blocks2 * plan.n2 * width2 * 2, swap, scale, place};
  if (place.team != nullptr) {
    place.team->run(blocks1, first_blocks<T>, &job);
    place.team->run(blocks2, second_blocks<T>, &job);
    return;
  }
  for (uint32_t block = 0; block < blocks1; block++) first_blocks<T>(&job, block, 0);
  for (uint32_t block = 0; block < blocks2; block++) second_blocks<T>(&job, block, 0);
}

// Points of a long line between two looks at whether the run must end.
constexpr size_t stop_points = size_t(1) << 18;

// Calls `part(first, count)` for all points, some at a time; false if the run must end.
template <class Part>
bool by_parts(size_t points, Place place, Part part) {
  for (size_t first = 0; first < points && !place.stopped(); first += stop_points)
    part(first, min(stop_points, points - first));
  return !place.stopped();
}

// `in` and `out` may be `work`.
template <class T>
void run_convolution(const Line<T>& line, const T* in, T* out, T* work, bool swap, T scale, Place place) {
  const Engine<T>& engine = *line.engine;
  const size_t n = line.n, length = line.inner->n;
  T* rest = work + 2 * length;
  const bool goes_on =
      by_parts(n, place,
               [&](size_t first, size_t count) {
                 engine.multiply(count, in + 2 * first, line.chirp + 2 * first, work + 2 * first, swap, false, T(1));
               }) &&
      by_parts(length - n, place, [&](size_t first, size_t count) {
        std::memset(work + 2 * (n + first), 0, 2 * count * sizeof(T));
      });
  if (!goes_on) return;
  run_line(*line.inner, work, work, rest, false, T(1), place);
  if (place.stopped()) return;
  engine.filter(length, work, line.filter, work);
  run_line(*line.inner, work, work, rest, false, T(1), place);
  by_parts(n, place, [&](size_t first, size_t count) {
    engine.multiply(count, work + 2 * first, line.chirp + 2 * first, out + 2 * first, true, swap, scale);
  });
}

// Points n / 2 + 1 .. of a chirp mirror those before them, with the sign of the last one where n is odd.
constexpr size_t mirrored_points = 256;

// The product of a line and the chirp of which half is given; false if the run must end.
template <class T>
bool by_chirp(const Line<T>& line, const T* in, T* out, bool swap_in, bool swap_out, T scale, Place place) {
  const Engine<T>& engine = *line.engine;
  const size_t n = line.n, half = n / 2 + 1;
  const auto part = [&](size_t first, size_t count, const T* w, T factor) {
    engine.multiply(count, in + 2 * first, w, out + 2 * first, swap_in, swap_out, factor);
  };
  return by_parts(half, place,
                  [&](size_t first, size_t count) { part(first, count, line.chirp + 2 * first, scale); }) &&
         by_parts(n - half, place, [&](size_t begin, size_t all) {
           T mirrored[2 * mirrored_points];
           for (size_t at = begin; at < begin + all; at += mirrored_points) {
             const size_t first = half + at, count = min(mirrored_points, begin + all - at);
             for (size_t i = 0; i < count; i++) {
               mirrored[2 * i] = line.chirp[2 * (n - first - i)];
               mirrored[2 * i + 1] = line.chirp[2 * (n - first - i) + 1];
             }
             part(first, count, mirrored, n % 2 == 0 ? scale : -scale);
           }
         });
}

// Blocks of columns of a grid, or its rows, distributed.
template <class T>
struct GridJob {
  const Line<T>& line;
  T* data;
  T* work;
  Place place;
};

template <class T>
void grid_columns(void* context, uint32_t block, uint32_t worker) {
  const GridJob<T>& job = *static_cast<GridJob<T>*>(context);
  if (job.place.stopped()) return;
  const GridPlan<T>& grid = job.line.grid;
  const size_t width = grid.vectors * job.line.engine->lanes, first = block * width;
  T* at = job.data + 2 * first;
  job.line.engine->columns(*grid.columns, at, grid.n2, at, grid.n2, min(width, grid.n2 - first),
                           job.work + worker * job.line.per_thread, false, T(1), false, 0);
}

template <class T>
void grid_row(void* context, uint32_t k1, uint32_t worker) {
  const GridJob<T>& job = *static_cast<GridJob<T>*>(context);
  if (job.place.stopped()) return;
  const GridPlan<T>& grid = job.line.grid;
  const Engine<T>& engine = *job.line.engine;
  const size_t n1 = grid.n1, n2 = grid.n2, blocks = (n2 + grid.near_count - 1) / grid.near_count;
  T *row = job.data + 2 * k1 * n2, *work = job.work + worker * job.line.per_thread;
  const T *near = grid.near + 2 * k1 * grid.near_count, *far = grid.far + 2 * k1 * blocks;
  const auto transform = grid.row.stages == 0 ? engine.short_row : engine.row;
  engine.turn_row(n2, row, near, grid.near_count, far);
  transform(grid.row, row, row, work, false, T(1));
  const bool mirrored = 2 * k1 > n1;
  engine.filter_row(n2, row, job.line.filter + 2 * (mirrored ? n1 - k1 : k1) * n2, mirrored);
  transform(grid.row, row, row, work, false, T(1));
  engine.turn_row(n2, row, near, grid.near_count, far);
}

// `in` and `out` may be `work`.
template <class T>
void run_grid(const Line<T>& line, const T* in, T* out, T* work, bool swap, T scale, Place place) {
  const GridPlan<T>& grid = line.grid;
  const size_t n = line.n, length = grid.n1 * grid.n2;
  if (!by_chirp(line, in, work, swap, false, T(1), place)) return;
  if (!by_parts(length - n, place, [&](size_t first, size_t count) {
        std::memset(work + 2 * (n + first), 0, 2 * count * sizeof(T));
      }))
    return;
  GridJob<T> job = {line, work, work + 2 * length, place};
  const size_t width = grid.vectors * line.engine->lanes;
  const auto all = [&](size_t count, void (*some)(void*, uint32_t, uint32_t)) {
    if (place.team != nullptr)
      place.team->run(uint32_t(count), some, &job);
    else
      for (size_t i = 0; i < count; i++) some(&job, uint32_t(i), 0);
  };
  all((grid.n2 + width - 1) / width, grid_columns<T>);
  all(grid.n1, grid_row<T>);
  all((grid.n2 + width - 1) / width, grid_columns<T>);
  if (!place.stopped()) by_chirp(line, work, out, true, swap, scale, place);
}

}  // namespace

template <class T>
void run_line(const Line<T>& line, const T* in, T* out, T* work, bool swap, T scale, Place place) {
  const Engine<T>& engine = *line.engine;
  const size_t n = line.n;
  switch (line.how) {
    case Line<T>::How::copy: {
      const T re = in[0] * scale, im = in[1] * scale;
      out[0] = re;
      out[1] = im;
      break;
    }
    case Line<T>::How::row:
      row_of(line)(line.row, in, out, work, swap, scale);
      break;
    case Line<T>::How::split:
      run_split(line, in, out, work, swap, scale, place);
      break;
    case Line<T>::How::lanes: {
      const Form form = swap ? Form::swapped : Form::complex;
      T* b = work + n * 2 * engine.lanes;
      engine.gather(work, 1, in, n, {1, n}, 1, form);
      engine.scatter(engine.transform(*line.column, work, b, 1), 1, out, n, {1, n}, 1, form, scale);
      break;
    }
    case Line<T>::How::convolution:
      run_convolution(line, in, out, work, swap, scale, place);
      break;
    case Line<T>::How::grid:
      run_grid(line, in, out, work, swap, scale, place);
      break;
  }
}

#define EWALD_INSTANTIATE(T)                                                                       \
  template const ColumnPlan<T>* plan_columns<T>(size_t, const Engine<T>&, uint32_t, bool, Store&); \
  template const Line<T>* plan_line<T>(size_t, const Engines<T>&, uint32_t, Store&);               \
  template void run_line<T>(const Line<T>&, const T*, T*, T*, bool, T, Place);
EWALD_INSTANTIATE(float)
EWALD_INSTANTIATE(double)

}  // namespace ewald::fft
